"""Encoder, motion model and renderer that belong together: the starter, and the released MoDA."""
