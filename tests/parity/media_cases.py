"""Golden cases of what is done to pictures and sounds before any network sees them."""

import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch

from moda_core.audio.waveform import load_waveform
from moda_core.portrait.image import limit_size, resize_limit

from .synthetic_weights import image, waveform

Arrays = dict[str, np.ndarray]


def reduced_picture(case: dict) -> np.ndarray:
    """Reduce a large picture; every sixth row and twelfth column of it is stored."""
    picture = image(case["seed"], case["h"], case["w"])
    return limit_size(torch.from_numpy(picture)).numpy()[::6, ::12]


def size_limits(golden: Arrays) -> np.ndarray:
    """Return the reduced sizes (height, width) of the stored ones."""
    return np.array([resize_limit(int(h), int(w)) for h, w in golden["resize_in"]])


def audio_small(case: dict, golden: Arrays) -> Arrays:
    """Resampled stereo; the encoder's own arrays belong to a part that is not built yet."""
    resampled = case["resampled"]
    left, right = (waveform(seed, resampled["n"], resampled["sr"]) for seed in resampled["seeds"])
    stereo = np.stack([left, resampled["right_gain"] * right], axis=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stereo.wav"
        soundfile.write(path, stereo, resampled["sr"], subtype="PCM_16")
        samples, _ = load_waveform(path)
    return {"resampled_44100_stereo": samples}
