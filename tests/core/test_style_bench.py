"""The measures of the style bench."""

from dataclasses import replace

import numpy as np
import pytest

from moda_core.editing import idle, retime, set_blinks
from tests.bench.style_measures import (
    UNITS,
    blinks_per_minute,
    curves_of,
    mean_frequency,
    style_distances,
)


@pytest.fixture
def motion():
    return idle(60.0, seed=1, sway=2.0)


def test_a_motion_is_at_no_distance_from_itself(motion):
    assert set(style_distances(motion, motion).values()) == {0.0}


def test_the_pose_is_measured_in_its_units(motion):
    values = motion.values.clone()
    values[:, 68] += 2 * UNITS["yaw"]

    distances = style_distances(replace(motion, values=values), motion)

    assert distances["pose"] == pytest.approx(2 / np.sqrt(12), rel=1e-3)
    assert [distances[name] for name in ("brows", "eyes", "blinks")] == [0, 0, 0]


@pytest.mark.parametrize("rate", [10.0, 25.0])
def test_blinks_are_counted(motion, rate):
    blinking = set_blinks(motion, rate, jitter=0.0)

    assert blinks_per_minute(curves_of(blinking), 25) == pytest.approx(rate, abs=1)


def test_a_motion_at_twice_the_speed_is_an_octave_faster(motion):
    fast = retime(motion, speed=2.0)

    slow_hz, fast_hz = (mean_frequency(curves_of(each), 25) for each in (motion, fast))

    assert np.log2(fast_hz / slow_hz) == pytest.approx(1, abs=0.1)
    assert style_distances(fast, motion)["rhythm"] == pytest.approx(1 / UNITS["rhythm"], abs=0.2)
