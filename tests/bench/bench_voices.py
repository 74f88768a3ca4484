"""How well the starter's lips follow recordings of people, through channels of all kinds.

`python run.py bench voices DIR [MUSIC] [WEIGHTS]`; the folder is made with `align_speech`. Music is
a file to be played under the voices, else synthetic.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from moda_core.bundles.starter import STARTER_WEIGHTS
from moda_core.motion.motion import FPS
from moda_core.training.dataset import Clip, make_clip
from moda_core.training.espeak import Phone
from moda_core.training.music import compose_music
from moda_core.training.targets import LIP_COLUMNS
from moda_core.training.trained import TrainedStarter

from .bench_starter import controls_of, load_trained
from .channels import PEAK, channels
from .progress import Progress
from .starter_measures import compare_lips, correlation
from .voice_folder import read_recording, read_voices

LEAD_S = 0.4
MUSIC_S = 120.0
COLUMNS = ("jaw", "in speech", "closure", "width", "F1", "95th percentile ratio")


def voice_figures(predicted: np.ndarray, target: np.ndarray, speech: np.ndarray) -> dict:
    """Compare lips (frames, 3) with their target; `speech` (frames,) marks sounds."""
    lips = compare_lips(predicted, target)
    percentiles = (np.percentile(side[:, 0], 95) for side in (predicted, target))
    ratio = np.divide(*percentiles)
    within = correlation(predicted[speech, 0], target[speech, 0])
    correlations = (lips[name]["correlation"] for name in ("jaw", "close", "width"))
    jaw, closure, width = correlations
    values = (jaw, within, closure, width, lips["bilabial_f1"], float(ratio))
    return {name: round(value, 3) for name, value in zip(COLUMNS, values, strict=True)}


def speech_frames(phones: list[Phone], num_frames: int) -> np.ndarray:
    """Mark the frames of a clip in whose middle a sound is spoken, bool (num_frames,)."""
    time = (np.arange(num_frames) + 0.5) / FPS - LEAD_S
    spoken = np.zeros(num_frames, bool)
    for phone in phones:
        if phone.symbol:
            spoken |= (phone.start_s <= time) & (time < phone.end_s)
    return spoken


def read_clips(folder: Path) -> tuple[list[Clip], np.ndarray]:
    """Return the recordings of a folder as clips, and which of their frames are speech."""
    clips, speech = [], []
    for name, waveform, phones in read_voices(folder):
        waveform = waveform * (PEAK / max(np.abs(waveform).max(), 1e-6))
        clip = make_clip(name, waveform, phones, np.random.default_rng(0), lead_s=LEAD_S)
        clips.append(clip)
        speech.append(speech_frames(phones, len(clip)))
    return clips, np.concatenate(speech)


def shipped_lips(starter: TrainedStarter, waveform: np.ndarray, seed: int) -> np.ndarray:
    """Return jaw, closure and width (N, 3) of speech as the product shows them."""
    return controls_of(starter.sample(waveform, seed=seed)[1])[:, LIP_COLUMNS]


def table(figures: dict[str, dict]) -> str:
    """Lay the figures of channels out as a table."""
    width = max(map(len, figures))
    lines = [f"{'channel':{width}}  " + "  ".join(COLUMNS)]
    for channel, row in figures.items():
        cells = (f"{row[name]:{len(name)}.2f}" for name in COLUMNS)
        lines.append(f"{channel:{width}}  " + "  ".join(cells))
    return "\n".join(lines)


def run(
    folder: str,
    music: str = "",
    weights: str = "",
    device: str = "cpu",
    dtype: str = "float32",
) -> dict:
    """Measure a folder of recordings through all channels; return the figures."""
    torch.set_num_threads(1)
    starter = load_trained(Path(weights or STARTER_WEIGHTS))
    clips, speech = read_clips(Path(folder))
    bed = read_recording(Path(music)) if music else compose_music(MUSIC_S, np.random.default_rng(1))
    target = np.concatenate([clip.controls[:, LIP_COLUMNS].numpy() for clip in clips])
    kinds, figures = channels(bed), {}
    progress = Progress("voices", len(kinds))
    for name, channel in kinds.items():
        progress(name)
        lips = [
            shipped_lips(starter, channel(clip.waveform), seed) for seed, clip in enumerate(clips)
        ]
        figures[name] = voice_figures(np.concatenate(lips), target, speech)
    print(table(figures), file=sys.stderr)
    return {"recordings": len(clips), "seconds": round(len(target) / FPS, 1), "channels": figures}
