"""The style of one motion moved onto another, which keeps its lips."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from ...motion.checks import check_choice, check_number
from ...motion.controls import CONTROLS, add_controls
from ...motion.easing import soft_clamp
from ...motion.liveliness import LIDS
from ...motion.motion import ANGLES, HEAD, Motion, released_stats
from ..eyes import MOST_BLINKS
from .lids import Lids
from .statistics import BROWS, GAZE, MotionStyle, Spread, control_curves, head_curves, measure_style
from .tempo import at_tempo

PARTS = ("head", "rhythm", "brows", "eyes", "blinks")
LARGEST_GAIN = 6.0  # of a movement; more would enlarge noise
SURE_S, SURE_BLINKS_S = 3.0, 10.0  # lengths of a reference whose spread and blinks count fully
KNEE = 0.7  # share of a limit from which movement slows down
ANGLE_LIMITS_DEG = (35.0, 50.0, 35.0)  # largest pitch, yaw and roll
HEAD_LIMIT = 4.0  # farthest scale and position from their means, in deviations of the data set
BROW_LIMIT, GAZE_LIMIT, LID_LIMIT = 1.6, 1.0, 0.8  # largest controls
# Deviations of movement that counts as noise: of angles, of scale and position, of controls.
ANGLE_NOISE_DEG, HEAD_NOISE, CONTROL_NOISE = 0.1, 2e-4, 0.01


def transfer_style(
    motion: Motion,
    reference: Motion,
    strength: float = 1.0,
    parts: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Motion:
    """Move the style of a reference onto a motion: its pose, brows, eyes, blinks and rhythm.

    Parameters
    ----------
    reference : Motion
        Of any length, frame rate and face. Shorter than 3 s, or 10 s for blinks, all but its means
        counts in proportion to its length.
    strength : float in [0, 1]
        0 changes nothing, 1 gives the motion the statistics of the reference.
    parts : mapping from str to float in [0, 1], optional
        Weights of parts, times the strength; default 1: "head" is mean and spread of position, size
        and angles, "rhythm" how slow or fast the head moves, "brows" and "eyes" mean and spread of
        the brows, and of gaze and lids, "blinks" their rate.
    seed : int
        Draws the places of blinks that are added.

    Returns
    -------
    Motion
        Of the motion's length and rate. Movement keeps its time and its direction: it is shifted
        and scaled, blinks are added and removed as a whole. Nothing passes the limits of a face
        that neither motion passes. The lips, and parts of weight 0, are equal bit for bit.

    Raises
    ------
    ValueError
        If a part's name is unknown, or a number out of its range.
    """
    check_number("strength", strength, 0, 1)
    check_number("seed", seed, 0)
    weights = dict.fromkeys(PARTS, strength)
    for name, weight in (parts or {}).items():
        check_choice("part", name, PARTS)
        check_number(f"the weight of {name}", weight, 0, 1)
        weights[name] = strength * weight
    length = max(1, round(len(reference) / reference.fps * motion.fps))
    wanted = measure_style(reference.resampled(motion.fps, length))
    styled = replace(motion, values=motion.values.clone())
    if weights["head"] or weights["rhythm"]:
        styled = _with_head(styled, wanted, weights)
    if any(weights[name] for name in ("brows", "eyes", "blinks")):
        styled = _with_face(styled, wanted, weights, seed)
    return styled


def _with_head(motion: Motion, wanted: MotionStyle, weights: Mapping[str, float]) -> Motion:
    """Return motion with another pose and rhythm of the head."""
    own = curves = head_curves(motion)
    sure = _sureness(wanted, SURE_S)
    if weights["rhythm"]:
        curves = at_tempo(curves, motion.fps, wanted.tempo, sure * weights["rhythm"])
    middle, reach, noise = _head_limits()
    curves = moved(curves, wanted.head, weights["head"], sure, noise)
    curves = limited(curves, own, wanted.head, middle, reach)
    values = motion.values.clone()
    values[:, HEAD] += torch.from_numpy(curves - own).to(values)
    return replace(motion, values=values)


def _with_face(
    motion: Motion, wanted: MotionStyle, weights: Mapping[str, float], seed: int
) -> Motion:
    """Return motion with other brows, eyes and blinks."""
    own, sure = control_curves(motion), _sureness(wanted, SURE_S)
    change = np.zeros((len(motion), len(CONTROLS)))
    for indices, spread, limit, weight in (
        (BROWS, wanted.brows, BROW_LIMIT, weights["brows"]),
        (GAZE, wanted.gaze, GAZE_LIMIT, weights["eyes"]),
    ):
        if weight:
            before = own[:, indices]
            after = moved(before, spread, weight, sure, CONTROL_NOISE)
            change[:, indices] = limited(after, before, spread, 0.0, limit) - before
    if weights["eyes"] or weights["blinks"]:
        change[:, LIDS] = _lids(Lids.of(motion), wanted, weights, seed).shown - own[:, LIDS]
    return add_controls(motion, torch.from_numpy(change).to(motion.values))


def _lids(lids: Lids, wanted: MotionStyle, weights: Mapping[str, float], seed: int) -> Lids:
    """Return lids with another opening and other blinks."""
    if weights["eyes"]:
        sure = _sureness(wanted, SURE_S)
        opened = moved(lids.open, wanted.lids, weights["eyes"], sure, CONTROL_NOISE)
        lids = replace(lids, open=limited(opened, lids.open, wanted.lids, 0.0, LID_LIMIT))
    if weights["blinks"]:
        minutes = len(lids.closure) / lids.fps / 60
        count, sure = len(lids.blinks), _sureness(wanted, SURE_BLINKS_S)
        asked = min(wanted.blinks_per_minute, MOST_BLINKS) * minutes
        lids = lids.with_blinks(round(count + sure * weights["blinks"] * (asked - count)), seed)
    return lids


def _sureness(style: MotionStyle, full_s: float) -> float:
    """Return how far the statistics of a motion count, given the length that is enough."""
    return min(1.0, style.duration_s / full_s)


def moved(
    curves: np.ndarray, wanted: Spread, weight: float, sure: float, noise: np.ndarray | float
) -> np.ndarray:
    """Bring mean and deviation of curves (N, C) towards those wanted.

    The deviation goes only the share `sure` of the way; movement below `noise` is not enlarged as
    if it were more.
    """
    mean, std = curves.mean(0), curves.std(0)
    gain = np.minimum(wanted.std / np.maximum(std, noise), LARGEST_GAIN)
    gain = 1 + weight * sure * (gain - 1)
    return mean + weight * (wanted.mean - mean) + gain * (curves - mean)


def limited(
    curves: np.ndarray,
    own: np.ndarray,
    wanted: Spread,
    middle: np.ndarray | float,
    reach: np.ndarray | float,
) -> np.ndarray:
    """Bound curves (N, C) softly to what a face does, or to what either motion shows if it is more.

    The bounds lie `reach` about `middle`. Within what `own` curves or those wanted reach nothing is
    changed.
    """
    low, high = np.minimum(own.min(0), wanted.low), np.maximum(own.max(0), wanted.high)
    shown = np.maximum(high - middle, middle - low).clip(min=0)
    bound = torch.from_numpy(np.maximum(reach, shown / KNEE) + np.zeros_like(shown))
    departure = torch.from_numpy(curves - middle)
    return middle + soft_clamp(departure, -bound, bound, KNEE).numpy()


def _head_limits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the middle of the head's curves, (7,), their reach, and the size of their noise."""
    stats = released_stats()
    middle, reach = (each[HEAD].double().numpy().copy() for each in (stats.mean, stats.std))
    angles = slice(ANGLES.start - HEAD.start, ANGLES.stop - HEAD.start)
    reach *= HEAD_LIMIT
    middle[angles], reach[angles] = 0.0, ANGLE_LIMITS_DEG
    noise = np.full(len(middle), HEAD_NOISE)
    noise[angles] = ANGLE_NOISE_DEG
    return middle, reach, noise
