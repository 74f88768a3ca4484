"""Motion at another frame rate, speed or length."""

from dataclasses import replace

import torch

from ..motion.checks import MAX_FPS, MIN_FPS, check_choice, check_number
from ..motion.interpolation import sample_cubic, sample_linear
from ..motion.motion import Motion

INTERPOLATIONS = ("cubic", "linear")
SLOWEST, FASTEST = 0.05, 20.0
LONGEST_S = 24 * 3600.0


def retime(
    motion: Motion,
    fps: float | None = None,
    speed: float = 1.0,
    duration_s: float | None = None,
    interpolation: str = "cubic",
) -> Motion:
    """Play a motion at another frame rate, faster or slower, or in a given time.

    Parameters
    ----------
    fps : float in [1, 240], optional
        Frame rate of the result; default the motion's own.
    speed : float in [0.05, 20]
        2 takes half the time; must be 1 with `duration_s`.
    duration_s : float in (0, 86400], optional
        Length of the result in seconds.
    interpolation : {"cubic", "linear"}
        Cubic rounds the corners that slow motion shows, and overshoots sudden extremes a little;
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
    """Check a speed in [0.05, 20] and a length in [0, 86400] s, which exclude each other."""
    check_number("speed", speed, SLOWEST, FASTEST)
    if duration_s is None:
        return
    check_number("duration_s", duration_s, 0, LONGEST_S)
    if speed != 1:
        raise ValueError(f"Got both a speed of {speed:g} and a length. Set the speed to 1.")


def fit_motion(motion: Motion, fps: float, num_frames: int, loop: bool = False) -> Motion:
    """Bring a motion to a frame rate and a length, held or repeated, without changing its speed."""
    if not loop:
        return motion.resampled(fps, num_frames)
    position = torch.arange(num_frames, dtype=torch.float64) * (motion.fps / fps)
    position = position.remainder(len(motion))
    ring = torch.cat([motion.values, motion.values[:1]])
    return replace(motion, values=sample_linear(ring, position), fps=fps)
