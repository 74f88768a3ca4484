"""The picture of a score: its parts as bars, and the curves that they were measured on."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ...motion.motion import FPS, PITCH, ROLL, YAW
from ...plot.bars import Bar, draw_bars
from ...plot.motion_plot import BLUE, GREEN, GREY, ORANGE, VERMILION, WHITE, YELLOW
from ...plot.panels import Curve, Panel, draw_panels
from .measure import Measured
from .movement import lid_closure
from .report import length_text, score_lines

WIDTH, CURVES_HEIGHT, FONT_SIZE = 1024, 520, 16
GOOD, FAIR = 0.75, 0.5  # parts from which a bar is green, and yellow
LIP_AXIS, POSE_AXIS_DEG, LOWEST_LIKENESS = 0.4, 5.0, 0.8


def draw_score(measured: Measured) -> Tensor:
    """Draw a score, as (H, W, 3), uint8: 1024 pixels wide."""
    score = measured.score
    title = f"Score {score.total:.3f}    {length_text(score)}"
    bars = [
        Bar(line.name, line.value, line.part, _colour(line.part)) for line in score_lines(score)
    ]
    above = draw_bars(title, bars, WIDTH, FONT_SIZE)
    panels = [_lips(measured), _head(measured), _eyes(measured)]
    if measured.picture is not None:
        panels.append(_likeness(measured))
    below = draw_panels(panels, measured.motion.fps, score.num_frames, (WIDTH, CURVES_HEIGHT))
    picture = Image.new("RGB", (WIDTH, above.height + below.height))
    picture.paste(above, (0, 0))
    picture.paste(below, (0, above.height))
    return torch.from_numpy(np.array(picture))


def _colour(part: float | None) -> tuple[int, int, int]:
    if part is None:
        return GREY
    return GREEN if part >= GOOD else YELLOW if part >= FAIR else VERMILION


def _lips(measured: Measured) -> Panel:
    shown, heard = (
        _at_rate(lips[:, 0], measured) for lips in (measured.lips.shown, measured.lips.heard)
    )
    curves = [
        Curve("heard", heard, GREY, "in the sound", style="filled"),
        Curve("lip gap", shown, ORANGE),
    ]
    return Panel("Lips", "eye distances", curves, 0, LIP_AXIS, weight=1.3)


def _head(measured: Measured) -> Panel:
    axes = (("pitch", PITCH, BLUE), ("yaw", YAW, ORANGE), ("roll", ROLL, WHITE))
    values = measured.motion.values.cpu()
    curves = [Curve(name, values[:, dim].flatten().numpy(), tone) for name, dim, tone in axes]
    return Panel("Head", "degrees", curves, -POSE_AXIS_DEG, POSE_AXIS_DEG)


def _eyes(measured: Measured) -> Panel:
    curve = Curve("lids", lid_closure(measured.motion), BLUE)
    return Panel("Eyes", "1 is shut", [curve], 0, 1, weight=0.7)


def _likeness(measured: Measured) -> Panel:
    picture = measured.picture
    curves = [
        Curve("flicker", _filled(np.append(picture.flicker, np.nan)), BLUE),
        Curve("identity", _filled(picture.identity), ORANGE),
    ]
    curves = [Curve(c.name, _spread(c.values, len(measured.motion)), c.colour) for c in curves]
    return Panel("Picture", "1 is steady", curves, LOWEST_LIKENESS, 1)


def _at_rate(values: np.ndarray, measured: Measured) -> np.ndarray:
    """Bring values at 25 fps to the rate of the motion."""
    motion = measured.motion
    return np.interp(np.arange(len(motion)) / motion.fps, np.arange(len(values)) / FPS, values)


def _spread(values: np.ndarray, num_frames: int) -> np.ndarray:
    """Bring one value for each frame of a video to `num_frames`."""
    places = np.linspace(0, len(values) - 1, num_frames)
    return np.interp(places, np.arange(len(values)), values)


def _filled(values: np.ndarray) -> np.ndarray:
    """Fill in what is not known from its neighbours; all is 1 if nothing is known."""
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return np.ones(len(values))
    return np.interp(np.arange(len(values)), known, values[known])
