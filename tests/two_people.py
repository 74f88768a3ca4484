"""Two people in one picture, for tests: the bundled portraits side by side, at half their size."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from moda_core.bundles.scene.cast import Cast, Speaker
from moda_core.example import PORTRAIT, SECOND_PORTRAIT
from moda_core.face.landmarks import FaceLandmarks
from moda_core.motion.controls import CONTROLS, compose, lip_opening, read, rest_expression
from moda_core.motion.motion import EXPRESSION, HEAD, Motion, released_stats
from moda_core.portrait.find_face import FaceChoice, find_face
from moda_core.portrait.image import read_image

NAMES = ("Anna", "Ben")
RATE = 16000


@cache
def two_people(gap: int = 0) -> tuple[Tensor, tuple[FaceLandmarks, FaceLandmarks]]:
    """Return a picture (304, 563 - gap, 3) with two people, and where their faces are.

    `gap` columns are cut off between them, so that the heads are closer together.
    """
    left, right = (read_image(path)[::2, ::2] for path in (PORTRAIT, SECOND_PORTRAIT))
    cut = gap // 2
    image = torch.cat([left[:, : left.shape[1] - cut], right[:, gap - cut :]], dim=1).contiguous()
    faces = (find_face(image, FaceChoice(index=i, order="left to right")) for i in (0, 1))
    return image, tuple(faces)


def two_speakers(renderer, motions=(None, None), gap: int = 0) -> Cast:
    """Return Anna on the left and Ben on the right."""
    image, faces = two_people(gap)
    return Cast(
        tuple(
            Speaker(name, renderer.portrait(image, face), motion)
            for name, face, motion in zip(NAMES, faces, motions, strict=True)
        )
    )


def talking(num_frames: int, turn_deg: float = 5.0) -> Motion:
    """Return motion whose frames all differ, with the mouth open and the head turned."""
    controls = torch.zeros(num_frames, len(CONTROLS))
    controls[:, 0] = torch.linspace(0.5, 1, num_frames)
    values = released_stats().mean.repeat(num_frames, 1)
    values[:, EXPRESSION] = rest_expression() + compose(controls)
    values[:, HEAD][:, -3:] = torch.linspace(turn_deg, turn_deg + 3, num_frames)[:, None]
    return Motion(values, rest_expression())


def lip_gap(motion: Motion) -> Tensor:
    """Return the opening of the lips (N,) in eye distances."""
    controls = read(motion.offset)
    return lip_opening(dict(zip(CONTROLS, controls.unbind(dim=1), strict=True)))


def voice(
    duration_s: float, spans, level: float = 0.3, noise: float = 0.0, seed: int = 0
) -> Tensor:
    """Return a hum (1, T) at 16 kHz that is heard in spans of seconds, over noise."""
    time_s = np.arange(round(duration_s * RATE)) / RATE
    sound = noise * np.random.default_rng(seed).standard_normal(len(time_s))
    for start, stop in spans:
        inside = (time_s >= start) & (time_s < stop)
        sound += inside * level * np.sin(2 * np.pi * 180 * time_s)
    return torch.from_numpy(sound.astype(np.float32))[None]
