"""Points to pixels: camera, grid, compiled loops and the layers they draw. No widget here."""
