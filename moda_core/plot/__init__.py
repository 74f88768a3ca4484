"""Plots of what changes over time, drawn with Pillow."""
