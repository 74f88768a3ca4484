"""Emotion labels of MoDA, and weights over its embedding table."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

# Order of the rows of the released embedding table (spec 0); the last one is "no emotion".
EMOTIONS = (
    "anger",
    "contempt",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
    "none",
)
NONE_INDEX = EMOTIONS.index("none")


def emotion_weights(emotion: str | Mapping[str, float] = "none") -> "Tensor":
    """Return the weights (9,) of an emotion or a blend, at least 0, which sum to 1.

    Takes a label of `EMOTIONS`, or weights by label: sums below 1 are completed with ``none``,
    larger ones scaled down to 1.

    Raises
    ------
    ValueError
        If a label is unknown, or a weight is negative or not finite.
    """
    import torch  # which would delay the help of commands

    blend = {emotion: 1.0} if isinstance(emotion, str) else dict(emotion)
    weights = [0.0] * len(EMOTIONS)
    for label, weight in blend.items():
        if label not in EMOTIONS:
            raise ValueError(f"Unknown emotion {label!r}. Use one of: {', '.join(EMOTIONS)}.")
        if not (weight >= 0 and math.isfinite(weight)):
            raise ValueError(f"The weight of {label!r} is {weight}. Use a number of at least 0.")
        weights[EMOTIONS.index(label)] += weight
    total = sum(weights)
    weights = [weight / max(total, 1.0) for weight in weights]
    weights[NONE_INDEX] += max(0.0, 1.0 - total)
    return torch.tensor(weights)
