import numpy as np
import pytest
from scipy.signal import lfilter

from moda_core.motion.liveliness import (
    BLINK,
    BlinkClock,
    RollingWalk,
    blink_lids,
    random_walk,
    walk,
)
from moda_core.motion.motion import FPS

MINUTES = 10


def test_a_walk_is_its_noise_through_a_filter_that_forgets():
    noise, decay = np.random.default_rng(7).standard_normal(200), 0.9

    expected = lfilter([np.sqrt(1 - decay**2)], [1, -decay], noise, zi=[decay * 3.0])[0]

    assert np.allclose(walk(noise, decay, before=3.0), expected, atol=1e-12)


def test_a_walk_drawn_in_pieces_is_the_whole_one():
    whole = random_walk(np.random.default_rng(7), 200, 1.2)
    rolling = RollingWalk(np.random.default_rng(7), 1.2)

    pieces = np.concatenate([rolling.next(count) for count in (1, 2, 3, 50, 0, 100)])

    assert np.allclose(pieces, whole[: len(pieces)], atol=1e-12)


def test_as_many_blinks_come_in_pieces_as_in_a_whole_clip():
    level = np.abs(np.sin(np.arange(MINUTES * 60 * FPS) / 7))
    clock = BlinkClock(np.random.default_rng(1))

    pieces = np.concatenate([clock.next(part) for part in np.split(level, len(level) // 4)])

    counts = [
        np.count_nonzero(np.diff((lids > 0.95).astype(int)) > 0)
        for lids in (pieces, blink_lids(np.random.default_rng(1), level))
    ]
    assert counts[0] == pytest.approx(counts[1], rel=0.15)
    assert (pieces.min(), pieces.max()) == (0, 1)


def test_blinks_wait_for_quiet_moments():
    level = np.tile(np.repeat([1.0, 0.0], 6), MINUTES * 125)
    lids = BlinkClock(np.random.default_rng(2)).next(level)

    starts = np.flatnonzero((lids[1:] == BLINK[0]) & (lids[:-1] == 0)) + 1

    assert np.mean(level[starts] == 0) > 0.65
