"""What lies over the points of a map: rings, pictures, names, lines and axes."""
