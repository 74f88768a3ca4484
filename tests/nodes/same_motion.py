"""Comparison of motions that were sampled in two ways."""

import importlib

from ..tolerances import assert_rounded_motion

SAMPLED = 512  # roundings in the starter's network and its steps, most of which cancel


def assert_same_motion(host, values, expected) -> None:
    """Assert that two sampled motions agree but for rounding, in standard deviations."""
    motion = importlib.import_module(f"{host.pack.__name__}.moda_core.motion.motion")
    assert_rounded_motion(values, expected, motion.released_stats().std, SAMPLED)
