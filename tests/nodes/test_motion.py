"""Emotions, motion, and the plot of it."""

import importlib
from dataclasses import replace

import pytest
import torch

from .same_motion import assert_same_motion


def sample(host, parts, **options):
    values = {"model": parts.model, "audio_features": parts.features, "portrait": parts.portrait}
    return host.call("MoDASampleMotion", **{**values, "steps": 2, **options})[0]


def test_an_emotion_has_a_name_for_logs(host):
    (emotion,) = host.call("MoDAEmotion", label="sadness", intensity=0.5)

    assert "sadness" in repr(emotion)
    assert len(repr(emotion)) < 80


def test_an_intensity_of_nothing_is_no_emotion_and_more_changes_more(host, parts):
    def shown(label, intensity):
        (emotion,) = host.call("MoDAEmotion", label=label, intensity=intensity)
        return sample(host, parts, emotion=emotion).values

    none = shown("none", 1.0)

    assert_same_motion(host, shown("happiness", 0.0), none)
    changes = [(shown("happiness", each) - none).norm() for each in (0.5, 1.0, 1.5)]
    assert changes[0] < changes[1] < changes[2]


def test_motion_has_a_frame_for_each_of_the_speech(host, parts):
    motion = sample(host, parts)

    assert len(motion) == 10
    assert motion.values.shape == (10, 70)
    assert torch.isfinite(motion.values).all()
    assert motion.fps == 25


def test_the_same_seed_gives_the_same_motion(host, parts):
    assert torch.equal(sample(host, parts, seed=7).values, sample(host, parts, seed=7).values)


@pytest.mark.parametrize("change", [{"seed": 7}, {"guidance": 3.0}, {"steps": 3}])
def test_every_setting_changes_the_motion(host, parts, change):
    assert not torch.equal(sample(host, parts, **change).values, parts.motion.values)


def test_an_emotion_changes_the_motion(host, parts):
    (emotion,) = host.call("MoDAEmotion", label="happiness")

    moved = sample(host, parts, emotion=emotion).values

    assert (moved - parts.motion.values).abs().max() > 1e-3


def test_largest_seed_is_taken(host, parts):
    assert len(sample(host, parts, seed=2**64 - 1)) == 10


def test_global_random_numbers_are_left_alone(host, parts):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    sample(host, parts)

    assert torch.equal(torch.rand(1), expected)


def test_the_network_is_loaded_by_one_call_with_room_for_its_work(host, parts):
    sample(host, parts)

    ((patchers, memory),) = host.loads
    assert patchers == list(parts.model.patchers)
    assert memory > 1e6


def test_progress_ends_with_all_steps_done(host, parts):
    sample(host, parts, steps=4)

    done, total = host.progress[-1]
    assert done == total
    assert [value for value, _ in host.progress] == sorted(value for value, _ in host.progress)


def test_features_of_another_encoder_are_refused_with_both_names(host, parts):
    features = replace(parts.features, encoder="chinese-hubert-base")

    with pytest.raises(ValueError, match="chinese-hubert-base") as refused:
        sample(host, parts, audio_features=features)

    assert repr(parts.model.model.encoder) in str(refused.value)


def test_a_portrait_of_another_renderer_is_refused_with_both_names(host, parts):
    picky = replace(parts.model, model=replace(parts.model.model, renderer="liveportrait"))

    with pytest.raises(ValueError, match="liveportrait") as refused:
        sample(host, parts, model=picky)

    assert repr(parts.portrait.renderer) in str(refused.value)


@pytest.mark.parametrize("with_sound", [False, True])
def test_the_plot_is_a_picture(host, parts, with_sound):
    sound = {"audio": parts.speech} if with_sound else {}
    (plot,) = host.call("MoDAPreviewMotion", motion=parts.motion, **sound)

    assert plot.shape == (1, 640, 1024, 3)
    assert plot.dtype == torch.float32
    assert 0 <= plot.min() < plot.max() <= 1


def test_the_node_tells_how_long_the_motion_is(host, parts, monkeypatch):
    nodes_host = importlib.import_module(f"{host.pack.__name__}.nodes._host")
    shown = []
    monkeypatch.setattr(nodes_host, "show_text", lambda node_id, text: shown.append(text))
    (slow,) = host.call("MoDARetimeMotion", motion=parts.motion, fps=50.0, speed=0.5)

    host.call("MoDAPreviewMotion", motion=slow)

    assert shown == [f"{len(slow)} frames, {len(slow) / 50:.2f} s, 50 fps"]


def test_the_plot_tells_motions_apart(host, parts):
    (one,) = host.call("MoDAPreviewMotion", motion=parts.motion)
    (other,) = host.call("MoDAPreviewMotion", motion=sample(host, parts, seed=7))

    assert not torch.equal(one, other)
