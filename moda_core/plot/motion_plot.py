"""Plots of a motion: the lips over the sound, the head, the eyes and the emotion."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..audio.level import frame_levels
from ..motion.controls import CONTROLS, lip_opening, read
from ..motion.motion import EXPRESSION, FPS, MOTION_DIM, PITCH, ROLL, YAW, Motion
from .panels import Curve, Panel, draw_panels

# Distinct for colour-blind people too; after Okabe and Ito, for a dark background.
BLUE, ORANGE, VIOLET = (86, 180, 233), (242, 166, 38), (130, 100, 255)
YELLOW, VERMILION, GREEN, WHITE = (240, 228, 66), (226, 98, 40), (30, 170, 125), (235, 235, 240)
GREY = (82, 82, 92)

# Control, name, meaning of its positive side, colour.
EMOTIONAL = (
    ("smile", "smile", "", YELLOW),
    ("brow", "brows", "(+ up)", BLUE),
    ("frown", "frown", "", VERMILION),
    ("sneer", "sneer", "", WHITE),
    ("worry", "worry", "", GREEN),
    ("skew", "skew", "(+ right up)", VIOLET),
)
SHOWN_EMOTIONAL = 4  # the ones that move most
POSE = (
    ("pitch", "(+ down)", PITCH, BLUE),
    ("yaw", "(+ left)", YAW, ORANGE),
    ("roll", "(+ clockwise)", ROLL, WHITE),
)
LIP_AXIS, POSE_AXIS_DEG, GROWING_AXIS_DEG, EMOTION_AXIS, GAZE_AXIS = 0.4, 5.0, 10.0, 0.5, 0.5


def plot_motion(
    motion: Motion, audio: tuple[Tensor, int] | None = None, size: tuple[int, int] = (1024, 640)
) -> Tensor:
    """Plot a motion over time.

    Parameters
    ----------
    motion : Motion
        Of any model and length.
    audio : tuple of (waveform (C, T) or (T,), sample rate in Hz), optional
        The sound from the first frame on; sound after the last frame is ignored.
    size : (width, height)
        In pixels, at least 64 each; designed for 512 x 320 and more.

    Returns
    -------
    Tensor, shape (height, width, 3), uint8
        From top to bottom: opening of the lips in eye distances over the level of the sound
        (relative to its loudest frame), rotation of the head in degrees, closure of the lids (0
        open, 1 shut) and horizontal gaze, and the four most active controls of the emotion (1 is
        full). Values that are not finite are drawn as 0.

    Raises
    ------
    ValueError
        If the audio's shape or rate is wrong, or the size is too small.
    """
    values = _finite(motion.values)
    controls = _controls(_finite(motion.offset))
    level = None
    if audio is not None:
        waveform, sample_rate = audio
        level = frame_levels(torch.atleast_2d(waveform), sample_rate, len(motion), motion.fps)
    panels = [
        _lip_panel(controls, level),
        _pose_panel(values, POSE, POSE_AXIS_DEG),
        _eye_panel(controls),
        _emotion_panel(controls),
    ]
    return _as_tensor(draw_panels(panels, motion.fps, len(motion), size))


def preview_motion(
    values: Tensor, num_frames: int, size: tuple[int, int] = (384, 192), rest: Tensor | None = None
) -> Tensor:
    """Plot a motion that is still being sampled: lips, pitch and yaw over its whole length.

    Parameters
    ----------
    values : Tensor, shape (n, 70)
        De-normalised frames at 25 fps so far, n in [0, num_frames].
    num_frames : int
        Final length.
    size : (width, height)
        In pixels, at least 64 each.
    rest : Tensor, shape (63,), optional
        Expression at rest. Default: the lips are shut where they are least open.

    Returns
    -------
    Tensor, shape (height, width, 3), uint8

    Raises
    ------
    ValueError
        If the shape is wrong, there are too many frames, or the size is too small.
    """
    if values.ndim != 2 or values.shape[1] != MOTION_DIM or len(values) > num_frames:
        raise ValueError(
            f"Expected at most {num_frames} frames of motion of shape (n, {MOTION_DIM}), got "
            f"{tuple(values.shape)}."
        )
    values = _finite(values)
    offset = values[:, EXPRESSION] - (0 if rest is None else _finite(rest))
    controls = _controls(offset)
    if rest is None and len(values):
        jaw = controls["jaw"]
        controls = {"jaw": jaw - jaw.min(), "close": torch.zeros_like(jaw)}
    panels = [_lip_panel(controls, None), _pose_panel(values, POSE[:2], GROWING_AXIS_DEG)]
    return _as_tensor(draw_panels(panels, FPS, num_frames, size))


def _lip_panel(controls: dict[str, Tensor], level: np.ndarray | None) -> Panel:
    gap = lip_opening(controls).numpy()
    high = max(LIP_AXIS, float(gap.max(initial=0.0)))
    curves = [Curve("lip gap", gap, ORANGE)]
    if level is not None:
        curves.insert(0, Curve("audio level", level * high, GREY, "(relative)", style="filled"))
    return Panel("Lips", "eye distances", curves, 0, LIP_AXIS, weight=1.3)


def _pose_panel(values: Tensor, axes: tuple, most_deg: float) -> Panel:
    curves = [
        Curve(name, values[:, dim].squeeze(1).numpy(), colour, hint)
        for name, hint, dim, colour in axes
    ]
    return Panel("Head", "degrees", curves, -most_deg, most_deg, weight=1.2)


def _eye_panel(controls: dict[str, Tensor]) -> Panel:
    curves = [
        Curve("left lid", controls["blink_left"].numpy(), BLUE, style="wide"),
        Curve("right lid", controls["blink_right"].numpy(), ORANGE),
        Curve("gaze", controls["gaze"].numpy(), WHITE, "(+ right)"),
    ]
    return Panel("Eyes", "1 is shut, or far aside", curves, -GAZE_AXIS, 1, weight=1.2)


def _emotion_panel(controls: dict[str, Tensor]) -> Panel:
    # Rounded: rounding errors must not choose among controls that are at rest.
    strength = [round(float(controls[name].square().mean()), 4) for name, *_ in EMOTIONAL]
    strongest = sorted(range(len(EMOTIONAL)), key=lambda index: -strength[index])
    shown = [EMOTIONAL[index] for index in sorted(strongest[:SHOWN_EMOTIONAL])]
    curves = [Curve(label, controls[name].numpy(), tone, hint) for name, label, hint, tone in shown]
    return Panel("Emotion", "1 is full", curves, -EMOTION_AXIS, EMOTION_AXIS, weight=1.2)


def _controls(offset: Tensor) -> dict[str, Tensor]:
    return dict(zip(CONTROLS, read(offset).unbind(1), strict=True))


def _finite(values: Tensor) -> Tensor:
    return torch.nan_to_num(values.detach().cpu().float(), 0, 0, 0)


def _as_tensor(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture))
