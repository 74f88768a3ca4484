"""Blinks and sway drawn at random, for what neither speech nor a model decides."""

from itertools import accumulate

import numpy as np
from scipy.ndimage import gaussian_filter1d

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
QUIET_SHARE = 0.5  # of the usual level, to which it is followed in that time
SWAY_MEMORY_S = 1.2
WALK_SMOOTHING, WALK_REACH = 4.0, 16  # frames: deviation of a walk's smoothing, and its reach
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
    return gaussian_filter1d(walk(noise, decay), WALK_SMOOTHING)[warm_up:]


def walk(noise: np.ndarray, decay: float, before: float = 0.0) -> np.ndarray:
    """Return a walk (num_frames,) that goes back towards 0, from where it was before."""
    steps = np.sqrt(1 - decay**2) * noise
    values = accumulate(steps.tolist(), lambda value, step: step + decay * value, initial=before)
    return np.fromiter(values, float)[1:]


class RollingWalk:
    """Draws what `random_walk` does, a few frames at a time.

    Parameters
    ----------
    random : Generator
        In the state in which `random_walk` takes it; used up.
    memory_s : float
        See there.
    """

    def __init__(self, random: np.random.Generator, memory_s: float):
        self._random, self._decay, self._last = random, np.exp(-1 / (memory_s * FPS)), 0.0
        self._walk = self._drawn(int(5 * memory_s * FPS))[-WALK_REACH:]

    def next(self, num_frames: int) -> np.ndarray:
        """Return the next values, (num_frames,)."""
        missing = num_frames + 2 * WALK_REACH - len(self._walk)
        if missing > 0:
            self._walk = np.concatenate([self._walk, self._drawn(missing)])
        smooth = gaussian_filter1d(self._walk, WALK_SMOOTHING)
        self._walk = self._walk[num_frames:]
        return smooth[WALK_REACH : WALK_REACH + num_frames]

    def _drawn(self, count: int) -> np.ndarray:
        drawn = walk(self._random.standard_normal(count), self._decay, self._last)
        self._last = drawn[-1]
        return drawn


class BlinkClock:
    """Draws the closure of the lids as `blink_lids` does, a few frames at a time.

    A blink that is to move to a quiet moment waits for one, as it can't come earlier.

    Parameters
    ----------
    random : Generator
    interval_s : tuple (shape, scale)
        See `blink_lids`.
    """

    def __init__(
        self, random: np.random.Generator, interval_s: tuple[float, float] = BLINK_INTERVAL_S
    ):
        self._random, self._interval_s = random, interval_s
        self._frame, self._due = 0, random.uniform(0.2, 3.0) * FPS
        self._waits = random.random() < 0.5
        self._coming, self._usual = np.zeros(0), 0.0

    def next(self, level: np.ndarray) -> np.ndarray:
        """Return the closure of the next frames, (n,), for the level of speech in them, (n,)."""
        return np.array([self._step(float(each)) for each in level])

    def _step(self, level: float) -> float:
        late = self._frame - self._due
        if late >= 0 and (not self._waits or level <= self._usual or late >= SNAP_FRAMES):
            coming = np.pad(self._coming, (0, max(0, len(BLINK) - len(self._coming))))
            coming[: len(BLINK)] = np.maximum(coming[: len(BLINK)], BLINK)
            self._coming = coming
            interval_s = max(SHORTEST_INTERVAL_S, self._random.gamma(*self._interval_s))
            self._due += interval_s * FPS
            self._waits = self._random.random() < 0.5
        self._usual += (level - self._usual) * QUIET_SHARE / SNAP_FRAMES
        closure = self._coming[0] if len(self._coming) else 0.0
        self._coming, self._frame = self._coming[1:], self._frame + 1
        return float(closure)


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
