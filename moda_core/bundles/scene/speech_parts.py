"""What each person says of one recording or of several: the sound of each, and all together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...audio.phrases import Span
from ...audio.resample import resample_blocks
from ...motion.checks import check_choice
from .turns import Turns, parse_turns
from .voice_activity import louder_spans

SOUNDS, CHANNELS, LOUDER, TURNS = "sound of each", "channels", "louder track", "turns"
WAYS = (SOUNDS, CHANNELS, LOUDER, TURNS)
EDGE_S = 0.01  # in which a part fades in and out, so that its cut does not click
FULL_SCALE = 1.0

Sound = tuple[Tensor, int]


@dataclass(frozen=True, eq=False)
class SpeechParts:
    """What each person says.

    Parameters
    ----------
    own : tuple of Tensor, shape (C, T)
        The sound of each person, of one length, silent while the person does not speak.
    sample_rate : int
    mixed : Tensor, shape (C, T)
        All of them together.
    """

    own: tuple[Tensor, ...]
    sample_rate: int
    mixed: Tensor

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.mixed.shape[1] / self.sample_rate


def split_speech(
    sounds: Sequence[Sound], names: tuple[str, ...], way: str = SOUNDS, turns: str = ""
) -> SpeechParts:
    """Give each person the part that is theirs.

    Parameters
    ----------
    sounds : sequence of tuple (waveform (C, T), sample rate)
        Full scale at 1: one for each person, or one recording of all.
    names : tuple of str
        The people, in the order of the sounds and of the channels.
    way : {"sound of each", "channels", "louder track", "turns"}
        Each has a sound; each has a channel of one recording; each has a sound or a channel in
        which the others are heard too, and the loudest speaks; or a text says who speaks when.
    turns : str
        The text, see `parse_turns`.

    Raises
    ------
    ValueError
        If the way is unknown, the number of sounds or channels is another one than that of people,
        or the text can't be used.
    """
    check_choice("way to tell who speaks", way, WAYS)
    if not sounds:
        raise ValueError("There is no sound. Give one for each speaker, or one of all.")
    if way == CHANNELS:
        tracks, rate = _channels(sounds, names)
        return SpeechParts(tuple(tracks), rate, _mixture(tracks))
    if way == TURNS:
        return _by_turns(sounds, names, parse_turns(turns, names))
    if way == LOUDER and len(sounds) == 1:
        tracks, rate = _channels(sounds, names)
    else:
        tracks, rate = _tracks(sounds, names, way)
    if way == SOUNDS:
        return SpeechParts(tuple(tracks), rate, _mixture(tracks))
    spans = louder_spans(tracks, rate)
    own = tuple(_part(track, rate, each) for track, each in zip(tracks, spans, strict=True))
    return SpeechParts(own, rate, _mixture(tracks))


def _by_turns(sounds: Sequence[Sound], names: tuple[str, ...], turns: Turns) -> SpeechParts:
    if len(sounds) == 1:
        (recording, rate), mixed = sounds[0], sounds[0][0]
        tracks = [recording] * len(names)
    else:
        tracks, rate = _tracks(sounds, names, TURNS)
        mixed = _mixture(tracks)
    duration_s = mixed.shape[1] / rate
    own = tuple(
        _part(track, rate, turns.spans(name, duration_s))
        for name, track in zip(names, tracks, strict=True)
    )
    return SpeechParts(own, rate, mixed)


def _channels(sounds: Sequence[Sound], names: tuple[str, ...]) -> tuple[list[Tensor], int]:
    """Return the channels (1, T) of one recording, one for each name."""
    if len(sounds) != 1:
        raise ValueError(
            f"Expected one recording with a channel for each speaker, got {len(sounds)} sounds. "
            f"Give one, or choose '{SOUNDS}'."
        )
    waveform, rate = sounds[0]
    if len(waveform) != len(names):
        raise ValueError(
            f"The recording has {len(waveform)} channels, and the cast {len(names)} speakers: "
            f"{', '.join(names)}. Use a recording with a channel for each, or choose '{TURNS}'."
        )
    return list(waveform.split(1)), rate


def _tracks(sounds: Sequence[Sound], names: tuple[str, ...], way: str) -> tuple[list[Tensor], int]:
    """Return a sound for each name, of one rate and one length."""
    if len(sounds) != len(names):
        remedy = "" if way == TURNS or len(sounds) > 1 else f", or choose '{TURNS}'"
        raise ValueError(
            f"The cast has {len(names)} speakers, {', '.join(names)}, and there are {len(sounds)} "
            f"sounds. Give one for each{remedy}."
        )
    rate = max(rate for _, rate in sounds)
    tracks = [_resampled(waveform, each, rate) for waveform, each in sounds]
    length = max(track.shape[1] for track in tracks)
    return [torch.nn.functional.pad(t, (0, length - t.shape[1])) for t in tracks], rate


def _resampled(waveform: Tensor, rate: int, target: int) -> Tensor:
    if rate == target:
        return waveform
    channels = (resample_blocks([channel.numpy()], rate, target) for channel in waveform.float())
    return torch.stack([torch.from_numpy(np.concatenate(list(blocks))) for blocks in channels])


def _part(track: Tensor, rate: int, spans: list[Span]) -> Tensor:
    """Return a track (C, T) that is silent outside of spans."""
    own = torch.zeros_like(track)
    edge = max(1, round(EDGE_S * rate))
    for start_s, stop_s in spans:
        start, stop = round(start_s * rate), min(round(stop_s * rate), track.shape[1])
        if stop <= start:
            continue
        own[:, start:stop] = track[:, start:stop]
        ramp = torch.arange(1, min(edge, stop - start) + 1).to(track) / (edge + 1)
        if start > 0:
            own[:, start : start + len(ramp)] *= ramp
        if stop < track.shape[1]:
            own[:, stop - len(ramp) : stop] *= ramp.flip(0)
    return own


def _mixture(tracks: list[Tensor]) -> Tensor:
    """Return the sum of tracks, quieter if it would clip; mono ones are in all channels."""
    channels = max(len(track) for track in tracks)
    fitting = all(len(track) in (1, channels) for track in tracks)
    spread = [t if fitting else t.mean(dim=0, keepdim=True) for t in tracks]
    total = spread[0].clone()
    for track in spread[1:]:
        total = total + track
    peak = float(total.abs().max())
    loudest = max(FULL_SCALE, *(float(track.abs().max()) for track in tracks))
    return total * (loudest / peak) if peak > loudest else total
