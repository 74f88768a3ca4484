"""Blinks and sway drawn at random, for what neither speech nor a model decides."""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

from .controls import CONTROLS
from .motion import FPS, TRANSLATION

LIDS = [CONTROLS.index("blink_left"), CONTROLS.index("blink_right")]
BLINK = np.array([0.35, 0.9, 1.0, 0.9, 0.55, 0.25, 0.1])  # closure of the lids, frame by frame
# Shape and scale of the gamma distribution of intervals: of the performer that the model was
# trained on, and of the blinks that are added, which come more evenly.
BLINK_INTERVAL_S, ADDED_BLINK_INTERVAL_S = (3.0, 1.15), (6.0, 0.63)
SHORTEST_INTERVAL_S = 0.9
OPEN_LIDS_FRAMES = 51  # much longer than a blink
SNAP_FRAMES = 10  # reach of the blinks that move to a quiet moment
SWAY_MEMORY_S = 1.2
SWAY_DEG = {"pitch": 2.0, "yaw": 2.2, "roll": 1.5}
TRANSLATION_X = slice(TRANSLATION.start, TRANSLATION.start + 1)
X_OF_YAW = -0.0006  # the head moves to the side that the nose turns to


def random_walk(random: np.random.Generator, num_frames: int, memory_s: float) -> np.ndarray:
    """Return a smooth random walk about 0, (num_frames,), with a standard deviation near 1.

    After `memory_s` seconds the walk no longer depends on where it was.
    """
    decay = np.exp(-1 / (memory_s * FPS))
    warm_up = int(5 * memory_s * FPS)
    noise = random.standard_normal(num_frames + warm_up)
    walk = lfilter([np.sqrt(1 - decay**2)], [1, -decay], noise)
    return gaussian_filter1d(walk, 4.0)[warm_up:]


def blink_lids(
    random: np.random.Generator,
    level: np.ndarray,
    interval_s: tuple[float, float] = BLINK_INTERVAL_S,
) -> np.ndarray:
    """Return the closure of the lids, (num_frames,) in [0, 1], drawn for a level of speech.

    Half of the blinks move to a quiet moment nearby. `level` (num_frames,) is about 0 to 1,
    `interval_s` the shape and scale of the gamma distribution of intervals.
    """
    num_frames = len(level)
    lids, time_s = np.zeros(num_frames), random.uniform(0.2, 3.0)
    quiet = gaussian_filter1d(level, 1.5)
    while time_s < num_frames / FPS:
        start = int(time_s * FPS)
        if random.random() < 0.5:
            first = max(0, start - SNAP_FRAMES)
            nearby = quiet[first : start + SNAP_FRAMES]
            start = first + int(np.argmin(nearby + 0.2 * random.random(len(nearby))))
        shape = BLINK[: num_frames - start]
        lids[start : start + len(shape)] = np.maximum(lids[start : start + len(shape)], shape)
        time_s += max(SHORTEST_INTERVAL_S, random.gamma(*interval_s))
    return lids
