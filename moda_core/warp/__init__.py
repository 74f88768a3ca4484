"""The built-in starter bundle: a small motion model and a renderer without weights."""
