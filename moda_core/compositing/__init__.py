"""Masks, pasting frames back into the picture, and backdrops."""
