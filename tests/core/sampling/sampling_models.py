"""A motion model around the tiny transformer, and what it takes."""

import torch

from moda_core.motion.motion import MotionStats
from moda_core.portrait.portrait import Portrait
from moda_core.sampling.motion_model import MotionModel

from .sampling_cases import IDENTITY, NULL_AUDIO, PREVIOUS, tiny_network

STATS = MotionStats(torch.linspace(-0.5, 0.5, 70), torch.linspace(0.5, 2, 70))


def finish(normalized, spoken, seed):
    """Cut the silence off and add a trembling that differs from seed to seed."""
    before, after = spoken.silence
    values = STATS.denormalize(normalized[before : len(normalized) - after])
    generator = torch.Generator().manual_seed(seed)
    return values + torch.randn(values.shape, generator=generator)


def tiny_model() -> MotionModel:
    """Return a model that starts at `PREVIOUS` and trembles."""
    return MotionModel(
        name="tiny",
        network=tiny_network(),
        null_audio=NULL_AUDIO,
        stats=STATS,
        encoder="tiny",
        renderer=None,
        start=lambda portrait: (PREVIOUS, torch.zeros(63)),
        finish=finish,
    )


def tiny_portrait() -> Portrait:
    """Return a portrait of nobody."""
    return Portrait(torch.zeros(4, 4, 3, dtype=torch.uint8), None, "paper", IDENTITY, None)
