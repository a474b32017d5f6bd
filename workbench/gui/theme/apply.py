"""Give the application a theme: font, palette and one style sheet."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from string import Template

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from workbench.gui.theme import tokens
from workbench.gui.theme.tokens import LIGHT, THEMES, Theme

_PROPERTY = "workbenchTheme"
_HERE = Path(__file__).parent


def apply(app: QApplication, theme: Theme) -> None:
    """Dress the whole application; every open widget is restyled at once."""
    app.setProperty(_PROPERTY, theme.name)
    if app.style().objectName().lower() != "fusion":
        app.setStyle("Fusion")
    app.setFont(body_font())
    app.setPalette(make_palette(theme))
    app.setStyleSheet(make_stylesheet(theme))


def current_theme() -> Theme:
    """The theme that was applied last; the light one before that. For widgets that paint themselves."""
    app = QApplication.instance()
    return THEMES.get(str(app.property(_PROPERTY)), LIGHT) if app else LIGHT


def body_font() -> QFont:
    """The font of ordinary text."""
    font = QFont(list(tokens.FONT_FAMILIES))
    font.setPixelSize(tokens.FONT_BODY)
    return font


def mono_font(size_px: int = tokens.FONT_SMALL + 1) -> QFont:
    """The font of logs and code."""
    font = QFont(list(tokens.MONO_FAMILIES))
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPixelSize(size_px)
    return font


_ROLES = {
    "Window": "background",
    "WindowText": "text",
    "Base": "field",
    "AlternateBase": "raised",
    "Text": "text",
    "Button": "raised",
    "ButtonText": "text",
    "BrightText": "danger",
    "PlaceholderText": "muted",
    "ToolTipBase": "raised",
    "ToolTipText": "text",
    "Highlight": "accent",
    "HighlightedText": "on_accent",
    "Accent": "accent",
    "Link": "accent_text",
    "LinkVisited": "accent_text",
    "Light": "raised",
    "Midlight": "hover",
    "Mid": "border",
    "Dark": "outline",
    "Shadow": "border",
}


def make_palette(theme: Theme) -> QPalette:
    """Qt's palette from the tokens, for everything the style sheet does not reach."""
    palette = QPalette()
    for role, token in _ROLES.items():
        palette.setColor(getattr(QPalette.ColorRole, role), QColor(getattr(theme, token)))
    for role in ("WindowText", "Text", "ButtonText"):
        palette.setColor(QPalette.ColorGroup.Disabled, getattr(QPalette.ColorRole, role), QColor(theme.outline))
    return palette


def make_stylesheet(theme: Theme) -> str:
    """The style sheet with every `$token` filled in; raises KeyError for a token that does not exist."""
    sizes = {name.lower(): value for name, value in vars(tokens).items() if isinstance(value, int) and name.isupper()}
    folder = (_HERE / "arrows").as_posix()
    mono = ", ".join(f'"{family}"' for family in tokens.MONO_FAMILIES)
    template = Template((_HERE / "style.qss").read_text(encoding="utf-8"))
    return template.substitute({**asdict(theme), **sizes, "arrows": folder, "mono": mono})
