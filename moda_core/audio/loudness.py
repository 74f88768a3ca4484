"""Bring sound to an even loudness, without clipping it and without raising noise."""

import math

import torch
from torch import Tensor

TARGET_DB = -23.0  # of full scale; where EBU R 128 puts broadcast sound
BLOCK_S = 0.4
# Blocks further below the loudest one are pauses. The syllables of a sentence lie within about
# 15 dB of each other, the room behind them mostly more than 30 dB below.
GATE_DB = 20.0
# Quieter sound is what a microphone makes of an empty room, and stays as it is.
SILENCE_DB = -60.0
# Speech quieter than -43 dB stays below the target, as its noise would come up with it.
MAX_GAIN_DB = 20.0


def gated_level(waveform: Tensor, sample_rate: int) -> float:
    """Measure the level of the loud parts of a sound.

    Parameters
    ----------
    waveform : Tensor, shape (C, T), float32
        Full scale at 1; at least one sample.
    sample_rate : int
        Samples a second.

    Returns
    -------
    float
        RMS in dB of full scale over the blocks, of about 400 ms, that are at most `GATE_DB` below
        the loudest; -inf where all samples are 0. All channels count alike.
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
        Full scale at 1, see `cut_clip`.
    sample_rate : int
        Samples a second.
    target_db : float
        Level wanted, in dB of full scale, at most 0; see `gated_level`.

    Returns
    -------
    Tensor, shape (C, T), float32
        A new one. No sample is beyond full scale: the gain ends where the highest peak meets it.
        The gain is at most `MAX_GAIN_DB`, and sound below `SILENCE_DB` comes back unchanged, so
        that silence does not become noise.

    Raises
    ------
    ValueError
        If the shape, the rate or the level is wrong, or a sample is not a finite number.
    """
    if waveform.ndim != 2 or not waveform.numel():
        raise ValueError(
            f"Expected a waveform of shape (C, T) with samples in it, got {tuple(waveform.shape)}. "
            "Use one sound that is not empty."
        )
    if not sample_rate > 0:
        raise ValueError(f"Expected a sample rate above 0, got {sample_rate}.")
    if not -math.inf < target_db <= 0:
        raise ValueError(f"Expected a level of at most 0 dB, got {target_db}.")
    lowest, highest = torch.aminmax(waveform)
    peak = max(-lowest.item(), highest.item())
    if not math.isfinite(peak):
        raise ValueError(
            "The sound has a sample that is no finite number (NaN or infinity). "
            "Repair or export it again."
        )
    level_db = gated_level(waveform, sample_rate)
    if level_db < SILENCE_DB:
        gain = 1.0
    else:
        gain = 10 ** (min(target_db - level_db, MAX_GAIN_DB) / 20)
    return waveform * min(gain, 1 / peak) if peak else waveform.clone()
