"""MoDA Clean Speech in a graph."""

import importlib

import numpy as np
import pytest
import torch

from .starter_graph import starter_prompt
from .test_audio import tone


def clean(host, audio, **settings):
    return host.call("MoDACleanSpeech", audio=audio, **settings)[0]


def noisy(parts, below=0.1):
    """Return the example under white noise, a tenth of its peak by default."""
    waveform = parts.audio["waveform"]
    noise = torch.randn(waveform.shape, generator=torch.Generator().manual_seed(0))
    return {**parts.audio, "waveform": waveform + below * waveform.abs().max() * noise}


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 96000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_rate_channels_and_length_stay(host, rate, channels):
    given = tone(rate, channels, seconds=1.5)

    made = clean(host, given, high_pass=80.0, noise="changing", normalize_loudness=True)

    assert made["sample_rate"] == rate
    assert made["waveform"].shape == given["waveform"].shape
    assert made["waveform"].dtype == torch.float32
    assert made["waveform"].isfinite().all()


@pytest.mark.parametrize("settings", [{"strength": 0.0}, {}, {"strength": 1.0}])
def test_the_example_passes_to_the_sample(host, parts, settings):
    made = clean(host, parts.audio, **settings)

    assert torch.equal(made["waveform"], parts.audio["waveform"])


def test_noise_is_removed_and_the_input_stays(host, parts):
    given = noisy(parts)
    before = given["waveform"].clone()

    made = clean(host, given)

    assert torch.equal(given["waveform"], before)
    speech = parts.audio["waveform"]
    assert (made["waveform"] - speech).square().mean() < 0.5 * (before - speech).square().mean()


def test_with_strength_0_noisy_sound_keeps_its_samples(host, parts):
    given = noisy(parts)

    assert torch.equal(clean(host, given, strength=0.0)["waveform"], given["waveform"])


def test_settings_reach_the_sound(host, parts):
    given, made = noisy(parts, 0.02), {}
    given["waveform"] = 0.1 * given["waveform"] + 0.1  # quiet, and beside the middle
    for name, setting in {
        "strength": {"strength": 1.0},
        "high_pass": {"high_pass": 60.0},
        "normalize_loudness": {"normalize_loudness": True},
    }.items():
        made[name] = clean(host, given, **{"strength": 0.0, **setting})["waveform"]

    assert not torch.equal(made["strength"], given["waveform"])
    assert abs(made["high_pass"].mean()) < 0.01 * given["waveform"].mean()
    assert made["normalize_loudness"].abs().max() != given["waveform"].abs().max()


@pytest.mark.parametrize("samples", [1, 400, 15999])
def test_short_sound_passes(host, samples):
    given = {"waveform": torch.rand(1, 1, samples), "sample_rate": 16000}

    assert torch.equal(clean(host, given)["waveform"], given["waveform"])


def test_silence_stays_silent(host):
    silent = {"waveform": torch.zeros(1, 2, 44100), "sample_rate": 44100}

    made = clean(host, silent, high_pass=80.0, normalize_loudness=True)

    assert not made["waveform"].any()


def test_a_batch_is_refused(host):
    with pytest.raises(ValueError, match=r"\(2, 1, 8000\).*Pick one"):
        clean(host, tone(16000, batch=2))


@pytest.mark.parametrize(("below", "says"), [(0.1, "reduced"), (0.0, "left as it is|as it was")])
def test_what_was_found_is_shown_on_the_node(host, parts, monkeypatch, below, says):
    nodes_host = importlib.import_module(f"{host.pack.__name__}.nodes._host")
    shown = []
    monkeypatch.setattr(nodes_host, "show_text", lambda node_id, text: shown.append(text))

    clean(host, noisy(parts, below))

    (text,) = shown
    assert any(each in text for each in says.split("|"))


def test_the_encoder_hears_the_cleaned_sound_and_the_video_has_the_original(host):
    prompt = starter_prompt(audio={"audio": ["clean", 0]}, video={"audio": ["cut", 0]})
    cut = {"audio": ["example", 1], "start_index": 0.0, "duration": 1.4}
    prompt["cut"] = {"class_type": "TrimAudioDuration", "inputs": cut}
    settings = {"strength": 0.0, "noise": "steady", "high_pass": 300.0, "normalize_loudness": False}
    prompt["clean"] = {"class_type": "MoDACleanSpeech", "inputs": {"audio": ["cut", 0], **settings}}

    result = host.run(prompt)

    assert result.error is None
    original, cleaned = (result.outputs[node][0]["waveform"] for node in ("cut", "clean"))
    assert original.shape == cleaned.shape
    assert not torch.equal(original, cleaned)
    heard = result.outputs["audio"][1]["waveform"].numpy()
    rate = result.outputs["clean"][0]["sample_rate"]
    np.testing.assert_array_equal(heard, cleaned[..., rate : rate + heard.shape[-1]].numpy())
