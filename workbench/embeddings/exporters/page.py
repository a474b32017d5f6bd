"""The map as one web page that needs no network and no program but a browser."""

from __future__ import annotations

import base64
import colorsys
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.core.palette import CATEGORICAL_10
from workbench.data.base import Progress
from workbench.embeddings.exporters.base import ID, LABEL, TEXT, Chosen, Exporter, Told
from workbench.embeddings.exporters.columns import texts
from workbench.embeddings.exporters.pictures import as_jpeg, fitting_size, sheet, whole_blocks
from workbench.embeddings.exporters.usable import placed
from workbench.runs.embedding_columns import Categorical, coloured
from workbench.runs.embedding_set import Layout

MOST_BYTES = 30_000_000
"""What a page should stay below: mail and browsers take it, and it opens in a second or two."""
MOST_GROUPS = 200
MOST_TEXT = 240
UNLABELLED = "#8a8f98"
_TEMPLATE = Path(__file__).with_name("template")
_SPRITE_ELEMENT = 256
"""Characters that a sprite takes besides itself: its element and its measures."""
_QUALITIES = (88, 75, 60)
_MARK = re.compile(r"\{\{(\w+)\}\}")


class Page(Exporter):
    """One .html file: points of a layout, legend, search, picture cards, and what is known of the map.

    Arrays lie in it as base64 of little-endian numbers, pictures as one JPEG. Points without a place are left out and
    counted. Pictures are made smaller, and at last left out, so that the page stays below 30 MB.
    """

    id: ClassVar[str] = "html"
    title: ClassVar[str] = "Web page of the map (.html)"
    layouts: ClassVar[Literal["none", "one", "all"]] = "one"
    needs_layout: ClassVar[bool] = True

    def write(self, chosen: Chosen, draft: Path, progress: Progress) -> Told:
        told = Told()
        kept = placed(chosen, told)
        ((name, layout),) = kept.layouts.items()
        groups, group_N = _groups(kept, told)
        arrays: dict[str, NDArray[Any]] = {
            "places": layout.xy[kept.numbers],
            "groups": group_N,
            "rows": kept.numbers.astype(np.int32),
        }
        if layout.trust is not None:
            arrays["trust"] = layout.trust[kept.numbers]
        facts = _facts(chosen, kept, name, layout) | {"groups": groups} | _words(kept, told)
        parts = {key: _base64(array) for key, array in arrays.items()}
        used = len(_page(facts, parts).encode("utf-8", "replace"))
        measures, sprite = _pictures(kept, MOST_BYTES - used - _SPRITE_ELEMENT, told, progress)
        page = _page({**facts, **measures}, {**parts, "sprite": sprite})
        progress(0.95, "Writing the page")
        draft.write_text(page, encoding="utf-8", errors="replace", newline="\n")
        if draft.stat().st_size > MOST_BYTES:
            told.notes.append(f"The page has {draft.stat().st_size / 1e6:.0f} MB; browsers may take long to open it.")
        return told


def _facts(chosen: Chosen, kept: Chosen, name: str, layout: Layout) -> dict[str, Any]:
    """What the head of the page says; not where the vectors came from, because that is a path on someone's machine."""
    info, meta = layout.info, kept.opened.meta
    return {
        "title": meta.title or kept.opened.folder.name,
        "layout": name,
        "method": info.method if info else "",
        "parameters": dict(info.params) if info else {},
        "seed": info.seed if info else None,
        "trust": info.trust_mean if info else None,
        "approximate": info.approximate if info else "",
        "iterations": info.iterations if info else None,
        "start": info.start if info else "",
        "axis_names": list(info.axes) if info else [],
        "points": len(kept),
        "asked": len(chosen),
        "of": len(kept.opened),
        "width": int(kept.opened.vectors.shape[1]),
        "axes": int(layout.xy.shape[1]),
    }


def _groups(chosen: Chosen, told: Told) -> tuple[list[dict[str, Any]], NDArray[np.uint8]]:
    """The legend, in natural order, and each point's entry in it, uint8 (M,).

    With more than 200 labels the most frequent have an entry each, and the others share one.
    """
    names, codes = _labels(chosen)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    shown = np.flatnonzero(counts)
    if len(shown) > MOST_GROUPS:
        told.notes.append(f"The legend has the {MOST_GROUPS} most frequent of {len(shown):,} labels; others share one.")
        shown = np.sort(np.argsort(-counts, kind="stable")[:MOST_GROUPS])
    entry = np.full(len(names) + 1, len(shown), np.int64)
    entry[shown] = np.arange(len(shown))
    entry[-1] = len(shown) + 1  # of the code -1
    group_M = entry[codes]
    rest = [("other labels", UNLABELLED), ("no label" if names else "all points", UNLABELLED)]
    titles = [(names[code], _colour(place)) for place, code in enumerate(shown)] + rest
    sizes = np.bincount(group_M, minlength=len(titles))
    used = np.flatnonzero(sizes)
    legend = [{"name": titles[at][0], "colour": titles[at][1], "count": int(sizes[at])} for at in used]
    return legend, np.searchsorted(used, group_M).astype(np.uint8)


def _labels(chosen: Chosen) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The names of the classes and each point's, -1 without one; no names where labels are measured numbers."""
    if LABEL in chosen.samples.column_names:
        column = coloured(chosen.samples[LABEL].combine_chunks())
        if isinstance(column, Categorical):
            return column.names, column.codes
    return (), np.full(len(chosen), -1, np.int32)


def _colour(place: int) -> str:
    """The colour of a class: the ten that stay apart for every colour vision, then hues a golden angle apart."""
    if place < len(CATEGORICAL_10):
        return CATEGORICAL_10[place]
    red, green, blue = colorsys.hls_to_rgb(place * 0.618034 % 1, (0.42, 0.56, 0.68)[place % 3], 0.62)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _words(chosen: Chosen, told: Told) -> dict[str, list[str]]:
    """What a point's card says and search looks through: ids, labels, and texts where there are some."""
    table = chosen.samples
    words = {"ids": texts(table[ID])}
    if LABEL in table.column_names:
        words["labels"] = texts(table[LABEL])
    if TEXT in table.column_names and (said := texts(table[TEXT])) != words["ids"]:
        longer = sum(len(text) > MOST_TEXT for text in said)
        told.note(longer, f"1 text is cut after {MOST_TEXT} characters.",
                  f"{{}} texts are cut after {MOST_TEXT} characters.")  # fmt: skip
        words["texts"] = [text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…" for text in said]
    return words


def _pictures(chosen: Chosen, room: int, told: Told, progress: Progress) -> tuple[dict[str, Any], str]:
    """The sprite's measures for the page and the sprite itself in base64, in at most `room` characters."""
    if chosen.opened.thumbnails is None:
        return {}, ""
    whole: tuple[int, int] = chosen.opened.thumbnails.shape[1:3]
    size = fitting_size(len(chosen), *whole, cell_multiple=8)
    while size is not None:
        cell = whole_blocks(size)
        sprite = sheet(chosen, size, cell, progress)
        for quality in _QUALITIES:
            encoded = base64.b64encode(as_jpeg(sprite, quality)).decode()
            if len(encoded) <= room:
                if size != whole:
                    told.notes.append(
                        f"Pictures are {size[1]}x{size[0]} px, not {whole[1]}x{whole[0]}, to keep it small."
                    )
                return {"picture": {"size": size[::-1], "cell": cell[::-1], "across": sprite.width // cell[1]}}, encoded
        size = (size[0] * 2 // 3, size[1] * 2 // 3) if max(size) >= 12 else None
    told.notes.append(f"{len(chosen):,} pictures do not fit a page of {MOST_BYTES / 1e6:.0f} MB; they are left out.")
    return {}, ""


def _page(facts: Mapping[str, Any], arrays: Mapping[str, str]) -> str:
    """The template, filled."""
    blocks = [f'<script type="text/plain" id="{key}">{text}</script>' for key, text in arrays.items() if text]
    values = {
        "title": html.escape(str(facts["title"])),
        "style": _TEMPLATE.joinpath("page.css").read_text(encoding="utf-8"),
        "facts": _json(facts),
        "arrays": "\n".join(blocks),
        "script": _TEMPLATE.joinpath("page.js").read_text(encoding="utf-8"),
    }
    template = _TEMPLATE.joinpath("page.html").read_text(encoding="utf-8")
    return _MARK.sub(lambda mark: values[mark[1]], template)


def _json(document: Any) -> str:
    """JSON that cannot end the script element that it lies in."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()).decode()
