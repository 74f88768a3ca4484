"""Files of a batch that take no time to animate."""

import numpy as np
import pytest
from PIL import Image

from moda_core.example import PORTRAIT
from tests.sound_files import write_sound

from .batch_cases import POINTS

RATE = 16000


@pytest.fixture
def inputs(tmp_path):
    """A folder with `face.png`, `other.png`, `tone.wav` and `low.wav`, a fifth of a second each."""
    folder = tmp_path / "in"
    folder.mkdir()
    face = Image.open(PORTRAIT).convert("RGB").resize((200, 200))
    face.save(folder / "face.png")
    face.convert("L").save(folder / "other.png")
    time = np.arange(RATE // 5) / RATE
    for name, pitch_hz in (("tone", 150), ("low", 110)):
        write_sound(folder / f"{name}.wav", 0.3 * np.sin(2 * np.pi * pitch_hz * time), RATE)
    return folder


@pytest.fixture
def job_fields():
    """The fields of a job that finds its face at once."""
    return {"portrait": "face.png", "audio": "tone.wav", "points": POINTS}
