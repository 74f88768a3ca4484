"""What turns the starter's sampled motion into what is shown: blinks, sway and a clear mouth.

The small motion model follows speech, but what chance decides it does half-heartedly: it hardly
blinks or sways. Both are added here, from a seed. Of voices unlike those it was trained on it
hears less, and opens the mouth less: the opening of a whole clip is brought up to that of others.
"""

import numpy as np
import torch
from scipy.ndimage import median_filter
from torch import Tensor

from ..motion.controls import CONTROLS, compose, read, rest_expression
from ..motion.liveliness import (
    ADDED_BLINK_INTERVAL_S,
    LIDS,
    OPEN_LIDS_FRAMES,
    SWAY_DEG,
    SWAY_MEMORY_S,
    TRANSLATION_X,
    X_OF_YAW,
    blink_lids,
    random_walk,
)
from ..motion.motion import EXPRESSION, PITCH, ROLL, YAW

JAW, CLOSE = CONTROLS.index("jaw"), CONTROLS.index("close")
CLOSED = 0.5  # closure from which lips touch
SURE = 0.25  # above the threshold, from which they are pressed together
SPEAKING_JAW = 0.1  # opening from which a frame counts as speech
WIDE_OPENING = 0.7  # of the jaw, at the 95th percentile of speech
LARGEST_GAIN = 1.5


def opened_jaw(jaw: Tensor) -> Tensor:
    """Bring the opening of a clip's speech up to a clear articulation: (N,) to (N,)."""
    jaw = jaw.clamp(min=0)
    speech = jaw[jaw > SPEAKING_JAW]
    if len(speech) == 0:
        return jaw
    wide = speech.sort().values[int(0.95 * (len(speech) - 1))]
    return jaw * (WIDE_OPENING / wide).clamp(1, LARGEST_GAIN)


def pressed_lips(close: Tensor, threshold: float) -> Tensor:
    """Make closures exact, (N,) to (N,): `threshold` becomes 0.5, a little above is full closure.

    The model writes closures that it is sure of a little too weakly, and lips that nearly touch
    look open.
    """
    below = close * (CLOSED / threshold)
    above = CLOSED + (close - threshold) * ((1 - CLOSED) / SURE)
    return torch.where(close < threshold, below, above.clamp(max=1).maximum(close))


def finish_performance(
    motion: Tensor,
    features: Tensor,
    seed: int = 0,
    closure_threshold: float = CLOSED,
    voice: Tensor | None = None,
) -> Tensor:
    """Add blinks and sway to sampled motion (N, 70), open the mouth clearly, and press the lips.

    `features` (N, 4, 64) are those of `log_mel_features`. Lids shut completely in a blink, however
    wide the emotion opens them. `closure_threshold` is stored beside the model's weights. `voice`
    (N,) is the probability that somebody speaks; where nobody does, the jaw stays shut.
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
    close = pressed_lips(shown[:, CLOSE], closure_threshold)
    added[:, CLOSE] = close - shown[:, CLOSE]
    jaw = opened_jaw(shown[:, JAW] if voice is None else shown[:, JAW] * voice)
    added[:, JAW] = jaw - shown[:, JAW]

    finished = motion.clone()
    finished[:, EXPRESSION] += compose(added)
    for index, (name, column) in enumerate({"pitch": PITCH, "yaw": YAW, "roll": ROLL}.items()):
        walk = random_walk(np.random.default_rng([seed, 2, index]), len(motion), SWAY_MEMORY_S)
        sway = SWAY_DEG[name] * torch.from_numpy(walk).to(motion)[:, None]
        finished[:, column] += sway
        if name == "yaw":
            finished[:, TRANSLATION_X] += X_OF_YAW * sway
    return finished
