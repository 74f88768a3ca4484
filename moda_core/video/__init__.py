"""Video files, their sound tracks, and contact sheets."""
