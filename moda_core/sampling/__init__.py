"""Sampling motion: schedules, solvers, guidance, windows, and what steers them."""
