"""Portraits: reading pictures, locating the face, the crop around it."""
