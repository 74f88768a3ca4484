"""Movement of the eyes: blinks drawn from a seed, and the direction of the gaze."""

from dataclasses import replace

import numpy as np
import torch
from scipy.ndimage import median_filter
from torch import Tensor

from ..motion.checks import check_choice, check_number
from ..motion.controls import CONTROLS, add_controls, compose, expression_row, read
from ..motion.liveliness import BLINK, LIDS, OPEN_LIDS_FRAMES
from ..motion.motion import EXPRESSION, FPS, Motion

BLINK_MODES = ("model", "generated", "off")
GAZE_MODES = ("model", "target", "wander")
MOST_BLINKS = 60.0  # a minute
SHORTEST_INTERVAL_S = 0.4  # a blink lasts 0.28 s

GAZE = CONTROLS.index("gaze")
# LivePortrait's sliders (MIT) at full: looking up lifts the upper lids, and half of that, closing
# the eyes, lowers them a little.
GAZE_UP = {(11, "y"): -0.015, (15, "y"): -0.015}
LIDS_OF_GAZE_UP = 0.47
GLANCE_S = (0.5, 2.2)  # shortest and longest time that the eyes stay
RETURN = 0.55  # share of glances that return to the viewer
GLANCE_SPREAD = (0.28, 0.12)  # standard deviation to the side and up or down
SACCADE_S = 0.06


def set_blinks(
    motion: Motion,
    rate_per_minute: float = 15.0,
    jitter: float = 0.5,
    seed: int = 0,
    mode: str = "generated",
) -> Motion:
    """Replace or remove the blinks of a motion.

    Parameters
    ----------
    rate_per_minute : float in [0, 60]
        Mean number of blinks.
    jitter : float in [0, 1]
        Irregularity of the intervals: 0 blinks like a clock, 1 varies each from nearly none to
        twice the mean.
    seed : int
        Draws the times; the same seed gives the same blinks at any frame rate and length.
    mode : {"model", "generated", "off"}
        Keep the motion's own blinks, replace them, or remove them.

    Returns
    -------
    Motion
        Both eyes blink at once and shut completely; between blinks the lids are at their median
        over two seconds. What blinks do not move is equal bit for bit.
    """
    check_choice("mode", mode, BLINK_MODES)
    check_number("rate_per_minute", rate_per_minute, 0, MOST_BLINKS)
    check_number("jitter", jitter, 0, 1)
    check_number("seed", seed, 0)
    if mode == "model":
        return replace(motion, values=motion.values.clone())
    shown = read(motion.offset)[:, LIDS]
    frames = 2 * round((OPEN_LIDS_FRAMES // 2) * motion.fps / FPS) + 1
    open_lids = torch.from_numpy(median_filter(shown.cpu().numpy(), size=(frames, 1))).to(shown)
    wanted = open_lids
    if mode == "generated" and rate_per_minute > 0:
        times_s = blink_times(len(motion) / motion.fps, rate_per_minute, jitter, seed)
        lids = torch.from_numpy(blink_curve(times_s, len(motion), motion.fps)).to(shown)[:, None]
        wanted = open_lids + lids * (1 - open_lids).clamp(min=0)
    return _with_controls(motion, LIDS, wanted - shown)


def blink_times(duration_s: float, rate_per_minute: float, jitter: float, seed: int) -> np.ndarray:
    """Draw the times of blinks in seconds, shape (num_blinks,)."""
    random = np.random.default_rng([seed, 11])
    mean_s = 60 / rate_per_minute
    spread_s = min(jitter * mean_s, mean_s - SHORTEST_INTERVAL_S)
    # One number per interval; the first places the motion's start in its interval.
    draws = random.uniform(-1, 1, int(2 * duration_s / SHORTEST_INTERVAL_S) + 2)
    first_s = 0.5 * (1 + draws[0]) * mean_s
    times_s = first_s + np.concatenate([[0.0], np.cumsum(mean_s + spread_s * draws[1:])])
    return times_s[times_s < duration_s]


def blink_curve(times_s: np.ndarray, num_frames: int, fps: float) -> np.ndarray:
    """Return the closure of the lids over time: (num_blinks,) to (num_frames,)."""
    peak = int(BLINK.argmax())
    steps = np.arange(
        -np.ceil((peak + 1) / FPS * fps), np.ceil((len(BLINK) - peak) / FPS * fps) + 1
    )
    knots = (np.arange(-1, len(BLINK) + 1) - peak) / FPS
    shape = np.interp(steps / fps, knots, np.concatenate([[0.0], BLINK, [0.0]]))
    frames = np.rint(times_s * fps)[:, None] + steps
    inside = (frames >= 0) & (frames < num_frames)
    lids = np.zeros(num_frames)
    closure = np.broadcast_to(shape, frames.shape)
    np.maximum.at(lids, frames[inside].astype(int), closure[inside])
    return lids


def set_gaze(
    motion: Motion,
    mode: str = "target",
    x: float = 0.0,
    y: float = 0.0,
    wander: float = 1.0,
    seed: int = 0,
) -> Motion:
    """Set the direction of the gaze.

    Looking up and down also moves the lids, as LivePortrait's sliders do; the built-in renderer
    shows only the lids.

    Parameters
    ----------
    mode : {"model", "target", "wander"}
        Keep the motion's own gaze, fix it on a target, or let it glance about the target.
    x, y : float in [-1, 1]
        The target: + x is the image's right, + y is up; 0 looks along the head.
    wander : float in [0, 3]
        Size of the glances.
    seed : int
        Draws the glances; the same seed gives the same ones at any frame rate and length.

    Returns
    -------
    Motion
        The sideways gaze replaces the motion's own, the upward one is added to it and fades where
        the lids are shut. What the gaze does not move is equal bit for bit.
    """
    check_choice("mode", mode, GAZE_MODES)
    for name, value in (("x", x), ("y", y)):
        check_number(name, value, -1, 1)
    check_number("wander", wander, 0, 3)
    check_number("seed", seed, 0)
    if mode == "model":
        return replace(motion, values=motion.values.clone())
    direction = np.tile([x, y], (len(motion), 1))
    if mode == "wander":
        direction = direction + wander * glances(len(motion), motion.fps, seed)
    direction = torch.from_numpy(direction).to(motion.values).clamp(-1, 1)
    own = torch.cat([read(motion.offset)[:, [GAZE]], torch.zeros_like(direction[:, 1:])], dim=1)
    return _turn_eyes(motion, direction - own)


def shift_gaze(motion: Motion, x: float, y: float) -> Motion:
    """Turn the gaze of every frame further by the same; `x` and `y` are as in `set_gaze`."""
    for name, value in (("x", x), ("y", y)):
        check_number(name, value, -1, 1)
    if not x and not y:
        return replace(motion, values=motion.values.clone())
    return _turn_eyes(motion, motion.values.new_tensor([x, y]).expand(len(motion), -1))


def _turn_eyes(motion: Motion, turn: Tensor) -> Motion:
    """Turn the gaze by an amount (N, 2) to the image's right and up."""
    open_share = 1 - read(motion.offset)[:, LIDS].clamp(0, 1)
    aside = _with_controls(motion, [GAZE], turn[:, :1])
    return _look_up(aside, turn[:, 1:], open_share) if turn[:, 1].any() else aside


def glances(num_frames: int, fps: float, seed: int) -> np.ndarray:
    """Draw glances to the image's right and up, shape (num_frames, 2).

    Each step takes `SACCADE_S`; about every second one returns to the viewer.
    """
    # Two generators, drawn row by row, so that a longer clip only adds to a shorter one.
    uniform, normal = (np.random.default_rng([seed, stream]) for stream in (12, 13))
    most = int(num_frames / fps / GLANCE_S[0]) + 2
    stays, returns = uniform.random((most, 2)).T
    starts_s = np.cumsum(GLANCE_S[0] + (GLANCE_S[1] - GLANCE_S[0]) * stays)
    aside = normal.standard_normal((most, 2)) * GLANCE_SPREAD
    aside[returns < RETURN] = 0
    knots_s = np.stack([starts_s, starts_s + SACCADE_S], axis=1).ravel()
    time_s = np.arange(num_frames) / fps
    held = np.repeat(aside, 2, axis=0)[:-1]
    held = np.concatenate([[[0.0, 0.0]], held])  # until the first glance
    return np.stack([np.interp(time_s, knots_s, held[:, axis]) for axis in (0, 1)], axis=1)


def _look_up(motion: Motion, amount: Tensor, open_share: Tensor) -> Motion:
    """Raise the gaze by an amount (N, 1), for lids open by shares (N, 2)."""
    closing, opening = torch.zeros(2, len(CONTROLS)).to(amount)
    closing[LIDS] = LIDS_OF_GAZE_UP
    rise = expression_row(GAZE_UP).to(amount) + compose(closing)
    # Shut lids stay shut: the part that reads as a movement of the lids waits until they open. The
    # rest does not, so that blinks set afterwards change nothing but the lids.
    opening[LIDS] = read(rise)[LIDS]
    values = motion.values.clone()
    values[:, EXPRESSION] += amount * (rise - compose(opening))
    raised = replace(motion, values=values)
    return _with_controls(raised, LIDS, amount * open_share * opening[LIDS])


def _with_controls(motion: Motion, indices: list[int], change: Tensor) -> Motion:
    """Add a change (N, n) to some controls."""
    added = torch.zeros(len(motion), len(CONTROLS)).to(change)
    added[:, indices] = change
    return add_controls(motion, added)
