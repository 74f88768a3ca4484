"""Smooth the squares of a track, without lag and without a jump at a lost frame."""

import itertools
from collections.abc import Sequence

import numpy as np

from .smooth_in_time import smooth_in_time
from .square import Square

SMOOTHING_S = 0.25  # standard deviation of the weights in time
LEAST_WEIGHT = 0.01  # of a frame, whatever its confidence


def smooth_squares(
    times: np.ndarray,
    squares: Sequence[Square | None],
    confidence: np.ndarray,
    starts: Sequence[int] = (),
    smoothing_s: float = SMOOTHING_S,
) -> list[Square]:
    """Smooth the squares of one face by lines, fitted around each frame.

    Parameters
    ----------
    times : array, shape (N,)
        Of the frames, in seconds; may be unevenly spaced.
    squares : sequence of N Square or None
        None where the face is lost.
    confidence : array, shape (N,), in [0, 1]
        Weights of the frames.
    starts : sequence of int
        Frames at which the track begins anew: nothing is smoothed across them.
    smoothing_s : float
        Standard deviation of the weights in time; a larger one is steadier. A steady motion is
        followed without lag, whatever it is.

    Returns
    -------
    list of N Square
        Between two found frames, a lost one's is interpolated; after the last one before a start,
        and before the first of all, that one is held.

    Raises
    ------
    ValueError
        If the face is found in no frame.
    """
    if all(square is None for square in squares):
        raise ValueError("Expected a face in at least one frame, got none.")
    smooth: list[Square | None] = [None] * len(squares)
    bounds = [0, *(start for start in starts if start > 0), len(squares)]
    for first, stop in itertools.pairwise(bounds):
        found = [index for index in range(first, stop) if squares[index] is not None]
        if found:
            part = slice(found[0], found[-1] + 1)
            smooth[part] = _smooth_shot(times[part], squares[part], confidence[part], smoothing_s)
    held = next(square for square in smooth if square is not None)
    for index, square in enumerate(smooth):
        held = smooth[index] = square or held
    return smooth


def _smooth_shot(
    times: np.ndarray, squares: Sequence[Square | None], confidence: np.ndarray, smoothing_s: float
) -> list[Square]:
    """Smooth squares of which the first and the last are known."""
    found = np.array([square is not None for square in squares])
    known = [square for square in squares if square is not None]
    rows = np.array([(each.x, each.y, np.log(each.side), each.angle) for each in known])
    rows[:, 3] = np.unwrap(rows[:, 3])
    values = np.stack([np.interp(times, times[found], row) for row in rows.T], 1)
    trust = np.where(found, confidence.clip(LEAST_WEIGHT), LEAST_WEIGHT)
    smooth = smooth_in_time(times, values, trust, smoothing_s)
    return [Square(x, y, float(np.exp(size)), angle) for x, y, size, angle in smooth.tolist()]
