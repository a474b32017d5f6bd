"""What happens between Compute and a layout: choosing, watching, pausing, going on, and turning it."""
