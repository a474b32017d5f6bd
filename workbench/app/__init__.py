"""Qt-free services that both front ends use."""
