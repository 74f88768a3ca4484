"""The director's language: scripts of gestures and emotions."""
