"""What stands under the map: one package a panel, listed in `table`."""
