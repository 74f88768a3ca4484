"""One motion out of several: the mouth of one, the eyes of another."""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from ..motion.checks import check_weights
from ..motion.motion import EXPRESSION, Motion
from ..motion.regions import MOTION_REGIONS, add_by_region
from .fading import make_loop
from .retiming import fit_motion

LOOP_CROSSFADE_S = 0.5


def mix(
    base: Motion,
    *,
    mouth: Motion | None = None,
    eyes: Motion | None = None,
    brows: Motion | None = None,
    head: Motion | None = None,
    weights: Mapping[str, float] | None = None,
    loop: bool = False,
) -> Motion:
    """Take regions of the face from other motions.

    Parameters
    ----------
    base : Motion
        Gives the length, the frame rate, the expression at rest, and every region that no other
        motion gives.
    mouth, eyes, brows, head : Motion, optional
        Where a region comes from; of any length and rate. Each expression counts from the rest of
        its own motion; the pose of the head is taken as it is.
    weights : mapping from str to float in [0, 1], optional
        By region; 0 keeps the base's, 1, the default, replaces it.
    loop : bool
        Repeat motions that are shorter than the base, their ends going over into their
        beginnings; otherwise their last frame is held.

    Returns
    -------
    Motion
        Four times the same motion of the base's length, rate and rest gives that motion bit for
        bit; what no given region moves stays the base's bit for bit.

    Raises
    ------
    ValueError
        If a region is unknown or a weight is out of its range.
    """
    weights = dict(weights or {})
    check_weights(weights, MOTION_REGIONS)
    regions = {"mouth": mouth, "eyes": eyes, "brows": brows, "head": head}
    # Regions of one motion go together: they need no split where all are of one weight.
    sources = {id(motion): motion for motion in regions.values() if motion is not None}
    values = base.values
    for motion in sources.values():
        own = {name: weights.get(name, 1.0) for name in regions if regions[name] is motion}
        # Durations of equal length may differ by rounding; half a frame is held without notice.
        shorter = len(motion) / motion.fps < (len(base) - 0.5) / base.fps
        if loop and shorter:
            motion = make_loop(motion, LOOP_CROSSFADE_S)
        other = fit_motion(motion, base.fps, len(base), loop and shorter)
        values = add_by_region(values, difference(base, other), own)
    return replace(base, values=values.clone() if values is base.values else values)


def difference(base: Motion, other: Motion) -> Tensor:
    """Return how another motion departs from one, their expressions counted from rest.

    Parameters
    ----------
    base, other : Motion
        Of one length.

    Returns
    -------
    Tensor, shape (N, 70), float64
    """
    change = other.values.to(base.values.device).double() - base.values.double()
    change[:, EXPRESSION] -= other.rest.to(change) - base.rest.to(change)
    return change
