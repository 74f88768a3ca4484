"""Augmentation of log-mel power as in real recordings: voice, room, noise, music, level."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..audio.log_mel import NUM_BANDS, POWER_FLOOR, QUIETEST_REFERENCE, normalize_log_mel

LOG_FLOOR = math.log(POWER_FLOOR)
REVERB_STEPS = 40  # 10 ms each


def _uniform(shape: tuple[int, ...], low: float, high: float, random: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=random)


def _curves(rows: int, knots: int, size: float, random: torch.Generator) -> Tensor:
    """Return smooth random curves over the bands, shape (rows, 1, 64)."""
    values = size * torch.randn(rows, 1, knots, generator=random)
    return F.interpolate(values, NUM_BANDS, mode="linear", align_corners=True)


def warp_formants(log_mel: Tensor, factor: Tensor) -> Tensor:
    """Stretch the bands of (B, S, 64) by factors (B,), as other lengths of the vocal tract do."""
    position = (torch.arange(NUM_BANDS) * factor[:, None]).clamp(max=NUM_BANDS - 1)
    lower = position.floor().long()
    upper = (lower + 1).clamp(max=NUM_BANDS - 1)
    weight = (position - lower)[:, None]
    steps = log_mel.shape[1]
    index = [band[:, None].expand(-1, steps, -1) for band in (lower, upper)]
    return torch.lerp(log_mel.gather(2, index[0]), log_mel.gather(2, index[1]), weight)


def add_room(power: Tensor, decay_s: Tensor, share: Tensor) -> Tensor:
    """Add an exponential tail of `decay_s` (B,) and a `share` (B,) to every sound of (B, S, 64)."""
    steps = torch.arange(REVERB_STEPS, 0, -1) * 0.01
    tail = torch.exp(-steps / decay_s[:, None])
    kernel = tail / tail.sum(dim=1, keepdim=True) * share[:, None]
    kernel = torch.cat([kernel, 1 - share[:, None]], dim=1)  # the last tap is the direct sound
    padded = F.pad(power.permute(2, 0, 1), (REVERB_STEPS, 0))  # (64, B, S + 40)
    return F.conv1d(padded, kernel[:, None], groups=len(share)).permute(1, 2, 0)


def _noise(rows: int, steps: int, random: torch.Generator) -> Tensor:
    """Return steady coloured noise of loudness near 0, log power (rows, steps, 64)."""
    grain = 0.4 * torch.randn(rows, steps, NUM_BANDS, generator=random)
    return grain + _curves(rows, 4, 1.2, random) - math.log(NUM_BANDS)


def _music(rows: int, steps: int, random: torch.Generator) -> Tensor:
    """Return chords that change now and then, of loudness near 0, log power (rows, steps, 64)."""
    length = int(_uniform((1,), 15, 90, random))
    count = steps // length + 2
    chords = 1.6 * torch.randn(rows, count, NUM_BANDS, generator=random)
    chords = chords - torch.arange(NUM_BANDS) * _uniform((rows, 1, 1), 0, 0.06, random)
    offset = int(_uniform((1,), 0, length, random))
    beat = 0.5 * torch.randn(rows, steps, 1, generator=random)
    bed = chords.repeat_interleave(length, dim=1)[:, offset : offset + steps]
    return bed + beat - math.log(NUM_BANDS)


def augment(log_mel: Tensor, reference: Tensor, random: torch.Generator) -> Tensor:
    """Make clean synthetic speech (B, S, 64) of loudness (B,) sound recorded, and normalise it."""
    rows, steps, _ = log_mel.shape
    silent = reference <= QUIETEST_REFERENCE
    log_mel = warp_formants(log_mel, _uniform((rows,), 0.88, 1.14, random))
    power = torch.exp(log_mel + _curves(rows, 7, 0.8, random))
    in_room = torch.rand(rows, generator=random) < 0.2
    share = _uniform((rows,), 0.05, 0.3, random) * in_room
    power = add_room(power, _uniform((rows,), 0.03, 0.15, random), share)

    # Silent clips hold noise only, from inaudible to as loud as speech.
    level = reference - _uniform((rows,), 3.0, 10.0, random)
    level = torch.where(silent, _uniform((rows,), -9.0, 6.0, random), level)
    clean = torch.rand(rows, generator=random) < 0.6
    level = torch.where(clean, torch.full_like(level, LOG_FLOOR), level)
    power = power + torch.exp(_noise(rows, steps, random) + level[:, None, None])
    bed_level = reference - _uniform((rows,), 1.5, 7.0, random)
    with_music = (torch.rand(rows, generator=random) < 0.08) & ~silent
    bed_level = torch.where(with_music, bed_level, torch.full_like(level, LOG_FLOOR))
    power[with_music] += torch.exp(
        _music(int(with_music.sum()), steps, random) + bed_level[with_music][:, None, None]
    )

    loudest = torch.maximum(torch.maximum(reference, level), bed_level)
    jitter = 0.3 * torch.randn(rows, generator=random)
    jitter = torch.where(silent & (level < QUIETEST_REFERENCE), torch.zeros(rows), jitter)
    used = (loudest + jitter).clamp(min=QUIETEST_REFERENCE)
    return normalize_log_mel(torch.log(power + POWER_FLOOR), used[:, None, None])
