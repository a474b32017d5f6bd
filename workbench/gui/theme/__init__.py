"""How the window looks: tokens, the style sheet made from them, and icons."""

from workbench.gui.theme.apply import apply, current_theme
from workbench.gui.theme.icons import icon, icon_names, paint_icon
from workbench.gui.theme.tokens import Theme, load_theme

__all__ = ["Theme", "apply", "current_theme", "icon", "icon_names", "load_theme", "paint_icon"]
