"""Clean recorded speech: rumble, noise and level, without a network."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ..clip import check_finite, check_waveform
from ..loudness import normalize_loudness
from .frames import Framing
from .high_pass import high_pass
from .noise_floor import NOISES, SHORTEST_S, STEADY, NoiseFloor, measure_noise
from .spectral_gate import CLEAN_DB, gate, gate_amounts


@dataclass(frozen=True)
class Cleaning:
    """What is done to speech, in this order.

    Parameters
    ----------
    high_pass_hz : float
        Frequency below which sound is removed; 0 is off.
    strength : float in [0, 1]
        Share of the noise that is removed; 0 is off.
    noise : {"steady", "changing"}
        See `measure_noise`.
    loudness : bool
        Whether to bring the speech to a standard loudness.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    high_pass_hz: float = 0.0
    strength: float = 0.7
    noise: str = STEADY
    loudness: bool = False

    def __post_init__(self):
        if not 0 <= self.strength <= 1:
            raise ValueError(f"Expected a strength of 0 to 1, got {self.strength}.")
        if not self.high_pass_hz >= 0:
            raise ValueError(f"Expected a high-pass of at least 0 Hz, got {self.high_pass_hz}.")
        if self.noise not in NOISES:
            kinds = ", ".join(NOISES)
            raise ValueError(f"Expected the noise to be one of {kinds}, got {self.noise!r}.")


@dataclass(frozen=True, eq=False)
class CleanedSpeech:
    """Speech after cleaning.

    Parameters
    ----------
    waveform : Tensor, shape (C, T), float32
        Of the same length as the sound that was cleaned.
    note : str
        What was found and done about the noise, in one sentence; empty if nothing was to be done.
    """

    waveform: Tensor
    note: str = ""


def clean_speech(
    waveform: Tensor,
    sample_rate: int,
    cleaning: Cleaning,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> CleanedSpeech:
    """Remove rumble and noise from speech, and set its level.

    Parameters
    ----------
    waveform : Tensor, shape (C, T), float32
        Full scale at 1. Each channel is cleaned for itself.
    sample_rate : int
        Above 0.
    progress : callable (done, total), optional
        Called several times a minute of sound; may raise to cancel.

    Returns
    -------
    CleanedSpeech
        With everything off its samples are those of `waveform`. Beside the result, memory is used
        for a copy of one channel.

    Raises
    ------
    ValueError
        If the shape, the rate or the high-pass is wrong, or a sample is not finite.
    """
    check_waveform(waveform, sample_rate)
    check_finite(waveform, sample_rate)
    cleaned, floors = waveform.detach().clone(), []
    framing, total = Framing(sample_rate), waveform.numel()
    for index, channel in enumerate(cleaned.numpy()):
        first = index * len(channel)
        if cleaning.high_pass_hz:
            channel[:] = high_pass(channel, sample_rate, cleaning.high_pass_hz)
        floor = measure_noise(channel, framing, cleaning.noise) if cleaning.strength else None
        if floor is not None:
            channel[:] = gate(
                channel,
                framing,
                floor,
                cleaning.strength,
                lambda done, first=first: progress(first + done, total),
            )
        floors.append(floor)
    progress(total, total)
    if cleaning.loudness:
        cleaned = normalize_loudness(cleaned, sample_rate)
    note = noise_note(floors) if cleaning.strength and bool(waveform.any()) else ""
    return CleanedSpeech(cleaned, note)


def noise_note(floors: list[NoiseFloor | None]) -> str:
    """Say how loud the noise of the channels is, and whether it was reduced."""
    if None in floors:
        return f"The speech is shorter than {SHORTEST_S:g} s, so its noise can't be measured."
    below_db = min(float(floor.below_db.min()) for floor in floors)
    if gate_amounts(np.array(below_db)) > 0:
        return f"The noise lies {below_db:.0f} dB below the speech and was reduced."
    return f"The noise lies more than {CLEAN_DB:.0f} dB below the speech and was left as it is."
