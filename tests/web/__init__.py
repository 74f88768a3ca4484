"""Tests of the pack's JavaScript, and what they share with those of the Python that it mirrors."""
