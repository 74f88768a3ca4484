"""Tests of the adapters with the libraries that they are for: `python run.py test --live`."""
