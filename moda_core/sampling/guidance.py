"""Classifier-free guidance of speech and emotion, with emotions that differ from frame to frame.

The velocity is ``v0 + s (none - v0) + sum over e of w_e s_e (e - none)``: `v0` without audio and
emotion, `none` with audio and no emotion, `e` with audio and emotion e; `s` is the scale of the
speech, `w_e` the weight of e in a frame and `s_e` its scale. With `s_e = s` this is the released
rule, ``v0 + s (e - v0)``, and takes no more rows than that.

The emotion is measured with the speech, not without it: starter weights never saw an emotion
without audio, and so a scale of 0 is exactly what the label `none` gives.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .emotion_curve import EmotionCurve
from .options import SamplingOptions

NONE_ROW = 0  # of the table, where it has one


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
    """

    labels: tuple[int, ...]
    hears: tuple[bool, ...]
    shares: Tensor


def label_table(curve: EmotionCurve, options: SamplingOptions) -> Tensor:
    """Return what the network is told about emotions, shape (R, 9), "none" first if needed."""
    if not needs_none(curve, options):
        return curve.labels
    none = torch.zeros_like(curve.labels[:1])
    none[:, -1] = 1
    return torch.cat([none, curve.labels])


def needs_none(curve: EmotionCurve, options: SamplingOptions) -> bool:
    """Return whether a row without emotion may be asked for."""
    one_scale = options.emotion_scale in (None, 1.0)
    return options.guided or not one_scale or bool((curve.intensity != 1).any())


def plan_rows(
    curve: EmotionCurve, options: SamplingOptions, first_frame: int, num_frames: int, guided: bool
) -> Rows:
    """Return the rows of one window.

    Parameters
    ----------
    curve : EmotionCurve
    options : SamplingOptions
    first_frame, num_frames : int
        Of the window.
    guided : bool
        False makes both scales 1; intensities still count.
    """
    mix, intensity = curve.window(first_frame, num_frames)
    scale = options.cfg_scale if guided and options.guided else 1.0
    emotion_scale = scale
    if guided and options.emotion_scale is not None:
        emotion_scale = options.emotion_scale
    scales = emotion_scale * intensity  # (N,)
    first_label = int(needs_none(curve, options))

    rows = [(NONE_ROW, False, torch.full_like(scales, 1 - scale))] if scale != 1 else []
    emotional = torch.tensor([not plain for plain in curve.plain])
    without = (mix * emotional).sum(dim=1) * (scale - scales)
    if bool((without != 0).any()):
        rows.append((NONE_ROW, True, without))
    for index, plain in enumerate(curve.plain):
        share = mix[:, index] * (scale if plain else scales)
        if bool((share != 0).any()):
            rows.append((first_label + index, True, share))
    labels, hears, shares = zip(*rows, strict=True)
    return Rows(labels, hears, torch.stack(shares))
