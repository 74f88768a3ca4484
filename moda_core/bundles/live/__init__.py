"""Portraits that speak live."""
