"""What many minutes of motion are measured by: drift, repetition, and the joins of windows."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from moda_core.motion.motion import FPS, HEAD
from moda_core.sampling.window_plan import OVERLAP, STRIDE

NAMES = (
    *(f"expression {keypoint} {axis}" for keypoint in range(21) for axis in "xyz"),
    *("scale", "translation x", "translation y", "translation z", "pitch", "yaw", "roll"),
)
END = 1 / 6  # of the motion, that counts as early and as late
BLOCK = 10 * FPS
STILL = 1e-6  # deviation of dims that the model never moves
SHORTEST_LAG_S = 5.0
DIFFERENCE = 3  # frames before a frame that its third difference depends on


def drift_figures(takes: Tensor) -> dict:
    """Return how far motion (B, N, 70) moves away, in standard deviations of the training set.

    `late_over_early` is the mean of the last sixth less that of the first, and `slope` the rise of
    the straight line over the whole motion, both as means of the takes. Chance moves means, too:
    `in_errors` divides by the standard error, of which the largest of 29 dims has 2 to 3. Takes
    share their speech, so that together they count as one there. `wander` is the deviation of the
    means of ten seconds from that line.
    """
    moving = takes.std(dim=(0, 1)) > STILL
    late, slope = late_over_early(takes), slopes(takes)
    level = takes - torch.linspace(-0.5, 0.5, takes.shape[1])[:, None] * slope
    blocks = level[:, : takes.shape[1] // BLOCK * BLOCK].unflatten(1, (-1, BLOCK)).mean(dim=2)
    wander = blocks.std(dim=1).square().mean(dim=0).sqrt()  # (70,)
    num_blocks = END * takes.shape[1] / BLOCK
    errors = torch.where(moving, late / (wander * (2 / num_blocks) ** 0.5 + STILL), 0)
    return {
        "late_over_early_worst": _worst(late),
        "in_errors_worst": _worst(errors),
        "slope_worst": _worst(slope),
        "late_over_early_rms": _rms(late[moving]),
        "wander": _rms(wander[moving]),
        "wander_of_head": _rms(wander[HEAD]),
        "deviation_of_head": _rms(takes[..., HEAD].std(dim=1)),
        "late_over_early": [round(value, 3) for value in late.tolist()],
        "slope": [round(value, 3) for value in slope.tolist()],
    }


def late_over_early(takes: Tensor) -> Tensor:
    """Return the mean of the last sixth of motion (B, N, 70) less that of the first, (70,)."""
    part = max(1, round(END * takes.shape[1]))
    return (takes[:, -part:].mean(dim=1) - takes[:, :part].mean(dim=1)).mean(dim=0)


def slopes(takes: Tensor) -> Tensor:
    """Return by how much the straight line through motion (B, N, 70) rises in all, (70,)."""
    time = torch.linspace(-0.5, 0.5, takes.shape[1], dtype=torch.float64)
    mean = takes.double().mean(dim=0)
    return ((mean * time[:, None]).sum(dim=0) / time.square().sum()).float()


def _worst(values: Tensor) -> dict:
    dim = int(values.abs().argmax())
    return {"dim": NAMES[dim], "value": round(float(values[dim]), 3)}


def _rms(values: Tensor) -> float:
    return round(float(values.square().mean().sqrt()), 3)


def repetition_figures(takes: Tensor) -> dict:
    """Return the largest correlation of the head (B, N, 70) with itself at lags from 5 s on.

    By chance is that of a take with another one, which can't repeat it, over as many lags. Both
    are means over the dims of the head that move.
    """
    heads = [take[:, HEAD].numpy().astype(np.float64).T for take in takes]
    own = [_largest(dim, dim) for head in heads for dim in head if dim.std() > STILL]
    chance = [
        _largest(first, second)
        for index, head in enumerate(heads)
        for other in heads[index + 1 :]
        for first, second in zip(head, other, strict=True)
        if first.std() > STILL
    ]
    means = [float(np.mean(each)) if each else None for each in (own, chance)]
    return dict(zip(("largest", "by_chance"), means, strict=True))


def _largest(first: np.ndarray, second: np.ndarray) -> float:
    """Return the largest correlation of two curves (N,) at lags from 5 s to half their length."""
    count = len(first)
    first, second = ((curve - curve.mean()) / curve.std() for curve in (first, second))
    spectrum = np.fft.rfft(first, 2 * count).conj() * np.fft.rfft(second, 2 * count)
    lags = np.arange(round(SHORTEST_LAG_S * FPS), count // 2)
    return float((np.fft.irfft(spectrum)[lags] / (count - lags)).max())


def join_figures(takes: Tensor, chosen: Sequence[int] | None = None) -> dict[str, float]:
    """Return jerk and speed where windows are joined, over those elsewhere; takes (B, N, 70).

    `chosen` are the first frames of the windows to look at, default all but the first one. The
    fastest are the upper thousandth, as a jump would be.
    """
    joined = range(STRIDE, takes.shape[1], STRIDE)
    figures = {}
    for name, values in (
        ("jerk", takes.diff(n=3, dim=1).square().mean(dim=2).sqrt()),
        ("head_speed", takes[..., HEAD].diff(dim=1).square().mean(dim=2).sqrt()),
    ):
        elsewhere = values[:, ~_near(joined, values.shape[1])]
        own = values[:, _near(joined if chosen is None else chosen, values.shape[1])]
        figures[name] = float(own.mean() / elsewhere.mean())
        figures[f"{name}_of_fastest"] = float(own.quantile(0.999) / elsewhere.quantile(0.999))
    return {name: round(value, 3) for name, value in figures.items()}


def _near(firsts: Sequence[int], num_frames: int) -> Tensor:
    """Return which frames' differences the cross-fades from some frames on touch."""
    near = torch.zeros(num_frames, dtype=torch.bool)
    for first in firsts:
        near[first - DIFFERENCE : first + OVERLAP] = True
    return near
