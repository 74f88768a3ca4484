"""Sampling motion for speech of any length (spec D)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..mmdit.model import MotionMMDiT
from ..runtime.threads import threads_for
from .anchor import PauseAnchor
from .chain import Progress, sample_chain
from .conditions import Conditions
from .joint import sample_joint
from .options import SamplingOptions
from .window import WindowSampler
from .window_plan import count_windows, window_noise


def sample_motion(
    network: MotionMMDiT,
    null_audio: Tensor,
    conditions: Conditions,
    options: SamplingOptions | None = None,
) -> Tensor:
    """Sample normalised motion (T, 70) for a whole clip: one take, of the options' own seed."""
    options = options or SamplingOptions()
    return sample_takes(network, null_audio, conditions, options, [options.seed])[0]


@torch.inference_mode()
def sample_takes(
    network: MotionMMDiT,
    null_audio: Tensor,
    conditions: Conditions,
    options: SamplingOptions,
    seeds: Sequence[int],
    progress: Progress | None = None,
    on_window: Callable[[Tensor], None] | None = None,
) -> Tensor:
    """Sample several takes of a clip in one batch.

    Parameters
    ----------
    null_audio : Tensor, shape (channels,)
        Stands for "no audio"; its device and dtype are those of the run.
    options : SamplingOptions
        The seed in it is not used.
    seeds : sequence of int
        One for each take.
    progress : callable (done, total), optional
        Called as the work goes on; may raise to cancel.
    on_window : callable (motion), optional
        Called after every window of a chain but the last with the first take's normalised motion
        so far, shape (n, 70).

    Returns
    -------
    Tensor, shape (takes, T, 70), float32
        Normalised motion.

    Raises
    ------
    ValueError
        If there are no features, or not those that the network was built for; a seed is wrong; or
        windows are to be anchored and the pauses are not known.
    """
    for seed in seeds:
        replace(options, seed=seed)  # checks it
    features, noise = conditions.features, conditions.noise
    _check_features(network, features)
    num_windows = count_windows(len(features), options.overlap)
    if noise is not None and len(noise) < num_windows:
        raise ValueError(f"Expected noise for {num_windows} windows, got it for {len(noise)}.")

    def draw(index: int) -> Tensor:
        if noise is not None:
            return noise[index]
        return torch.cat([window_noise(seed, index) for seed in seeds])

    previous = conditions.previous.expand(len(seeds), -1, -1)
    with threads_for(network.config.width) as threads:
        sampler = WindowSampler(network, null_audio, conditions, options, threads)
        if options.windows == "joint":
            return sample_joint(sampler, features, previous, draw, progress)
        anchor = _pause_anchor(conditions, options, len(seeds)) if num_windows > 1 else None
        return sample_chain(sampler, features, previous, draw, progress, on_window, anchor)


def _pause_anchor(
    conditions: Conditions, options: SamplingOptions, num_takes: int
) -> PauseAnchor | None:
    if options.windows != "anchored":
        return None
    if conditions.voiced is None or len(conditions.voiced) != len(conditions.features):
        raise ValueError(
            "The audio features don't say where the speech pauses, so windows can't be anchored "
            "there. Encode the speech again, or sample a chain of windows."
        )
    start = conditions.previous if conditions.start is None else conditions.start
    return PauseAnchor(start.expand(num_takes, -1, -1), conditions.voiced, options.overlap)


def _check_features(network: MotionMMDiT, features: Tensor) -> None:
    config = network.config
    expected = (config.audio_layers, config.audio_width)
    if features.ndim != 3 or tuple(features.shape[1:]) != expected or not len(features):
        raise ValueError(
            f"Expected audio features of shape (T, {expected[0]}, {expected[1]}), "
            f"got {tuple(features.shape)}. Use the audio encoder that the model was trained on."
        )
