"""Portraits: reading pictures, finding faces, pasting frames back."""
