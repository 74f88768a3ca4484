"""The whole job with every released file at full size, on random weights."""

import av
import numpy as np
import pytest
import torch

from moda_core.audio.speech_preparation import SAMPLE_RATE
from moda_core.audio.waveform import decode_blocks
from moda_core.cli.main import main
from moda_core.example import PORTRAIT, SPEECH
from moda_core.portrait.image import read_image
from tests.parity import synthetic_models
from tests.sound_files import write_sound


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    assert synthetic_models.main([str(folder)]) == 0
    return folder


@pytest.mark.slow
def test_the_released_networks_make_a_whole_video(models, tmp_path):
    speech = np.concatenate(list(decode_blocks(SPEECH, duration_s=0.2)))
    write_sound(tmp_path / "speech.wav", speech, SAMPLE_RATE)
    inputs = [str(PORTRAIT), str(tmp_path / "speech.wav")]

    status = main(
        ["talk", *inputs, "-o", str(tmp_path / "out.mp4"), "--models", str(models), "--steps", "2"]
    )

    picture = read_image(PORTRAIT)
    with av.open(tmp_path / "out.mp4") as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
        assert float(video.streams.video[0].average_rate) == 25
        assert len(video.streams.audio) == 1
    assert status == 0
    assert len(frames) == 5
    assert frames[0].shape == tuple(picture.shape)
    corner = torch.from_numpy(frames[0][:40, :40]).float() - picture[:40, :40]
    assert corner.abs().mean() < 3
