"""Which channels of a sound are heard: their mean, or one of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

CHANNELS = ("mix", "left", "right")
SILENT = 2.0**-15  # half the range of the samples: one step of 16 bits
UNHEARD = 1e-3  # the same, of the loudest channel: 60 dB below it, a channel carries no sound
# Power of the mean of the channels, of what independent channels would give. Two channels as loud
# as each other come below it where their correlation is under -0.8.
CANCELLING = 0.2
AS_LOUD = 0.9  # power of a channel, of that of the loudest: the first of them is chosen


@dataclass(frozen=True)
class Heard:
    """What is heard of a sound.

    Parameters
    ----------
    channels : tuple of int
        The mean of these channels is heard.
    num_samples : int
        Length of the sound.
    note : str
        What a user should know about the choice, in one or two sentences; empty if nothing.
    """

    channels: tuple[int, ...]
    num_samples: int
    note: str = ""


def named_channels(num_channels: int, channel: str) -> tuple[int, ...]:
    """Return the channels that a choice names: all for 'mix'; the left is the first.

    Sound of one channel has it on both sides. ValueError for an unknown choice.
    """
    if channel not in CHANNELS:
        raise ValueError(f"Expected a channel out of {', '.join(CHANNELS)}, got {channel!r}.")
    if channel == "mix":
        return tuple(range(num_channels))
    return (min(CHANNELS.index(channel) - 1, num_channels - 1),)


def hear(blocks: Iterable[np.ndarray], channel: str = "mix", name: str = "the sound") -> Heard:
    """Choose the channels to listen to.

    Parameters
    ----------
    blocks : iterable of array, shape (C, T), float32
        The whole sound, full scale at 1.
    channel : {"mix", "left", "right"}
        "mix" is the mean of the channels that carry sound. Where they cancel, as those do of which
        one is the other with the opposite sign, it is the loudest of them.
    name : str
        What the note calls the sound.

    Raises
    ------
    ValueError
        If `channel` is unknown.
    """
    count, total, products = 0, np.zeros(1), 0.0
    low, high = np.inf, -np.inf
    for block in blocks:
        samples = block.astype(np.float64)
        count += samples.shape[1]
        total = total + samples.sum(axis=1)
        # Not a matrix product, whose threads take longer to wake than these few channels.
        products = products + np.einsum("ct,dt->cd", samples, samples)
        low, high = np.minimum(low, block.min(axis=1)), np.maximum(high, block.max(axis=1))
    named = list(named_channels(len(total), channel))
    if not count:
        return Heard((), 0)
    covariance = products / count - np.outer(total, total) / count**2
    reach = (high - low)[named] / 2
    if reach.max() <= SILENT:
        note = f"{name} is silent, so the mouth stays closed. Check the recording."
        if len(named) < len(total) and (high - low).max() / 2 > SILENT:
            note = f"{name} is silent in its {channel} channel. Choose another channel."
        return Heard(tuple(named), count, _sentence(note))
    carrying = np.array(named)[reach > UNHEARD * reach.max()]
    power = covariance[np.ix_(carrying, carrying)]
    if power.sum() >= CANCELLING * power.trace():
        return Heard(tuple(carrying.tolist()), count)
    powers = power.diagonal()
    loudest = int(carrying[(powers >= AS_LOUD * powers.max()).argmax()])
    side = f"the {CHANNELS[loudest + 1]} one" if loudest < 2 else f"number {loudest + 1}"
    note = f"{name} has channels that cancel each other when mixed, so only {side} is heard"
    return Heard((loudest,), count, _sentence(f"{note}. Choose a channel to decide."))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def mixed(
    blocks: Iterable[np.ndarray], channels: tuple[int, ...] | None = None
) -> Iterator[np.ndarray]:
    """Yield blocks (C, T) as the mean (T,) of some channels; default of all."""
    for block in blocks:
        yield (block if channels is None else block[list(channels)]).mean(axis=0)
