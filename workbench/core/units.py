"""Quantities as people write and read them."""

from __future__ import annotations

import math
import re

from workbench.core.errors import WorkbenchError

_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration_s(text: str) -> float:
    """Seconds from '120s', '2m', '1h30m' or a bare number of seconds; raises WorkbenchError naming the text."""
    compact = text.strip().lower().replace(" ", "")
    parts = re.findall(r"(\d+(?:\.\d+)?)(min|[smhd]?)", compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise WorkbenchError(f"{text!r} is not a duration.", "Write for example 120s, 2m or 1h30m.")
    return sum(float(number) * _SECONDS[unit or "s"] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """'0.4 s', '42 s', '3 min 05 s', '2 h 07 min', '3 d 4 h'."""
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def format_count(number: float) -> str:
    """'950', '8k', '1.2M': for chips and axes, not for results."""
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= limit:
            return f"{number / limit:.3g}{suffix}"
    return f"{number:.3g}" if number != int(number) else str(int(number))


def points_words(count: int) -> str:
    """`1 point`, `1,797 points`."""
    return f"{count:,} point" if count == 1 else f"{count:,} points"


def format_bytes(size: float) -> str:
    """'512 B', '3.4 MB', '12 GB' (powers of 1000, as disks are sold)."""
    for limit, suffix in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= limit:
            return f"{size / limit:.3g} {suffix}"
    return f"{int(size)} B"
