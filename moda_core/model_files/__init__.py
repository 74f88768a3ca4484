"""Model files: where they lie, what they are, and how they get there."""
