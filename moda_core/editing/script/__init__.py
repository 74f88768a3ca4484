"""The language of the director: a script of gestures and emotions."""
