"""The Objective page: objective, backbone and training settings."""
