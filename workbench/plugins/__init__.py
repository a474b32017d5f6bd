"""What can be contributed, by the program itself and by plugins: specs, manifests, discovery, the catalogue."""
