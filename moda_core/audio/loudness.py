"""Normalise the loudness of sound without clipping or raising noise."""

import math

import torch
from torch import Tensor

from .clip import check_finite, check_waveform

TARGET_DB = -23.0  # of full scale; as EBU R 128 asks of broadcast sound
BLOCK_S = 0.4
# Blocks further below the loudest one are pauses. The syllables of a sentence lie within about
# 15 dB of each other, the sound of the room mostly more than 30 dB below.
GATE_DB = 20.0
# Quieter sound is the noise of an empty room, and stays unchanged.
SILENCE_DB = -60.0
# Speech below -43 dB stays below the target, since its noise would be raised too.
MAX_GAIN_DB = 20.0


def gated_level(waveform: Tensor, sample_rate: int) -> float:
    """Return the RMS of the loud parts of a sound (C, T), in dB of full scale; -inf for silence.

    Only blocks of about 400 ms count that are at most `GATE_DB` below the loudest one.
    """
    num_blocks = max(round(waveform.shape[1] / (BLOCK_S * sample_rate)), 1)
    blocks = waveform.tensor_split(num_blocks, dim=1)  # of equal length but for one sample
    power = torch.stack([block.double().square().mean() for block in blocks])
    loud = power[power >= power.max() * 10 ** (-GATE_DB / 10)]
    mean = loud.mean().item()
    return 10 * math.log10(mean) if mean > 0 else -math.inf


def normalize_loudness(waveform: Tensor, sample_rate: int, target_db: float = TARGET_DB) -> Tensor:
    """Bring a sound to a loudness by one gain.

    Parameters
    ----------
    waveform : Tensor, shape (C, T), float32
        Full scale at 1.
    target_db : float
        Target level in dB of full scale, at most 0.

    Returns
    -------
    Tensor, shape (C, T), float32
        A new tensor. The gain is limited to `MAX_GAIN_DB` and so that no sample exceeds full
        scale. Sound below `SILENCE_DB` is unchanged, so that silence does not become noise.

    Raises
    ------
    ValueError
        If the shape, rate or level is wrong, or a sample is not finite.
    """
    check_waveform(waveform, sample_rate)
    if not -math.inf < target_db <= 0:
        raise ValueError(f"Expected a level of at most 0 dB, got {target_db}.")
    check_finite(waveform, sample_rate)
    lowest, highest = torch.aminmax(waveform)
    peak = max(-lowest.item(), highest.item())
    level_db = gated_level(waveform, sample_rate)
    gain_db = 0.0 if level_db < SILENCE_DB else min(target_db - level_db, MAX_GAIN_DB)
    gain = 10 ** (gain_db / 20)
    return waveform * min(gain, 1 / peak) if peak else waveform.clone()
