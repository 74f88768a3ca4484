"""Classifier-free guidance of speech and emotion, with emotions that differ from frame to frame.

The velocity is ``v0 + s (none - v0) + g * sum over e of a_e (e - none)``: `v0` without audio and
emotion, `none` with audio and no emotion, `e` with audio and emotion e; `s` is the scale of the
speech, `g` that of the emotion, and `a_e` the amount of e in a frame. With ``g = s`` and one
emotion of amount 1 this is the released rule, ``v0 + s (e - v0)``, and takes no more rows.

The emotion is measured with the speech, not without it: starter weights never saw an emotion
without audio, and so a scale of 0 is exactly what the label `none` gives.

Attention-perturbation guidance adds ``w (c - p)``, see `perturbation`: `c` is the row with audio
that counts most in the window, and `p` the same row with its heads perturbed.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..emotion.labels import EMOTIONS, NONE_INDEX
from .emotion_curve import EmotionCurve
from .options import SamplingOptions

NONE_ROW = 0  # of the table, where it has one
ROUNDING = 1e-6  # amounts of a blend sum to 1 within this


@dataclass(frozen=True, eq=False)
class Rows:
    """What the network is asked for one window, and how the answers are mixed.

    Parameters
    ----------
    labels : tuple of int, length R
        Rows of `label_table`.
    hears : tuple of bool, length R
        Whether a row gets the audio.
    shares : Tensor, shape (R, N)
        The velocity is the first row's, plus those shares of the others' difference from it.
    perturbed : tuple of bool, length R
        Whether a row's attention is perturbed.
    """

    labels: tuple[int, ...]
    hears: tuple[bool, ...]
    shares: Tensor
    perturbed: tuple[bool, ...]


def label_table(curve: EmotionCurve, options: SamplingOptions) -> Tensor:
    """Return what the network is told about emotions, shape (R, 9), "none" first if needed."""
    none = [NONE_INDEX] if needs_none(curve, options) else []
    return torch.eye(len(EMOTIONS))[[*none, *curve.shown]]


def needs_none(curve: EmotionCurve, options: SamplingOptions) -> bool:
    """Return whether a row without emotion may be asked for."""
    if options.guided or options.emotion_scale not in (None, 1.0):
        return True
    return curve.shown != (NONE_INDEX,) and _differ(curve.amounts.sum(dim=1), 1.0)


def plan_rows(
    curve: EmotionCurve,
    options: SamplingOptions,
    first_frame: int,
    num_frames: int,
    guided: bool,
    perturbed: bool = False,
) -> Rows:
    """Return the rows of one window, `guided` by the scales and away from a `perturbed` row."""
    amounts = curve.window(first_frame, num_frames)  # (N, 9)
    scale = options.cfg_scale if guided and options.guided else 1.0
    emotion_scale = scale
    if guided and options.emotion_scale is not None:
        emotion_scale = options.emotion_scale
    shares = emotion_scale * amounts
    without = scale - shares.sum(dim=1)

    rows = [(NONE_ROW, False, torch.full_like(without, 1 - scale))] if scale != 1 else []
    if _differ(without, 0.0):
        rows.append((NONE_ROW, True, without))
    first_label = int(needs_none(curve, options))
    for row, emotion in enumerate(curve.shown, first_label):
        if bool((shares[:, emotion] != 0).any()):
            rows.append((row, True, shares[:, emotion]))
    is_perturbed = [False] * len(rows)
    if perturbed:
        rows = _with_perturbed(rows, options.perturbation.w)
        is_perturbed.append(True)
    labels, hears, shares = zip(*rows, strict=True)
    return Rows(labels, hears, torch.stack(shares), tuple(is_perturbed))


def _with_perturbed(rows: list[tuple[int, bool, Tensor]], w: float) -> list:
    """Return rows with the difference from a perturbed one in their shares, that one last."""
    heard = [index for index, (_, hears, _) in enumerate(rows) if hears]
    main = max(heard, key=lambda index: float(rows[index][2].sum()))
    label, _, share = rows[main]
    guided = [*rows[:main], (label, True, share + w), *rows[main + 1 :]]
    return [*guided, (label, True, torch.full_like(share, -w))]


def _differ(values: Tensor, wanted: float) -> bool:
    """Return whether any value is another one, but for rounding."""
    return bool(((values - wanted).abs() > ROUNDING).any())
