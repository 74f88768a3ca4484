"""What turns the starter's sampled motion into what is shown: blinks, sway and a clear mouth.

The small motion model follows speech, but what chance decides it does half-heartedly: it hardly
blinks or sways. Both are added here, from a seed. Of voices unlike those it was trained on it
hears less, and opens the mouth less: the opening of a whole clip is brought up to that of others.
"""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d, median_filter
from scipy.signal import lfilter
from torch import Tensor

from ..motion.controls import CONTROLS, compose, read, rest_expression
from ..motion.motion import EXPRESSION, FPS, PITCH, ROLL, TRANSLATION, YAW

LIDS = [CONTROLS.index("blink_left"), CONTROLS.index("blink_right")]
BLINK = np.array([0.35, 0.9, 1.0, 0.9, 0.55, 0.25, 0.1])  # closure of the lids, frame by frame
# Shape and scale of the gamma distribution of intervals: of the performer that the model was
# trained on, and of the blinks that are added, which come more evenly.
BLINK_INTERVAL_S, ADDED_BLINK_INTERVAL_S = (3.0, 1.15), (6.0, 0.63)
SHORTEST_INTERVAL_S = 0.9
OPEN_LIDS_FRAMES = 51  # long against a blink
SNAP_FRAMES = 10  # half of the blinks wait for a quiet moment this near

SWAY_MEMORY_S = 1.2
SWAY_DEG = {"pitch": 2.0, "yaw": 2.2, "roll": 1.5}
TRANSLATION_X = slice(TRANSLATION.start, TRANSLATION.start + 1)
X_OF_YAW = -0.0006  # the head moves to the side that the nose turns to

JAW = CONTROLS.index("jaw")
SPEAKING_JAW = 0.1  # opening from which a frame counts as speech
WIDE_OPENING = 0.7  # of the jaw, at the 95th percentile of speech
LARGEST_GAIN = 1.5


def wander(random: np.random.Generator, num_frames: int, memory_s: float) -> np.ndarray:
    """Return a slow random walk about 0.

    Parameters
    ----------
    random : numpy.random.Generator
    num_frames : int
    memory_s : float
        Seconds after which it has forgotten where it was.

    Returns
    -------
    array, shape (num_frames,)
        Smooth, with a standard deviation near 1.
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
    """Return the lids' closure; half of the blinks move to a quiet moment nearby.

    Parameters
    ----------
    random : numpy.random.Generator
    level : array, shape (num_frames,)
        Of the speech, about 0 to 1.
    interval_s : tuple of float
        Shape and scale of the gamma distribution of intervals.

    Returns
    -------
    array, shape (num_frames,), in [0, 1]
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


def opened_jaw(jaw: Tensor) -> Tensor:
    """Bring the opening of a clip's speech up to a clear articulation.

    Parameters
    ----------
    jaw : Tensor, shape (N,)
        Control of the jaw.

    Returns
    -------
    Tensor, shape (N,)
        At least 0, a shut mouth. Speech whose 95th percentile stays below `WIDE_OPENING` is scaled
        up to it, by `LARGEST_GAIN` at most; silence stays silent.
    """
    jaw = jaw.clamp(min=0)
    speech = jaw[jaw > SPEAKING_JAW]
    if len(speech) == 0:
        return jaw
    wide = speech.sort().values[int(0.95 * (len(speech) - 1))]
    return jaw * (WIDE_OPENING / wide).clamp(1, LARGEST_GAIN)


def finish_performance(motion: Tensor, features: Tensor, seed: int = 0) -> Tensor:
    """Add blinks and sway to sampled motion, and open the mouth clearly.

    Parameters
    ----------
    motion : Tensor, shape (N, 70)
        De-normalised, as the starter's model samples it.
    features : Tensor, shape (N, 4, 64)
        Of the speech, see `log_mel_features`.
    seed : int
        Of the run.

    Returns
    -------
    Tensor, shape (N, 70)
        A new tensor; lids shut completely in a blink, however wide the emotion opens them.
    """
    level = features.mean(dim=(1, 2)).cpu().numpy() / 2
    lids = blink_lids(np.random.default_rng([seed, 1]), level, ADDED_BLINK_INTERVAL_S)
    lids = torch.from_numpy(lids).to(motion)[:, None]
    shown = read(motion[:, EXPRESSION] - rest_expression().to(motion))
    # Between blinks the lids are where the emotion puts them; the few sampled blinks make way.
    open_lids = median_filter(shown[:, LIDS].cpu().numpy(), size=(OPEN_LIDS_FRAMES, 1))
    open_lids = torch.from_numpy(open_lids).to(motion)
    added = torch.zeros_like(shown)
    added[:, LIDS] = open_lids + lids * (1 - open_lids).clamp(min=0) - shown[:, LIDS]
    added[:, JAW] = opened_jaw(shown[:, JAW]) - shown[:, JAW]

    finished = motion.clone()
    finished[:, EXPRESSION] += compose(added)
    for index, (name, column) in enumerate({"pitch": PITCH, "yaw": YAW, "roll": ROLL}.items()):
        walk = wander(np.random.default_rng([seed, 2, index]), len(motion), SWAY_MEMORY_S)
        sway = SWAY_DEG[name] * torch.from_numpy(walk).to(motion)[:, None]
        finished[:, column] += sway
        if name == "yaw":
            finished[:, TRANSLATION_X] += X_OF_YAW * sway
    return finished
