"""Movement of the lips: its size, and closed lips in silence."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ..motion.checks import check_number
from ..motion.easing import smoothstep
from ..motion.motion import (
    EXPRESSION,
    LIP_DIMS,
    LIP_KEYPOINTS,
    Motion,
    MotionStats,
    modulate_lips,
    released_stats,
)
from ..motion.regions import part_matrix

# Speech only: smiles and sneers are neither amplified nor closed.
SPEECH_CONTROLS = ("jaw", "close", "width")
LARGEST_GAIN = 4.0
LONGEST_S = 5.0


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def speech_matrix() -> Tensor:
    """Return the matrix (63, 63), float64, of the lips' part in speech, see `part_matrix`."""
    return part_matrix(SPEECH_CONTROLS, LIP_KEYPOINTS)


def scale_lips(motion: Motion, gain: float = 1.0) -> Motion:
    """Scale the lips' movement in speech.

    Parameters
    ----------
    gain : float in [0, 4]
        Of the lips' departure from rest by speech; 1 changes nothing, 0 holds them at rest.

    Returns
    -------
    Motion
        Smile, sneer and all other dims are equal bit for bit where the lips do not share them.
    """
    check_number("gain", gain, 0, LARGEST_GAIN)
    return _scale_speech(motion, torch.full((len(motion),), gain))


def close_in_silence(
    motion: Motion,
    level: Tensor | np.ndarray,
    threshold: float = 0.06,
    amount: float = 1.0,
    attack_s: float = 0.12,
    release_s: float = 0.2,
) -> Motion:
    """Bring the lips to rest where the sound is quiet.

    Parameters
    ----------
    level : Tensor or array, shape (N,)
        Loudness of every frame, 0 to 1, such as its root mean square over the loudest one.
    threshold : float in [0, 1]
        Level below which a frame counts as silence.
    amount : float in [0, 1]
        1 closes the lips completely, 0 changes nothing.
    attack_s, release_s : float in [0, 5]
        Seconds in which the lips open before speech, and in which they close after it.

    Returns
    -------
    Motion
        During speech all is equal bit for bit, as is all but the lips throughout.

    Raises
    ------
    ValueError
        If the level's length is not the motion's, the level is not finite, or a number is out of
        its range.
    """
    check_number("amount", amount, 0, 1)
    gate = speech_gate(level, motion.fps, threshold, attack_s, release_s)
    if len(gate) != len(motion):
        raise ValueError(
            f"The level has {len(gate)} frames and the motion {len(motion)}. Measure the level of "
            f"the motion's own sound at {motion.fps:g} frames a second."
        )
    return _scale_speech(motion, 1 - amount * (1 - torch.from_numpy(gate)))


def speech_gate(
    level: Tensor | np.ndarray,
    fps: float,
    threshold: float = 0.06,
    attack_s: float = 0.12,
    release_s: float = 0.2,
) -> np.ndarray:
    """Return 1 in speech and 0 in silence, with ramps that lie in the silence: (N,) to (N,)."""
    check_number("threshold", threshold, 0, 1)
    check_number("attack_s", attack_s, 0, LONGEST_S)
    check_number("release_s", release_s, 0, LONGEST_S)
    level = np.asarray(level.detach().cpu() if isinstance(level, Tensor) else level, np.float64)
    if level.ndim != 1 or not np.isfinite(level).all():
        raise ValueError(
            f"Expected a level of shape (N,) with finite numbers, got {level.shape}. Measure it "
            "frame by frame."
        )
    index = np.arange(len(level), dtype=np.float64)
    speech = (level >= threshold) & (level > 0)
    last = np.maximum.accumulate(np.where(speech, index, -np.inf))
    following = np.minimum.accumulate(np.where(speech, index, np.inf)[::-1])[::-1]
    fall = _ramp((index - last) / fps, release_s)
    rise = _ramp((following - index) / fps, attack_s)
    return 1 - (1 - fall) * (1 - rise)


def modulate_released_lips(
    motion: Motion, reference_index: int | None = None, stats: MotionStats | None = None
) -> Motion:
    """Exaggerate the lips as the released system does (spec E).

    Parameters
    ----------
    reference_index : int, optional
        Frame of closed lips; default the motion's rest.
    stats : MotionStats, optional
        Of the normalised space in which distances are measured; default the released one's.

    Returns
    -------
    Motion
        Only the six lip keypoints differ.
    """
    stats = stats or released_stats()
    if reference_index is not None and not 0 <= reference_index < len(motion):
        raise ValueError(
            f"The motion has no frame {reference_index}. Use one from 0 to {len(motion) - 1}."
        )
    rest = motion.values[:1].clone()
    rest[:, EXPRESSION] = motion.rest.to(rest)
    reference = len(motion) if reference_index is None else reference_index
    normalized = stats.normalize(torch.cat([motion.values, rest]))
    modulated = stats.denormalize(modulate_lips(normalized, 0, reference))[:-1]
    values = motion.values.clone()
    values[:, LIP_DIMS] = modulated[:, LIP_DIMS]
    return replace(motion, values=values)


def _scale_speech(motion: Motion, gain: Tensor) -> Motion:
    """Scale the lips' departure from rest by a gain (N,) per frame."""
    lips = motion.offset.double() @ speech_matrix().to(motion.values.device)
    values = motion.values.clone()
    change = (gain.to(lips) - 1)[:, None] * lips
    values[:, EXPRESSION] = (values[:, EXPRESSION].double() + change).to(values)
    return replace(motion, values=values)


def _ramp(distance_s: np.ndarray, length_s: float) -> np.ndarray:
    """Fall from 1 at distance 0 to 0 at `length_s`, (N,); distances may be infinite."""
    if length_s == 0:
        return (distance_s == 0).astype(np.float64)
    near = torch.from_numpy(np.minimum(distance_s, length_s))
    return smoothstep(length_s, 0, near).numpy()
