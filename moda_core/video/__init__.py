"""Videos: the writer, its sound track, and contact sheets."""
