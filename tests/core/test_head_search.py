"""The search for attention heads: the greedy rule, the measures, and a small model of its own."""

from functools import partial

import numpy as np
import pytest
import torch

from moda_core.audio.features import AudioFeatures
from moda_core.bundles.bundle import Bundle
from moda_core.bundles.head_presets import CUSTOM, HEAD_PRESETS, STARTER_HEADS, head_perturbation
from moda_core.mmdit.config import RELEASED, STARTER
from moda_core.mmdit.model import MotionMMDiT
from moda_core.motion.controls import compose
from moda_core.motion.motion import YAW, Motion
from moda_core.runtime.layers import Layers
from moda_core.sampling.perturbation import HeadPerturbation
from moda_core.training.dataset import make_clip
from moda_core.training.espeak import Phone
from moda_core.warp.warp_renderer import WarpRenderer
from tests.bench import bench_head_search, head_search
from tests.bench.head_search import compare, greedy_heads, measure, objective_score
from tests.core.sampling.sampling_models import tiny_model

REST = torch.zeros(63)
EVERY = [(block, head) for block in range(3) for head in range(4)]


def utterance(seconds=2.0, seed=0):
    """Return a clip of noise whose phones are m, a, p, o."""
    random = np.random.default_rng(seed)
    length = seconds / 4
    phones = [Phone(s, i * length, (i + 1) * length) for i, s in enumerate("mapo")]
    return make_clip("noise", 0.1 * random.standard_normal(int(16000 * seconds)), phones, random)


def acted(clip, yaw=10.0):
    """Return the motion that a clip asks for, with a head that turns to `yaw` and back."""
    values = torch.zeros(len(clip), 70)
    values[:, :63] = compose(clip.controls)
    phase = torch.linspace(0, 2 * torch.pi, len(clip))
    for angle in (67, 68, 69):
        values[:, angle] = yaw * torch.sin(phase)
    return Motion(values, REST)


def test_the_greedy_search_adds_the_best_heads_while_they_help():
    worth = {(0, 1): 3.0, (1, 2): 2.0, (2, 3): 1.0}
    score = lambda heads: sum(worth.get(head, -1.0) for head in heads)  # noqa: E731

    assert greedy_heads(score, EVERY, rounds=9) == ((0, 1), (1, 2), (2, 3))
    assert greedy_heads(score, EVERY, rounds=2) == ((0, 1), (1, 2))
    assert greedy_heads(score, EVERY, at_once=2, rounds=1) == ((0, 1), (1, 2))
    assert greedy_heads(score, [(0, 0), (2, 0)]) == ()


def test_heads_that_only_help_alone_are_not_added_together():
    score = lambda heads: 2.0 - len(heads) if heads else 0.0  # noqa: E731

    assert greedy_heads(score, EVERY, at_once=3, rounds=3) == ((0, 0),)


def test_lips_as_asked_for_agree_and_others_do_not():
    clip = utterance()

    exact, other = measure(acted(clip), clip), measure(acted(utterance(seed=1)), clip)
    late = acted(clip)
    late.values[:, :63] = late.values[:, :63].roll(12, 0)

    assert exact["jaw_correlation"] == pytest.approx(1, abs=1e-4)
    assert exact["closure_correlation"] == pytest.approx(1, abs=1e-4)
    assert exact["bilabial_f1"] == other["bilabial_f1"] == 1
    assert measure(late, clip)["jaw_correlation"] < 0.7


def test_a_head_that_moves_less_is_not_smoother_and_one_that_trembles_is_rougher():
    clip = utterance()
    wide, narrow, trembling = acted(clip, 10.0), acted(clip, 5.0), acted(clip, 10.0)
    trembling.values[::2, YAW] += 1.0

    far, near, rough = (measure(motion, clip) for motion in (wide, narrow, trembling))

    assert far["pose_range_deg"] == pytest.approx(2 * near["pose_range_deg"])
    assert far["roughness"] == pytest.approx(near["roughness"])
    assert rough["roughness"] > 2 * far["roughness"]


def test_no_objective_is_worth_worse_lips():
    without = {"jaw_correlation": 0.8, "closure_correlation": 0.7, "pose_range_deg": 5.0}
    further = {**without, "pose_range_deg": 8.0}

    assert objective_score("pose range", further, without) == 8.0
    for lips in ("jaw_correlation", "closure_correlation"):
        worse = {**further, lips: without[lips] - 0.02}
        assert objective_score("pose range", worse, without) == -np.inf


class FixedTakes:
    """Material whose measures are given."""

    def __init__(self, **figures):
        self.figures = figures

    def takes(self, perturbation):
        return {"roughness": np.array(self.figures["after" if perturbation else "before"])}

    def means(self, perturbation):
        return {name: values.mean() for name, values in self.takes(perturbation).items()}


def test_a_gain_is_that_of_takes_in_pairs():
    material = FixedTakes(before=[0.4, 0.2, 0.6], after=[0.3, 0.2, 0.4])

    figures = compare("smoothness", material, HeadPerturbation(((0, 0),)))

    assert figures["gain"] == pytest.approx(0.1)
    assert figures["standard_error"] == pytest.approx(0.1 / 3**0.5)
    assert figures["takes_improved"] == 2


def tiny_bundle(folder, device):
    """Return a model of 3 blocks with 2 heads, whose features are noise of its speech's length."""

    def encode(recording, duration_s=None, progress=None):
        waveform, rate = recording
        num_frames = round(25 * waveform.shape[-1] / rate)
        noise = torch.randn(num_frames, 2, 3, generator=torch.Generator().manual_seed(num_frames))
        return AudioFeatures(noise, "tiny", num_frames / 25)

    return Bundle(tiny_model(), WarpRenderer(), encode, None, None)


def test_the_search_runs_on_the_folder_of_another_model(monkeypatch):
    monkeypatch.setattr(bench_head_search, "load_released", tiny_bundle)
    monkeypatch.setattr(head_search, "LARGEST_LOSS", {})  # lips of random weights miss the speech
    monkeypatch.setattr(
        bench_head_search,
        "spoken",
        lambda sentences, variants, seed: [utterance(seed=seed + i) for i in range(2)],
    )

    figures = bench_head_search.run("pose range", "models", "0:1, 1:1, 2:1")

    assert (figures["model"], figures["blocks"], figures["heads"]) == ("tiny", 3, 2)
    found = figures["objectives"]["pose range"]
    assert set(found["heads"].split(", ")) <= {"0:1", "1:1", "2:1"}
    assert found["seen"]["after"] > found["seen"]["before"]
    assert (found["seen"]["takes"], found["unseen"]["takes"]) == (2, 4)
    with pytest.raises(ValueError, match=r"head 2 in block 0.*3 blocks.*2 heads"):
        bench_head_search.run("closure", "models", "0:2")


def test_an_unknown_objective_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'beauty'.*pose range|pose range.*'beauty'"):
        bench_head_search.run("beauty")


def test_presets_are_heads_of_the_starter_alone():
    assert (CUSTOM, *STARTER_HEADS) == HEAD_PRESETS
    for preset, heads in STARTER_HEADS.items():
        found = head_perturbation(preset, "", 1.0, 2.0)
        assert found.heads == heads
        assert int((found.shares(STARTER) > 0).sum()) == len(heads) > 0
        with pytest.raises(ValueError, match="21 blocks with 12 heads"):
            found.shares(RELEASED)


def test_the_released_networks_heads_are_all_reached():
    network = MotionMMDiT(RELEASED, Layers(device="meta"))
    perturbation = HeadPerturbation(((0, 0), (2, 11), (8, 5), (20, 11))).shares(RELEASED)
    draw = partial(torch.empty, device="meta")

    velocity = network(
        draw(2, 80, 140),
        draw(2),
        draw(2, 80, 1, 12, 768),
        draw(2, 63),
        draw(2, 9),
        perturbation[:, None].expand(-1, 2, -1).to("meta"),
    )

    assert velocity.shape == (2, 80, 70)
    with pytest.raises(ValueError, match=r"head 0 in block 21.*21 blocks.*12 heads"):
        HeadPerturbation(((21, 0),)).shares(RELEASED)
