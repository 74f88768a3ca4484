"""Offsets of face and head by which the synthetic performer shows each emotion."""

import torch
from torch import Tensor

from ..emotion.labels import EMOTIONS
from ..motion.controls import CONTROLS
from ..motion.liveliness import LIDS

# Offsets of controls, and of the head in degrees; neutral and none are the rest pose. The lips'
# speech (jaw, close, width) is left alone. Guidance enlarges them by its scale.
_POSES: dict[str, dict[str, float]] = {
    "anger": {"frown": 0.9, "brow": -0.6, "sneer": 0.25, "smile": -0.25, "blink": 0.08, "pitch": 4},
    "contempt": {"skew": 1.0, "smile": 0.2, "blink": 0.3, "pitch": -4, "roll": 4, "brow": -0.15},
    "disgust": {"sneer": 0.9, "smile": -0.45, "frown": 0.45, "blink": 0.25, "yaw": 4, "roll": -3},
    "fear": {"worry": 0.9, "brow": 0.55, "blink": -0.35, "smile": -0.3, "pitch": -3, "yaw": -2},
    "happiness": {"smile": 0.8, "brow": 0.25, "blink": 0.18, "pitch": -1.5},
    "sadness": {"worry": 0.85, "brow": -0.2, "smile": -0.6, "blink": 0.28, "pitch": 5, "roll": 2.5},
    "surprise": {"brow": 1.0, "blink": -0.5, "pitch": -2.5, "smile": 0.1},
}
HEAD_AXES = ("pitch", "yaw", "roll")


def _offsets() -> tuple[Tensor, Tensor]:
    controls = torch.zeros(len(EMOTIONS), len(CONTROLS))
    head = torch.zeros(len(EMOTIONS), len(HEAD_AXES))
    for row, emotion in enumerate(EMOTIONS):
        for name, value in _POSES.get(emotion, {}).items():
            if name in HEAD_AXES:
                head[row, HEAD_AXES.index(name)] = value
            elif name == "blink":
                controls[row, LIDS] = value
            else:
                controls[row, CONTROLS.index(name)] = value
    return controls, head


CONTROL_OFFSETS, HEAD_OFFSETS = _offsets()  # (9, 12) and (9, 3)


def add_emotion(controls: Tensor, head: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Add emotions (B, 9) to neutral controls (B, N, 12) and angles of the head (B, N, 3)."""
    added = (weights @ CONTROL_OFFSETS)[:, None].expand_as(controls).clone()
    added[..., LIDS] *= 1 - controls[..., LIDS].clamp(0, 1)
    return controls + added, head + (weights @ HEAD_OFFSETS)[:, None]
