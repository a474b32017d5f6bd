"""The map: a raster canvas for a million points, with picking, legend, hover card and export."""
