"""What the mouse and the keyboard do on a map."""
