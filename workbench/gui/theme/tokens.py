"""Every colour, distance and size of the window, written once.

Colours are "#rrggbb". Text tokens keep a contrast of at least 4.5:1 (WCAG 2.1, AA) on every surface they are used on;
`TEXT_PAIRS` lists those pairs for the test that computes them.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.app.palette import CATEGORICAL_10
from workbench.core.errors import WorkbenchError, unknown

SPACE_XS, SPACE_S, SPACE_M, SPACE_L, SPACE_XL = 4, 8, 12, 16, 24
"""The grid: every margin and gap is one of these, in logical pixels."""

RADIUS_S, RADIUS_M, RADIUS_L = 4, 6, 10
"""Corner radii: controls, cards, popups."""

FONT_SMALL, FONT_BODY, FONT_HEADING, FONT_TITLE = 11, 13, 14, 20
"""Text sizes in logical pixels."""

CONTROL_HEIGHT = 28
"""Height of a button, a field or a combo box, in logical pixels."""

FONT_FAMILIES = ("Inter", "SF Pro Text", "Segoe UI Variable Text", "Segoe UI", "Noto Sans", "Cantarell", "DejaVu Sans")
MONO_FAMILIES = ("JetBrains Mono", "SF Mono", "Cascadia Mono", "Consolas", "Noto Sans Mono", "DejaVu Sans Mono")


@dataclass(frozen=True)
class Theme:
    """The colours of the window.

    background : behind everything; surface : cards and panels; raised : buttons, headers, chips; field : inputs
    hover, selected : a row or a button under the mouse, and one that is chosen
    border : hairlines; outline : edges that must be seen to use a control (3:1)
    text, muted : words, and words of less weight; accent_text : links and chosen rows
    accent, accent_hover, on_accent : the one colour of action, and words on it
    danger, warning, success, info : words and dots of a state; *_surface : a quiet fill behind them
    focus : the ring around what has the keyboard
    palette : ten categorical colours that stay apart with protanopia, deuteranopia and tritanopia
    """

    name: str
    dark: bool
    background: str
    surface: str
    raised: str
    field: str
    hover: str
    selected: str
    border: str
    outline: str
    text: str
    muted: str
    accent_text: str
    accent: str
    accent_hover: str
    on_accent: str
    danger: str
    danger_surface: str
    warning: str
    warning_surface: str
    success: str
    success_surface: str
    info: str
    info_surface: str
    focus: str
    palette: tuple[str, ...]


LIGHT = Theme(
    name="light",
    dark=False,
    background="#f4f5f7",
    surface="#ffffff",
    raised="#f7f8fa",
    field="#ffffff",
    hover="#eceef2",
    selected="#e4ebfd",
    border="#dde0e6",
    outline="#868e9b",
    text="#1c2027",
    muted="#5b6472",
    accent_text="#2750c4",
    accent="#2f5bd7",
    accent_hover="#274dbb",
    on_accent="#ffffff",
    danger="#b3261e",
    danger_surface="#fdecea",
    warning="#855000",
    warning_surface="#fdf3dd",
    success="#18683b",
    success_surface="#e5f4ea",
    info="#2750c4",
    info_surface="#e9effd",
    focus="#5b86f5",
    palette=CATEGORICAL_10,
)

DARK = Theme(
    name="dark",
    dark=True,
    background="#131518",
    surface="#1b1e23",
    raised="#252930",
    field="#15171b",
    hover="#2a2f37",
    selected="#27334d",
    border="#30353e",
    outline="#717b8a",
    text="#e4e7eb",
    muted="#a0a9b6",
    accent_text="#9dbafc",
    accent="#7aa2f7",
    accent_hover="#93b4fa",
    on_accent="#0c1222",
    danger="#ff9c94",
    danger_surface="#3a1f20",
    warning="#f0c36c",
    warning_surface="#352a16",
    success="#7fd3a0",
    success_surface="#182f22",
    info="#9dbafc",
    info_surface="#1d2840",
    focus="#7aa2f7",
    palette=CATEGORICAL_10,
)

THEMES = {theme.name: theme for theme in (LIGHT, DARK)}

_SURFACES = ("background", "surface", "raised", "field", "hover", "selected")

TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    *((text, behind) for text in ("text", "muted", "accent_text") for behind in _SURFACES),
    *((state, behind) for state in ("danger", "warning", "success", "info") for behind in ("surface", "background")),
    *((state, f"{state}_surface") for state in ("danger", "warning", "success", "info")),
    *((words, f"{state}_surface") for words in ("text", "muted") for state in ("danger", "warning", "success", "info")),
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
)
"""(text token, background token): where words are drawn on what."""


def load_theme(name: str) -> Theme:
    """The theme "light" or "dark"; raises WorkbenchError for any other name."""
    if name not in THEMES:
        raise WorkbenchError(unknown("theme", name, list(THEMES)))
    return THEMES[name]
