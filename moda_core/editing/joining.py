"""Motions joined one after another."""

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
        At least one. The first gives the frame rate and the expression at rest; the others'
        expressions are moved to that rest.
    crossfade_s : float in [0, 60]
        Seconds of each cross-fade; at most half of either motion.
    overlap : bool
        Start the next motion while the previous one ends, which makes the result shorter by each
        cross-fade. Otherwise all keep their times, as for sounds joined in the same way: the
        cross-fade lies around the joint, and the motions are held beyond their ends.

    Returns
    -------
    Motion
        Outside the cross-fades the first motion is equal bit for bit, and so are the others of
        its rate and rest.
    """
    if not motions:
        raise ValueError("Expected at least one motion to join, got none.")
    check_number("crossfade_s", crossfade_s, 0, LONGEST_CROSSFADE_S)
    first = motions[0]
    shared = round(crossfade_s * first.fps * (1 if overlap else 0.5))  # frames of each side
    parts = [match_values(motion, first) for motion in motions]
    pieces, start = [], 0
    for part, following in pairwise(parts):
        reach = min(shared, len(part) // 2, len(following) // 2)
        pieces += [part[start : len(part) - reach], _joint(part, following, reach, overlap)]
        start = reach
    pieces.append(parts[-1][start:])
    return replace(first, values=torch.cat(pieces))


def match_values(motion: Motion, first: Motion) -> Tensor:
    """Return a motion (M, 70) at the frame rate and expression at rest of another."""
    num_frames = max(1, round(len(motion) / motion.fps * first.fps))
    values = motion.resampled(first.fps, num_frames).values.to(first.values)
    shift = first.rest.to(values) - motion.rest.to(values)
    if shift.any():
        values = values.clone()
        values[:, EXPRESSION] += shift
    return values


def _joint(part: Tensor, following: Tensor, reach: int, overlap: bool) -> Tensor:
    """Return the cross-fade of two motions, made of `reach` frames of each."""
    leaving, coming = part[len(part) - reach :], following[:reach]
    if not overlap:
        leaving = torch.cat([leaving, part[-1:].expand(reach, -1)])
        coming = torch.cat([following[:1].expand(reach, -1), coming])
    steps = torch.arange(1, len(leaving) + 1) / (len(leaving) + 1)
    return torch.lerp(leaving, coming, smoothstep(0, 1, steps).to(part)[:, None])
