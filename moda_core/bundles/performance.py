"""What turns the starter's sampled motion into what is shown: blinks, sway and a clear mouth.

The small motion model follows speech, but what chance decides it does half-heartedly: it hardly
blinks or sways. Both are added here, from a seed. Of voices unlike those it was trained on it
hears less, and opens the mouth less: the opening of a whole clip is brought up to that of others.
"""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter1d, median_filter
from torch import Tensor

from ..mmdit.hearing import Heard
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

SWAY_DIMS = {"pitch": PITCH, "yaw": YAW, "roll": ROLL}
LIPS = [CONTROLS.index(name) for name in ("jaw", "close", "width")]
# Of the heard lips in the shown ones. Sampled lips are one of many that the speech allows; the
# hearing writes their mean. They err differently, so that both together follow the speech best.
HEARD_SHARES = (0.6, 0.4, 0.4)  # of jaw, closure and width
HEARD_GAINS = (1.12, 1.0, 1.15)  # of jaw, closure and width: a mean of possible lips moves less
CLOSED = 0.5  # closure from which lips touch
SURE = 0.25  # above the threshold, from which they are pressed together
NOT_TOUCHING = 0.9  # share of speech in which lips don't touch
USUAL_FRAMES = 50  # of speech that weigh as much as the usual threshold
THRESHOLD_RANGE = (0.75, 1.5)  # of a clip's threshold over the usual one
SPEAKING_JAW = 0.1  # opening from which a frame counts as speech
WIDE_OPENING = 0.62  # of the jaw, at the 95th percentile of speech
LARGEST_GAIN = 1.3
# Frames to each side, and the probabilities of a voice from which the gate begins to open and is
# open: of what is near, as lips begin before a sound and end after it, and of the surest frame.
GATE = ((3, 0.5, 0.8), (12, 0.8, 0.97))
GATE_FRAMES = 2.0  # standard deviation of the time in which it opens and shuts


def opened_jaw(jaw: Tensor, voice: Tensor | None = None) -> Tensor:
    """Bring the opening of a clip's speech up to a clear articulation: (N,) to (N,).

    `voice` (N,) is the probability that somebody speaks; music opens nothing further.
    """
    jaw = jaw.clamp(min=0)
    speech = spoken_jaws(jaw, voice)
    return jaw * jaw_gain(speech) if len(speech) else jaw


def spoken_jaws(jaw: Tensor, voice: Tensor | None = None) -> Tensor:
    """Return the openings (n,) of the frames (N,) that speak."""
    return jaw[jaw > SPEAKING_JAW if voice is None else (jaw > SPEAKING_JAW) & (voice > 0.5)]


def jaw_gain(speech: Tensor) -> float:
    """Return by how much the openings of speech, (n,), n > 0, are enlarged."""
    wide = float(speech.sort().values[int(0.95 * (len(speech) - 1))])
    return min(max(WIDE_OPENING / wide, 1.0), LARGEST_GAIN)


def pressed_lips(close: Tensor, threshold: float) -> Tensor:
    """Make closures exact, (N,) to (N,): `threshold` becomes 0.5, a little above is full closure.

    The model writes closures that it is sure of a little too weakly, and lips that nearly touch
    look open.
    """
    below = close * (CLOSED / threshold)
    above = CLOSED + (close - threshold) * ((1 - CLOSED) / SURE)
    return torch.where(close < threshold, below, above.clamp(max=1).maximum(close))


def threshold_of_clip(close: Tensor, voice: Tensor, threshold: float) -> float:
    """Adapt the threshold of closures (N,) to a clip, by the share of speech in which lips touch.

    Unfamiliar voices and microphones make all closures of a clip stronger or weaker. `voice` (N,)
    is the probability that somebody speaks.
    """
    spoken = close[voice > 0.5]
    if len(spoken) == 0:
        return threshold
    own = float(spoken.sort().values[int(NOT_TOUCHING * (len(spoken) - 1))])
    known = len(spoken) / (len(spoken) + USUAL_FRAMES)
    low, high = (factor * threshold for factor in THRESHOLD_RANGE)
    return min(max(threshold + known * (own - threshold), low), high)


def speaking(voice: Tensor) -> Tensor:
    """Turn the probability of a voice (N,) into a gate that opens before a sound and shuts after.

    Hum and music sound like a voice for long, but seldom for sure: the gate also needs a frame
    nearby in which the voice is certain.
    """

    def around(reach: int) -> Tensor:
        return F.max_pool1d(voice[None, None], 2 * reach + 1, stride=1, padding=reach)[0, 0]

    heard, certain = ((around(reach) - low) / (high - low) for reach, low, high in GATE)
    gate = heard.clamp(0, 1) * certain.clamp(0, 1)
    return torch.from_numpy(gaussian_filter1d(gate.cpu().numpy(), GATE_FRAMES)).to(voice)


def finish_performance(
    motion: Tensor,
    features: Tensor,
    seed: int = 0,
    heard: Heard | None = None,
    closure_threshold: float = CLOSED,
) -> Tensor:
    """Add blinks and sway to sampled motion (N, 70), open the mouth clearly, and press the lips.

    `features` (N, 4, 64) are those of `log_mel_features`. Lids shut completely in a blink, however
    wide the emotion opens them. The lips are brought towards the ones `heard`, and the jaw stays
    shut where nobody speaks. `closure_threshold` is stored beside the model's weights.
    """
    level = speech_level(features)
    lids = blink_lids(np.random.default_rng([seed, 1]), level, ADDED_BLINK_INTERVAL_S)
    shown = shown_controls(motion)
    # Between blinks the lids are where the emotion puts them; the few sampled blinks make way.
    open_lids = median_filter(shown[:, LIDS].cpu().numpy(), size=(OPEN_LIDS_FRAMES, 1))
    if heard is None:
        jaw, close, width = shown[:, LIPS].unbind(dim=1)
        jaw = opened_jaw(jaw)
    else:
        jaw, close, width = lips_as_heard(shown, heard.lips)
        voice = heard.voice.to(jaw)
        jaw = opened_jaw(jaw * speaking(voice), voice)
        closure_threshold = threshold_of_clip(close, voice, closure_threshold)
    lips = torch.stack([jaw, pressed_lips(close, closure_threshold), width], dim=1)
    finished = with_face(motion, shown, lips, torch.from_numpy(open_lids), torch.from_numpy(lids))
    walks = {
        name: random_walk(random, len(motion), SWAY_MEMORY_S)
        for name, random in sway_generators(seed).items()
    }
    return with_sway(finished, walks)


def speech_level(features: Tensor) -> np.ndarray:
    """Return the level of speech, about 0 to 1, (N,), of features (N, 4, 64)."""
    return features.mean(dim=(1, 2)).cpu().numpy() / 2


def shown_controls(motion: Tensor) -> Tensor:
    """Return the controls (N, 12) of de-normalised motion (N, 70)."""
    return read(motion[:, EXPRESSION] - rest_expression().to(motion))


def lips_as_heard(shown: Tensor, lips: Tensor) -> tuple[Tensor, ...]:
    """Bring the jaw, closure and width of controls (N, 12) towards those heard, (N, 3)."""
    gained = lips.to(shown) * shown.new_tensor(HEARD_GAINS)
    return torch.lerp(shown[:, LIPS], gained, shown.new_tensor(HEARD_SHARES)).unbind(dim=1)


def with_face(
    motion: Tensor, shown: Tensor, lips: Tensor, open_lids: Tensor, closure: Tensor
) -> Tensor:
    """Return motion (N, 70) with other lips and lids.

    `shown` (N, 12) are its controls, `lips` (N, 3) the new ones, `open_lids` (N, 2) the lids
    between blinks, and `closure` (N,) that of a blink.
    """
    added, open_lids = torch.zeros_like(shown), open_lids.to(motion)
    blink = closure.to(motion)[:, None] * (1 - open_lids).clamp(min=0)
    added[:, LIDS] = open_lids + blink - shown[:, LIDS]
    added[:, LIPS] = lips - shown[:, LIPS]
    finished = motion.clone()
    finished[:, EXPRESSION] += compose(added)
    return finished


def sway_generators(seed: int) -> dict[str, np.random.Generator]:
    """Return what the head's walks are drawn from, by angle."""
    return {name: np.random.default_rng([seed, 2, index]) for index, name in enumerate(SWAY_DIMS)}


def with_sway(motion: Tensor, walks: Mapping[str, np.ndarray]) -> Tensor:
    """Return motion (N, 70) with walks (N,) of the head's angles added."""
    swaying = motion.clone()
    for name, walk in walks.items():
        sway = SWAY_DEG[name] * torch.from_numpy(walk).to(motion)[:, None]
        swaying[:, SWAY_DIMS[name]] += sway
        if name == "yaw":
            swaying[:, TRANSLATION_X] += X_OF_YAW * sway
    return swaying
