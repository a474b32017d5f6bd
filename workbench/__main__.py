"""`workbench`: the window without arguments and for pictures of it, the command line otherwise."""

from __future__ import annotations

import sys


def main() -> int:
    """Dispatch to the window or to the command line; each is imported only when it is wanted."""
    words = sys.argv[1:]
    is_picture = bool(words) and words[0] in ("screenshot", "film")
    wants_window = not words or is_picture or words[0] == "window" or (words[0] == "demo" and _has_display(words))
    if wants_window:
        from workbench.gui.main import main as open_window

        return int(open_window(words))
    from workbench.cli.main import main as run_command

    return run_command(words)


def _has_display(words: list[str]) -> bool:
    import os

    has_screen = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or sys.platform != "linux"
    return has_screen and not {"--headless", "--help", "-h"} & set(words)


if __name__ == "__main__":
    sys.exit(main())
