"""One motion mixed from several: the mouth of one, the eyes of another."""

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
        Gives the length, the frame rate, the expression at rest, and every region without a motion
        of its own.
    mouth, eyes, brows, head : Motion, optional
        Source of a region, of any length and rate. Expressions are taken relative to their own
        motion's rest, the head pose as it is.
    weights : mapping from str to float in [0, 1], optional
        By region; 0 keeps the base's, 1, the default, replaces it.
    loop : bool
        Repeat motions shorter than the base, with a cross-fade; otherwise hold their last frame.

    Returns
    -------
    Motion
        Four times one motion of the base's length, rate and rest gives that motion bit for bit;
        what no given region moves stays the base's bit for bit.
    """
    weights = dict(weights or {})
    check_weights(weights, MOTION_REGIONS)
    regions = {"mouth": mouth, "eyes": eyes, "brows": brows, "head": head}
    # Regions of one motion are added together: with equal weights they need no split.
    sources = {id(motion): motion for motion in regions.values() if motion is not None}
    values = base.values
    for motion in sources.values():
        own = {name: weights.get(name, 1.0) for name in regions if regions[name] is motion}
        # Equal durations may differ by rounding: less than half a frame is held.
        shorter = len(motion) / motion.fps < (len(base) - 0.5) / base.fps
        if loop and shorter:
            motion = make_loop(motion, LOOP_CROSSFADE_S)
        other = fit_motion(motion, base.fps, len(base), loop and shorter)
        values = add_by_region(values, difference(base, other), own)
    return replace(base, values=values.clone() if values is base.values else values)


def difference(base: Motion, other: Motion) -> Tensor:
    """Return the change (N, 70), float64, to another motion, expressions relative to rest."""
    change = other.values.to(base.values.device).double() - base.values.double()
    change[:, EXPRESSION] -= other.rest.to(change) - base.rest.to(change)
    return change
