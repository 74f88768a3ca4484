"""Squares of a track, smoothed without lag."""

import math

import numpy as np
import pytest

from moda_core.face.smooth_squares import smooth_squares
from moda_core.face.square import Square

RATE = 25
TIMES = np.arange(60) / RATE
ALL = np.ones(60)


def as_rows(squares):
    return np.array([(each.x, each.y, each.side, each.angle) for each in squares])


def moving(times):
    """Squares that move, grow and turn steadily."""
    return [Square(50 + 100 * t, 80 - 40 * t, 90 * math.exp(0.2 * t), 0.5 * t) for t in times]


def test_a_steady_motion_is_followed_without_lag():
    squares = moving(TIMES)

    assert as_rows(smooth_squares(TIMES, squares, ALL)) == pytest.approx(as_rows(squares))


def test_uneven_times_are_followed_without_lag():
    times = np.sort(np.random.default_rng(0).uniform(0, 3, 60))

    smooth = smooth_squares(times, moving(times), ALL)

    assert as_rows(smooth) == pytest.approx(as_rows(moving(times)))


def test_noise_is_reduced_as_the_weights_say():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (2000, 2))
    times = np.arange(2000) / RATE
    squares = [Square(*place, 100.0) for place in noise]

    smooth = as_rows(smooth_squares(times, squares, np.ones(2000), smoothing_s=0.2))[50:-50, :2]

    # The variance over that of the noise: the sum of the squares of normal weights.
    expected = 1 / math.sqrt(2 * math.sqrt(math.pi) * 0.2 * RATE)
    assert smooth.std(0) == pytest.approx([expected] * 2, rel=0.15)


def test_lost_frames_lie_between_those_around_them():
    squares = [None if 20 <= k < 28 else each for k, each in enumerate(moving(TIMES))]

    smooth = smooth_squares(TIMES, squares, np.array([each is not None for each in squares], float))

    assert as_rows(smooth) == pytest.approx(as_rows(moving(TIMES)), rel=1e-3)


def test_a_face_that_left_is_held_until_the_track_starts_anew():
    squares = moving(TIMES)
    squares[20:40] = [None] * 20
    squares[40:] = [Square(300.0, 10.0, 50.0)] * 20

    smooth = smooth_squares(TIMES, squares, ALL, starts=[40])

    assert smooth[20:40] == [smooth[19]] * 20
    assert as_rows(smooth[:20]) == pytest.approx(as_rows(moving(TIMES[:20])))
    assert as_rows(smooth[40:]) == pytest.approx(as_rows(squares[40:]))


def test_before_it_is_found_first_a_face_is_held():
    squares = [None] * 10 + moving(TIMES[10:])

    smooth = smooth_squares(TIMES, squares, ALL)

    assert smooth[:10] == [smooth[10]] * 10


def test_angles_turn_the_short_way():
    angles = [math.remainder(0.2 * k, math.tau) for k in range(60)]

    smooth = smooth_squares(TIMES, [Square(0.0, 0.0, 1.0, angle) for angle in angles], ALL)

    turns = [math.remainder(s.angle - a, math.tau) for s, a in zip(smooth, angles, strict=True)]
    assert turns == pytest.approx([0] * 60, abs=1e-9)


def test_doubtful_frames_count_little():
    squares = [Square(100.0 + 30 * (k == 30), 50.0, 80.0) for k in range(60)]
    confidence = np.where(np.arange(60) == 30, 0.01, 1.0)

    trusting, doubting = (smooth_squares(TIMES, squares, each)[30].x for each in (ALL, confidence))

    assert trusting - 100 > 1.5
    assert doubting - 100 < 0.05


def test_without_any_face_there_is_nothing_to_smooth():
    with pytest.raises(ValueError, match="none"):
        smooth_squares(TIMES, [None] * 60, ALL)
