"""Sampling motion for speech of any length (spec D)."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..emotion.labels import emotion_weights
from ..mmdit.model import MotionMMDiT
from .chain import Progress, sample_chain
from .emotion_curve import EmotionCurve
from .hold import Hold
from .joint import sample_joint
from .options import SamplingOptions
from .window import WindowSampler
from .window_plan import count_windows, window_noise


def sample_motion(
    network: MotionMMDiT,
    null_audio: Tensor,
    features: Tensor,
    identity: Tensor,
    previous: Tensor,
    emotion: EmotionCurve | Tensor | None = None,
    options: SamplingOptions | None = None,
    noise: Sequence[Tensor] | None = None,
    progress: Progress | None = None,
    on_window: Callable[[Tensor], None] | None = None,
    hold: Hold | None = None,
    threads: int = 1,
) -> Tensor:
    """Sample motion for a whole clip.

    Parameters
    ----------
    network, null_audio, features, identity, previous, emotion, options, progress, on_window, hold,
    threads
        See `sample_takes`.
    noise : sequence of Tensor, shape (1, 80, 70), optional
        One for each window, instead of `window_noise`.

    Returns
    -------
    Tensor, shape (T, 70), float32
        Normalised motion.

    Raises
    ------
    ValueError
        If the features are not what the network was built for, or there are none.
    """
    options = options or SamplingOptions()
    takes = sample_takes(
        network,
        null_audio,
        features,
        identity,
        previous,
        emotion,
        options,
        [options.seed],
        noise,
        progress,
        on_window,
        hold,
        threads,
    )
    return takes[0]


@torch.inference_mode()
def sample_takes(
    network: MotionMMDiT,
    null_audio: Tensor,
    features: Tensor,
    identity: Tensor,
    previous: Tensor,
    emotion: EmotionCurve | Tensor | None = None,
    options: SamplingOptions | None = None,
    seeds: Sequence[int] = (42,),
    noise: Sequence[Tensor] | None = None,
    progress: Progress | None = None,
    on_window: Callable[[Tensor], None] | None = None,
    hold: Hold | None = None,
    threads: int = 1,
) -> Tensor:
    """Sample several takes of a clip in one batch.

    Parameters
    ----------
    network : MotionMMDiT
    null_audio : Tensor, shape (channels,)
        Stands for "no audio"; its device and dtype are those of the run.
    features : Tensor, shape (T, layers, channels)
        Audio features at 25 fps.
    identity : Tensor, shape (63,)
        Canonical keypoints of the face.
    previous : Tensor, shape (1, 1, 70)
        Normalised motion before the first frame, see `previous_motion`.
    emotion : EmotionCurve, or Tensor of shape (9,), optional
        Over the clip, or weights over `EMOTIONS` that the network is told as they are; default
        none.
    options : SamplingOptions, optional
        Its seed is not used.
    seeds : sequence of int
        One for each take.
    noise : sequence of Tensor, shape (takes, 80, 70), optional
        One for each window, instead of `window_noise`.
    progress : callable (done, total), optional
        Called as the work goes on; may raise to cancel.
    on_window : callable (motion), optional
        Called after every window of a chain but the last with the first take's normalised motion
        so far, shape (n, 70).
    hold : Hold, optional
        Motion to keep.
    threads : int
        Of a CPU whose operators run in one thread (`one_thread`): pieces of the work, if there are
        several, are shared among so many.

    Returns
    -------
    Tensor, shape (takes, T, 70), float32
        Normalised motion.

    Raises
    ------
    ValueError
        If the features are not what the network was built for, there are none, or a seed is wrong.
    """
    options = options or SamplingOptions()
    for seed in seeds:
        replace(options, seed=seed)  # checks it
    emotion = emotion_weights("none") if emotion is None else emotion
    _check_features(network, features)
    num_windows = count_windows(len(features), options.overlap)
    if noise is not None and len(noise) < num_windows:
        raise ValueError(f"Expected noise for {num_windows} windows, got it for {len(noise)}.")
    sampler = WindowSampler(network, null_audio, identity, emotion, options, hold, threads)

    def draw(index: int) -> Tensor:
        if noise is not None:
            return noise[index]
        return torch.cat([window_noise(seed, index) for seed in seeds])

    previous = previous.expand(len(seeds), -1, -1)
    if options.windows == "joint":
        return sample_joint(sampler, features, previous, draw, progress)
    return sample_chain(sampler, features, previous, draw, progress, on_window)


def _check_features(network: MotionMMDiT, features: Tensor) -> None:
    config = network.config
    expected = (config.audio_layers, config.audio_width)
    if features.ndim != 3 or tuple(features.shape[1:]) != expected or not len(features):
        raise ValueError(
            f"Expected audio features of shape (T, {expected[0]}, {expected[1]}), "
            f"got {tuple(features.shape)}. Use the audio encoder that the model was trained on."
        )
