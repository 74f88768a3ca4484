"""Cleaning of speech without a network: rumble, noise and level."""
