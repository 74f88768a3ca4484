"""Motion at another rate, speed or length."""

from dataclasses import replace

import torch
from torch import Tensor

from ..motion import MAX_FPS, MIN_FPS, Motion
from .ranges import check_choice, check_number

INTERPOLATIONS = ("cubic", "linear")
SLOWEST, FASTEST = 0.05, 20.0
LONGEST_S = 24 * 3600.0


def retime_motion(
    motion: Motion,
    fps: float | None = None,
    speed: float = 1.0,
    duration_s: float | None = None,
    interpolation: str = "cubic",
) -> Motion:
    """Play a motion at another frame rate, faster or slower, or in a given time.

    Parameters
    ----------
    motion : Motion
    fps : float in [1, 240], optional
        Frames a second of the result; default the motion's own.
    speed : float in [0.05, 20]
        2 takes half the time; must be 1 with `duration_s`.
    duration_s : float in (0, 86400], optional
        Length of the result in seconds.
    interpolation : {"cubic", "linear"}
        Cubic rounds the corners that slow motion shows, and goes a little beyond sudden extremes;
        linear blurs fast movement between frames.

    Returns
    -------
    Motion
        Of ``round(duration * fps)`` frames, at least 1; frame i shows the time ``i / fps * speed``
        of the motion, whose last frame is held past its end.

    Raises
    ------
    ValueError
        If a number is out of its range, or both a speed and a length are given.
    """
    fps = motion.fps if fps is None else fps
    check_number("fps", fps, MIN_FPS, MAX_FPS)
    check_speed(speed, duration_s)
    check_choice("interpolation", interpolation, INTERPOLATIONS)
    own_s = len(motion) / motion.fps
    if duration_s is None:
        duration_s = own_s / speed
    else:
        check_number("duration_s", duration_s, 1 / fps, LONGEST_S)
        speed = own_s / duration_s
    num_frames = max(1, round(duration_s * fps))
    position = torch.arange(num_frames, dtype=torch.float64) * (motion.fps / fps * speed)
    sample = sample_linear if interpolation == "linear" else sample_cubic
    return replace(motion, values=sample(motion.values, position), fps=fps)


def check_speed(speed: float, duration_s: float | None = None) -> None:
    """Check what decides how fast a motion is played.

    Parameters
    ----------
    speed : float in [0.05, 20]
    duration_s : float in [0, 86400], optional
        Length of the result; with it the speed must be 1.

    Raises
    ------
    ValueError
        If a number is out of its range, or both a speed and a length are given.
    """
    check_number("speed", speed, SLOWEST, FASTEST)
    if duration_s is None:
        return
    check_number("duration_s", duration_s, 0, LONGEST_S)
    if speed != 1:
        raise ValueError(f"Got a speed of {speed:g} and a length. Leave the speed at 1.")


def fit_motion(motion: Motion, fps: float, num_frames: int, loop: bool = False) -> Motion:
    """Bring a motion to a rate and a length without changing its speed.

    Parameters
    ----------
    motion : Motion
    fps : float
        Of the result, above 0.
    num_frames : int
        Of the result, at least 1; what is too long is cut off.
    loop : bool
        Start again at the end of a motion that is too short; otherwise its last frame is held.

    Returns
    -------
    Motion
    """
    if not loop:
        return motion.resampled(fps, num_frames)
    position = torch.arange(num_frames, dtype=torch.float64) * (motion.fps / fps)
    position = position.remainder(len(motion))
    ring = torch.cat([motion.values, motion.values[:1]])
    return replace(motion, values=sample_linear(ring, position), fps=fps)


def sample_linear(values: Tensor, position: Tensor) -> Tensor:
    """Read motion between its frames, on straight lines.

    Parameters
    ----------
    values : Tensor, shape (N, C)
    position : Tensor, shape (M,), float64
        In frames, at least 0; beyond the last frame it is held.

    Returns
    -------
    Tensor, shape (M, C)
        Equal bit for bit where a position is a whole number.
    """
    index, weight = _split(values, position)
    following = (index + 1).clamp(max=len(values) - 1)
    return torch.lerp(values[index], values[following], weight)


def sample_cubic(values: Tensor, position: Tensor) -> Tensor:
    """Read motion between its frames, on cubic curves through them.

    Parameters
    ----------
    values : Tensor, shape (N, C)
    position : Tensor, shape (M,), float64
        In frames, at least 0; beyond the last frame it is held.

    Returns
    -------
    Tensor, shape (M, C)
        Equal bit for bit where a position is a whole number.

    Notes
    -----
    Cubic Hermite curves with the slopes of Catmull and Rom 1974; at the ends, where a neighbour is
    missing, half the slope to the only one.
    """
    index, t = _split(values, position)
    last = len(values) - 1
    before, start = values[(index - 1).clamp(min=0)], values[index]
    stop, after = values[(index + 1).clamp(max=last)], values[(index + 2).clamp(max=last)]
    slope, next_slope = (stop - before) / 2, (after - start) / 2
    # Written as a departure from the frame before, which rounding leaves alone at t = 0.
    rise = t * t * (3 - 2 * t) * (stop - start)
    return start + rise + t * (1 - t) * ((1 - t) * slope - t * next_slope)


def _split(values: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
    """Return the frame before each position, (M,), and how far it is past it, (M, 1)."""
    position = position.to(values.device).clamp(max=len(values) - 1)
    index = position.floor().long()
    return index, (position - index).to(values)[:, None]
