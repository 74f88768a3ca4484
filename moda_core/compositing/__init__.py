"""Masks, pasting frames into the picture, and backdrops."""
