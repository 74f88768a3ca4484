"""Tests and measurements; a package, so that no other `tests` is taken for it."""
