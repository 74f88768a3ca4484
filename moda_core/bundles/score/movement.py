"""How the head and the lids move: smoothness, jitter, drift, and blinks.

All are stated for 25 fps. Motion of a higher rate is measured at 25 fps: differences of several
frames enlarge the kinks that resampling leaves, and the noise of tracking, by powers of the rate.
"""

import numpy as np

from ...motion.controls import read
from ...motion.liveliness import LIDS
from ...motion.motion import ANGLES, FPS, HEAD, STD_FLOOR, Motion, released_stats

SHUT, OPEN = 0.5, 0.3  # closure at which a blink begins, and at which it has ended
LONGEST_BLINK_S = 1.0  # lids that stay shut for longer are closed eyes
SHORTEST_S = 4.0  # in which blinks can be counted, and drift told from movement


def smoothness(motion: Motion) -> float | None:
    """Return how smoothly the head moves, in [0, 1]; None under three frames.

    It is 1 less the mean of ``|x[t] - (x[t-1] + x[t+1]) / 2|`` over scale, translation and
    rotation, in standard deviations. The measure follows VBench's motion smoothness (Huang et al.
    2024), which compares pictures with those that a network interpolates.
    """
    scale = (released_stats().std[HEAD] + STD_FLOOR).double().numpy()
    pose = motion.values[:, HEAD].double().cpu().numpy() / scale
    moving = released_stats().std[HEAD].numpy() > 0
    pose, fps = _at_most_25_fps(pose[:, moving], motion.fps)
    if len(pose) < 3:
        return None
    bend = np.abs(pose[1:-1] - (pose[:-2] + pose[2:]) / 2)
    return float(max(0.0, 1 - bend.mean() * (fps / FPS) ** 2))


def jitter_deg(motion: Motion) -> float | None:
    """Return the `shake_deg` of a motion's rotation."""
    return shake_deg(_angles(motion), motion.fps)


def shake_deg(angles: np.ndarray, fps: float) -> float | None:
    """Return the third difference of angles (N, 3), root mean square, in degrees at 25 fps.

    Frames with NaN are left out. None if no four frames in a row are known.
    """
    angles, fps = _at_most_25_fps(angles, fps)
    jerk = np.diff(angles, 3, axis=0) * (fps / FPS) ** 3
    known = jerk[~np.isnan(jerk)]
    return float(np.sqrt((known**2).mean())) if len(known) else None


def drift_deg(motion: Motion) -> float | None:
    """Return by how much the mean rotation of the last third differs from that of the first.

    None for a motion under four seconds.
    """
    if len(motion) < SHORTEST_S * motion.fps:
        return None
    angles, third = _angles(motion), len(motion) // 3
    return float(np.linalg.norm(angles[-third:].mean(axis=0) - angles[:third].mean(axis=0)))


def blinks_per_minute(motion: Motion) -> float | None:
    """Return how often both lids shut for at most a second; None under four seconds."""
    if len(motion) < SHORTEST_S * motion.fps:
        return None
    return count_blinks(lid_closure(motion), motion.fps) / (len(motion) / motion.fps / 60)


def lid_closure(motion: Motion) -> np.ndarray:
    """Return the closure of the lid that is shut less, in every frame, (N,); 1 is shut."""
    return read(motion.offset)[:, LIDS].amin(dim=1).double().cpu().numpy()


def count_blinks(closure: np.ndarray, fps: float) -> int:
    """Count how often lids (N,) shut, and open again within a second."""
    count, shut_at = 0, None
    for index, value in enumerate(closure):
        if shut_at is None and value > SHUT:
            shut_at = index
        elif shut_at is not None and value < OPEN:
            count += index - shut_at <= LONGEST_BLINK_S * fps
            shut_at = None
    return count


def _at_most_25_fps(values: np.ndarray, fps: float) -> tuple[np.ndarray, float]:
    """Return values (N, C) and their rate; at 25 fps if it was higher. NaN stays."""
    if fps <= FPS:
        return values, fps
    places = np.arange(int((len(values) - 1) / fps * FPS) + 1) * (fps / FPS)
    frames = np.arange(len(values))
    return np.stack([np.interp(places, frames, each) for each in values.T], axis=1), FPS


def _angles(motion: Motion) -> np.ndarray:
    return motion.values[:, ANGLES].double().cpu().numpy()
