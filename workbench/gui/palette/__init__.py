"""The command palette: every command, found by typing parts of its name."""

from workbench.gui.palette.popup import CommandPalette, CommandRow

__all__ = ["CommandPalette", "CommandRow"]
