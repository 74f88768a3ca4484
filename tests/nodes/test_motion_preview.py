"""What the page is told of a motion, and the frames that it asks for."""

import importlib
import json
import wave
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from .starter_graph import node, starter_prompt


def prompt_with_preview(**links):
    prompt = starter_prompt()
    linked = {"motion": ["motion", 0], "audio": ["audio", 1], "portrait": ["portrait", 0]}
    prompt["preview"] = node("MoDAPreviewMotion", **{**linked, **links})
    return prompt


@pytest.fixture
def module(host):
    return importlib.import_module(f"{host.pack.__name__}.nodes.motion_preview")


def test_a_run_tells_the_page_how_to_play_the_motion(host, module):
    result = host.run(prompt_with_preview())

    assert result.error is None
    told = json.loads(result.ui["preview"]["moda_motion"][0])
    assert told["frames"] == 10
    picture = Image.open(BytesIO(module.sheet_picture(told["key"], 0)))
    assert max(picture.size) == 256 * told["columns"]
    assert set(told["curves"]) >= {"lips", "pitch", "yaw", "roll", "blink"}
    assert "images" in result.ui["preview"]  # the plot, for a page without the pack's script


def test_without_a_portrait_there_is_the_plot_alone(host):
    prompt = prompt_with_preview()
    del prompt["preview"]["inputs"]["portrait"]

    result = host.run(prompt)

    assert result.error is None
    assert "moda_motion" not in result.ui["preview"]


def test_sampling_tells_the_page_of_its_motion(host, module):
    result = host.run(starter_prompt())

    told = json.loads(result.ui["motion"]["moda_motion"][0])
    assert (told["frames"], told["sound"]) == (10, None)
    assert module.sheet_picture(told["key"], 0)


def test_a_key_whose_motion_grows_plays_the_longer_one(module, parts):
    key = module.keep_preview(parts.portrait, parts.motion)
    longer = parts.motion.resampled(parts.motion.fps, 60)

    assert module.keep_preview(parts.portrait, longer, key) == key
    assert module.sheet_picture(key, 2)
    with pytest.raises(ValueError, match="has 3 sheets"):
        module.sheet_picture(key, 3)


def test_the_oldest_previews_are_dropped(module, parts):
    first, *others = (
        module.keep_preview(parts.portrait, parts.motion) for _ in range(module.MOST_KEPT + 1)
    )

    with pytest.raises(ValueError, match="no longer kept"):
        module.sheet_picture(first, 0)
    assert all(module.sheet_picture(key, 0) for key in others[:1])


def test_the_sound_is_a_file_that_the_page_can_play(host, module, parts):
    waveform, rate = parts.audio["waveform"][0], parts.audio["sample_rate"]

    file = module.saved_sound(waveform, rate)

    with wave.open(str(host.temp_folder / file["filename"])) as sound:
        assert (sound.getframerate(), sound.getnframes()) == (rate, waveform.shape[1])
        heard = np.frombuffer(sound.readframes(-1), "<i2") / 32767
    assert np.abs(heard - waveform[0].numpy()).max() < 1e-4
