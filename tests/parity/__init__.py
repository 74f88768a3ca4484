"""Comparison with reference outputs."""
