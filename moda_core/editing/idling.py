"""Motion of a listening face: blinks, glances, breathing and sway, without speech."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..motion.checks import MAX_FPS, MIN_FPS, check_head, check_number
from ..motion.controls import rest_expression
from ..motion.liveliness import SWAY_DEG, SWAY_MEMORY_S, TRANSLATION_X, X_OF_YAW, random_walk
from ..motion.motion import EXPRESSION, FPS, HEAD, PITCH, TRANSLATION, Motion, released_stats
from .eyes import set_blinks, set_gaze
from .pose import AXES

LONGEST_S = 4 * 3600.0
LARGEST_AMOUNT = 5.0
SWAY = 0.5  # of a speaker's sway
SWAY_SLOWNESS = 2.0
BREATH_HZ = 0.25
BREATH_PITCH_DEG, BREATH_Y = 0.5, 0.004  # the head goes up and back as the chest fills
TRANSLATION_Y = slice(TRANSLATION.start + 1, TRANSLATION.start + 2)
SETTLED_S = 2.0  # drawn past the end, where a walk still depends on its length


@dataclass(frozen=True)
class Idling:
    """Amounts of movement of a listening face.

    Parameters
    ----------
    blinks_per_minute : float in [0, 60]
    breath, sway : float in [0, 5]
        Size of the head's movement; 0 is none.
    glances : float in [0, 3]
        Size of the eyes' glances.
    """

    blinks_per_minute: float = 15.0
    breath: float = 1.0
    sway: float = 1.0
    glances: float = 0.6

    def __post_init__(self):
        for name in ("breath", "sway"):
            check_number(name, getattr(self, name), 0, LARGEST_AMOUNT)


def idle(
    duration_s: float,
    rest: Tensor | None = None,
    head: Tensor | None = None,
    seed: int = 0,
    fps: float = FPS,
    **amounts: float,
) -> Motion:
    """Generate the motion of a face that listens.

    Parameters
    ----------
    duration_s : float in (0, 14400]
    rest : Tensor, shape (63,), optional
        Expression at rest, in which only the eyes move; default the starter's.
    head : Tensor, shape (7,), optional
        Scale, translation and angles that the head moves about; default straight ahead.
    seed : int
        Draws everything; the same seed gives the same motion at any length.
    fps : float in [1, 240]
    **amounts : float
        Fields of `Idling`.

    Returns
    -------
    Motion
        Of ``round(duration_s * fps)`` frames, at least 1.
    """
    check_number("duration_s", duration_s, 1e-3, LONGEST_S)
    check_number("fps", fps, MIN_FPS, MAX_FPS)
    check_number("seed", seed, 0)
    amount = Idling(**amounts)
    still = still_motion(max(1, round(duration_s * fps)), rest, head, fps)
    values = still.values
    for index, (name, dim) in enumerate(AXES.items()):
        turn = SWAY * amount.sway * SWAY_DEG[name] * _walk([seed, 21, index], len(still), fps)
        values[:, dim] += turn.to(values)
        if name == "yaw":
            values[:, TRANSLATION_X] += X_OF_YAW * turn.to(values)
    chest = amount.breath * breathing(len(still), fps, seed).to(values)[:, None]
    values[:, PITCH] -= BREATH_PITCH_DEG * chest
    values[:, TRANSLATION_Y] -= BREATH_Y * chest
    if amount.glances:
        still = set_gaze(still, "wander", wander=amount.glances, seed=seed)
    return set_blinks(still, amount.blinks_per_minute, seed=seed)


def still_motion(
    num_frames: int, rest: Tensor | None = None, head: Tensor | None = None, fps: float = FPS
) -> Motion:
    """Return a motion in which nothing moves, from `rest` (63,) and `head` (7,)."""
    rest = rest_expression().clone() if rest is None else rest.detach().cpu().float().clone()
    if head is None:
        head = released_stats().mean[HEAD].clone()
        head[-3:] = 0
    check_head(head)
    values = torch.zeros(num_frames, 70)
    motion = Motion(values, rest, fps)
    values[:, EXPRESSION], values[:, HEAD] = rest, head.to(values)
    return motion


def breathing(num_frames: int, fps: float, seed: int) -> Tensor:
    """Return how full the chest is, shape (N,)."""
    phase = 2 * math.pi * BREATH_HZ * torch.arange(num_frames, dtype=torch.float64) / fps
    drift = _walk([seed, 22], num_frames, fps).squeeze(1)
    return torch.sin(phase + 0.5 * (drift - drift[0]))


def _walk(seeds: list[int], num_frames: int, fps: float) -> Tensor:
    """Draw a slow walk, (N, 1) float64, that does not depend on its length or rate."""
    length_s = num_frames / fps / SWAY_SLOWNESS
    drawn = random_walk(
        np.random.default_rng(seeds), int((length_s + SETTLED_S) * FPS) + 1, SWAY_MEMORY_S
    )
    position = np.arange(num_frames) * (FPS / fps / SWAY_SLOWNESS)
    return torch.from_numpy(np.interp(position, np.arange(len(drawn)), drawn))[:, None]
