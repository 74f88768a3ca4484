"""The style of a motion: what is measured of it, and how it moves onto another."""
