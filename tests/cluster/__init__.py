"""Tests that need Ray: `python run.py test --cluster`."""
