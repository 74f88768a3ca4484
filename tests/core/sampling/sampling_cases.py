"""A tiny transformer and inputs for it."""

from contextlib import contextmanager
from copy import deepcopy

import torch

from moda_core.mmdit.config import MMDiTConfig
from moda_core.mmdit.model import MotionMMDiT
from moda_core.runtime.layers import Layers
from moda_core.sampling.conditions import Conditions
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.sample import sample_takes

CONFIG = MMDiTConfig(
    width=16,
    num_heads=2,
    num_four_stream=1,
    num_double_stream=1,
    num_single_stream=1,
    audio_layers=2,
    audio_width=3,
    audio_context=3,
)
NULL_AUDIO = torch.full((3,), 0.5)
IDENTITY = torch.linspace(-0.1, 0.1, 63)
RUN = ("progress", "on_window")  # arguments of `sample_takes`
GIVEN = ("noise", "hold", "voiced")  # and of `Conditions`
PREVIOUS = torch.linspace(-1, 1, 70).reshape(1, 1, 70)


def tiny_network(**factory) -> MotionMMDiT:
    """Return a transformer with random weights, all of them in effect."""
    torch.manual_seed(0)
    network = MotionMMDiT(CONFIG, Layers(**factory)).eval().requires_grad_(False)
    for parameter in network.parameters():
        if parameter.device.type != "meta":
            parameter.add_(0.2 * torch.randn(parameter.shape))
    return network


def features(num_frames: int, seed: int = 0) -> torch.Tensor:
    """Return audio features of noise, shape (num_frames, 2, 3)."""
    return torch.randn(num_frames, 2, 3, generator=torch.Generator().manual_seed(seed))


@contextmanager
def torch_threads(number: int):
    """Let torch use a number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def conditions(audio, emotion=None, **given) -> Conditions:
    """Return conditions of the case's face; an emotion may be weights (9,)."""
    if isinstance(emotion, torch.Tensor):
        emotion = EmotionCurve.constant(emotion)
    return Conditions(audio, IDENTITY, PREVIOUS, emotion or EmotionCurve.none(), **given)


def takes(network, audio, seeds=(42,), emotion=None, **arguments) -> torch.Tensor:
    """Sample takes, shape (takes, T, 70), of options given as arguments."""
    run = {name: arguments.pop(name) for name in RUN if name in arguments}
    given = {name: arguments.pop(name) for name in GIVEN if name in arguments}
    options = SamplingOptions(**{"num_steps": 2, **arguments})
    asked = conditions(audio, emotion, **given)
    null_audio = NULL_AUDIO.to(next(network.parameters()).dtype)
    return sample_takes(network, null_audio, asked, options, seeds, **run)


def sample(network, audio, **arguments) -> torch.Tensor:
    """Sample one take, shape (T, 70)."""
    return takes(network, audio, **arguments)[0]


def rounding_of(network, audio, **arguments) -> float:
    """Return by how much two ways to the same takes may differ, in standard deviations.

    A network of float64 tells what float32 is off by, at most, on this processor. Each of two ways
    is off by as much, and other kernels, which sum in another order, by up to twice that.
    """
    exact = takes(deepcopy(network).double(), audio, **arguments)
    return 4 * float((takes(network, audio, **arguments) - exact).abs().max())
