"""How well the lips go with the sound, and by how much they come too late.

Opening and closure of the lips are compared with those that the starter's hearing network hears in
the sound. SyncNet, which papers use for this, has no weights that could be bundled; this measure is
another one, and its figures are not comparable with SyncNet's confidence.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from ...motion.controls import CONTROLS, lip_opening, read
from ...motion.motion import FPS, Motion
from ...sampling.motion_model import MotionModel
from ..performance import speaking
from ..starter import encode_speech, load_starter_model
from .score import MAX_LAG

LEAST_OPENING = 0.03  # eye distances; a sound that never opens the lips so far holds no speech
STILL = 1e-4  # eye distances; spread of lips that do not move
LEAST_MOVEMENT = 0.2  # of that heard; lips that move less agree less, in proportion
FEWEST_FRAMES = 12  # compared at a lag
STEPS = 4  # lags in a frame: between frames both curves are sampled at different moments
# Of the correlation of the opening, and of the lips pressed together. With the latter the lag is
# found more exactly, but in a video it is seen less well than the opening.
SHARES = (0.75, 0.25)


@dataclass(frozen=True, eq=False)
class LipSync:
    """The lips of a motion against the sound, at 25 fps.

    Parameters
    ----------
    shown, heard : array, shape (N, 2)
        Opening of the lips in eye distances, and how far they are pressed together, of the motion
        and heard in the sound.
    agreement : float in [-1, 1] or None
        Correlation at the best lag; less for lips that hardly move. None without speech, and for
        clips under half a second.
    lag_frames : float or None
        That lag; above 0 the lips come after the sound. None without agreement.
    """

    shown: np.ndarray
    heard: np.ndarray
    agreement: float | None
    lag_frames: float | None


def compare_lips(motion: Motion, waveform: Tensor, sample_rate: int) -> LipSync:
    """Compare the lips of a motion with a sound (C, T) that starts at its first frame."""
    num_frames = max(1, round(len(motion) / motion.fps * FPS))
    shown = shown_lips(motion.resampled(FPS, num_frames))
    heard = heard_lips(waveform, sample_rate, num_frames)
    return LipSync(shown, heard, *agreement(shown, heard))


def shown_lips(motion: Motion) -> np.ndarray:
    """Return the opening and the closure of the lips in every frame, as in `LipSync`."""
    controls = dict(zip(CONTROLS, read(motion.offset).unbind(1), strict=True))
    return _lips(controls["jaw"], controls["close"])


def heard_lips(waveform: Tensor, sample_rate: int, num_frames: int) -> np.ndarray:
    """Return what a sound (C, T) asks for, as in `LipSync`; its opening is 0 without a voice."""
    features, model = encode_speech((waveform, sample_rate), num_frames / FPS), _hearing_model()
    with torch.inference_mode():
        heard = model.network.hearing_head.hear(model.network.audio_embedder, features.values)
        jaw, close, _ = heard.lips.unbind(1)
        return _lips(jaw * speaking(heard.voice), close)


def agreement(shown: np.ndarray, heard: np.ndarray) -> tuple[float | None, float | None]:
    """Correlate the lips (N, 2) of both at lags of up to 10 frames, in fractions of a frame.

    Returns
    -------
    agreement, lag_frames : float or None
        As in `LipSync`: the vertex of the parabola through the largest correlation and those
        beside it.
    """
    most = min(MAX_LAG, len(shown) - FEWEST_FRAMES)
    if most < 0 or heard[:, 0].max() < LEAST_OPENING:
        return None, None
    spread = shown[:, 0].std()
    if spread < STILL:
        return 0.0, None
    found = np.array(_correlations(shown, heard, most))
    place, highest = _vertex(found)
    moved = min(1.0, float(spread / heard[:, 0].std()) / LEAST_MOVEMENT)
    return moved * min(highest, 1.0), place / STEPS - most


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Pearson's correlation; 0 if one side is constant."""
    first, second = first - first.mean(), second - second.mean()
    size = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / size) if size > 0 else 0.0


def _correlations(shown: np.ndarray, heard: np.ndarray, most: int) -> list[float]:
    """Correlate both at lags from ``-most`` to ``most`` frames, in steps of ``1 / STEPS``."""
    last, frames = len(shown) - 1, np.arange(len(shown))
    fine = CubicSpline(frames, shown)(np.arange(last * STEPS + 1) / STEPS)
    found = []
    for lag in range(-most * STEPS, most * STEPS + 1):
        places = frames * STEPS + lag  # in `fine`, where the frames that are heard are shown
        inside = (places >= 0) & (places <= last * STEPS)
        columns = zip(SHARES, fine[places[inside]].T, heard[inside].T, strict=True)
        found.append(sum(share * correlation(*pair) for share, *pair in columns))
    return found


def _vertex(values: np.ndarray) -> tuple[float, float]:
    """Return where the parabola through a maximum and its neighbours is highest, and its height."""
    peak = int(values.argmax())
    if not 0 < peak < len(values) - 1:
        return float(peak), float(values[peak])
    before, highest, after = values[peak - 1 : peak + 2]
    curvature = before - 2 * highest + after
    offset = 0.5 * (before - after) / curvature if curvature < 0 else 0.0
    return float(peak + offset), float(highest - 0.25 * (before - after) * offset)


def _lips(jaw: Tensor, close: Tensor) -> np.ndarray:
    opening = lip_opening({"jaw": jaw, "close": close})
    return torch.stack([opening, close], dim=1).double().cpu().numpy()


@lru_cache(maxsize=1)
@torch.inference_mode(False)
def _hearing_model() -> MotionModel:
    return load_starter_model()
