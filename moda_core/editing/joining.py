"""Several motions one after another."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor

from ..motion.checks import check_number
from ..motion.easing import smoothstep
from ..motion.motion import EXPRESSION, Motion

LONGEST_CROSSFADE_S = 60.0


def concat(motions: Sequence[Motion], crossfade_s: float = 0.4, overlap: bool = False) -> Motion:
    """Join motions in time.

    Parameters
    ----------
    motions : sequence of Motion
        At least one; the first gives the frame rate and the expression at rest, from which the
        others' expressions then depart as they do from their own.
    crossfade_s : float in [0, 60]
        Length of the cross-fade, at most half of either motion.
    overlap : bool
        Let the next begin while the one before ends, which makes the whole shorter by each
        cross-fade. Otherwise all keep their times, for sounds that are joined in the same way; the
        cross-fade then lies around the joint, and reaches past the ends by holding them.

    Returns
    -------
    Motion
        Outside the cross-fades the first motion is equal bit for bit, and so are the others of
        its rate and rest.

    Raises
    ------
    ValueError
        If there is no motion, or the number is out of its range.
    """
    if not motions:
        raise ValueError("Expected at least one motion to join, got none.")
    check_number("crossfade_s", crossfade_s, 0, LONGEST_CROSSFADE_S)
    first = motions[0]
    shared = round(crossfade_s * first.fps * (1 if overlap else 0.5))  # frames of each side
    parts = [values_like(motion, first) for motion in motions]
    pieces, start = [], 0
    for part, following in pairwise(parts):
        reach = min(shared, len(part) // 2, len(following) // 2)
        pieces += [part[start : len(part) - reach], _joint(part, following, reach, overlap)]
        start = reach
    pieces.append(parts[-1][start:])
    return replace(first, values=torch.cat(pieces))


def values_like(motion: Motion, first: Motion) -> Tensor:
    """Return a motion at the rate and the rest of another, shape (M, 70)."""
    num_frames = max(1, round(len(motion) / motion.fps * first.fps))
    values = motion.resampled(first.fps, num_frames).values.to(first.values)
    shift = first.rest.to(values) - motion.rest.to(values)
    if shift.any():
        values = values.clone()
        values[:, EXPRESSION] += shift
    return values


def _joint(part: Tensor, following: Tensor, reach: int, overlap: bool) -> Tensor:
    """Return the cross-fade of two motions that takes so many frames of each."""
    leaving, coming = part[len(part) - reach :], following[:reach]
    if not overlap:
        leaving = torch.cat([leaving, part[-1:].expand(reach, -1)])
        coming = torch.cat([following[:1].expand(reach, -1), coming])
    steps = torch.arange(1, len(leaving) + 1) / (len(leaving) + 1)
    return torch.lerp(leaving, coming, smoothstep(0, 1, steps).to(part)[:, None])
