"""How loud the sound of a motion is, frame by frame."""

from itertools import pairwise

import numpy as np
from torch import Tensor

from ..motion.motion import Motion

SILENCE = 1e-4  # level up to which a recording counts as silent throughout
OTHER_LENGTH_S = 0.5  # a sound and a motion that differ by more do not belong together


def check_same_length(waveform: Tensor, sample_rate: int, motion: Motion) -> None:
    """Check that a sound is as long as a motion.

    Parameters
    ----------
    waveform : Tensor, shape (C, T)
    sample_rate : int
        Samples a second, above 0.
    motion : Motion

    Raises
    ------
    ValueError
        If their lengths differ by more than half a second.
    """
    sound_s, motion_s = waveform.shape[-1] / sample_rate, len(motion) / motion.fps
    if abs(sound_s - motion_s) > OTHER_LENGTH_S:
        raise ValueError(
            f"The sound lasts {sound_s:.2f} s and the motion {motion_s:.2f} s, so they do not "
            "belong together. Link the motion's own sound, such as the one from MoDA Encode Audio."
        )


def frame_levels(waveform: Tensor, sample_rate: int, num_frames: int, fps: float) -> np.ndarray:
    """Measure the level of a sound in every frame, over that of the loudest one.

    Parameters
    ----------
    waveform : Tensor, shape (C, T)
        From the first frame on; what lasts longer than the frames is left out.
    sample_rate : int
        Samples a second, above 0.
    num_frames : int
        At least 1.
    fps : float
        Frames a second, above 0.

    Returns
    -------
    array, shape (num_frames,), float64, in [0, 1]
        Root of the mean square while a frame lasts; all channels count alike. 0 past the end of
        the sound, where a sample is no finite number, and throughout a silent one.

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
