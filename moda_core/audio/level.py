"""The level of the sound of a motion, frame by frame."""

from itertools import pairwise

import numpy as np
from torch import Tensor

from ..motion.motion import Motion

SILENCE = 1e-4  # a recording whose loudest frame is below this is silent
MAX_DIFFERENCE_S = 0.5  # in length, between a motion and its sound


def check_same_length(waveform: Tensor, sample_rate: int, motion: Motion) -> None:
    """Raise ValueError if a sound (C, T) and a motion differ in length by more than 0.5 s."""
    sound_s, motion_s = waveform.shape[-1] / sample_rate, len(motion) / motion.fps
    if abs(sound_s - motion_s) > MAX_DIFFERENCE_S:
        raise ValueError(
            f"The sound lasts {sound_s:.2f} s and the motion {motion_s:.2f} s, so they do not "
            "belong together. Link the motion's own sound, such as the one from MoDA Encode Audio."
        )


def frame_levels(waveform: Tensor, sample_rate: int, num_frames: int, fps: float) -> np.ndarray:
    """Measure the level of a sound in every frame, relative to the loudest frame.

    Parameters
    ----------
    waveform : Tensor, shape (C, T)
        Starts at the first frame; sound after the last frame is ignored.
    sample_rate : int
        Above 0.
    num_frames : int
        At least 1.
    fps : float
        Above 0.

    Returns
    -------
    array, shape (num_frames,), float64, in [0, 1]
        Root mean square over the frame, with equal weight for all channels. 0 after the end of
        the sound, where a sample is not finite, and everywhere in a silent sound.

    Raises
    ------
    ValueError
        If the shape or a number is wrong.
    """
    if waveform.ndim != 2 or not sample_rate > 0:
        raise ValueError(
            "Expected sound of shape (C, T) and a sample rate above 0, got "
            f"{tuple(waveform.shape)} and {sample_rate}. Pick one sound of a batch."
        )
    if num_frames < 1 or not fps > 0:
        raise ValueError(f"Expected frames and a rate above 0, got {num_frames} and {fps}.")
    edges = np.rint(np.arange(num_frames + 1) / fps * sample_rate)
    edges = np.minimum(edges, waveform.shape[1]).astype(np.int64)
    power = np.zeros(num_frames)
    for samples in waveform.detach().cpu().float().numpy():
        # Frame by frame: squares of the whole sound would be a second copy of it.
        pieces = (samples[first:last] for first, last in pairwise(edges.tolist()))
        power += np.fromiter((piece @ piece for piece in pieces), np.float64, num_frames)
    power /= np.maximum(np.diff(edges), 1) * max(len(waveform), 1)
    level = np.sqrt(np.nan_to_num(power, nan=0.0, posinf=0.0))
    loudest = level.max()
    return level / loudest if loudest > SILENCE else level * 0
