"""What the bench of half an hour of speech measures, on motion whose answer is known."""

import numpy as np
import pytest
import torch

from moda_core.audio.speech_preparation import SAMPLE_RATE
from tests.bench import long_speech
from tests.bench.long_range_measures import (
    NAMES,
    drift_figures,
    join_figures,
    late_over_early,
    repetition_figures,
    slopes,
)

FRAMES = 6000
YAW, SCALE = NAMES.index("yaw"), NAMES.index("scale")


def wandering(num_takes=2, num_frames=FRAMES):
    """Return motion that wanders about its mean, smoothly, in every dim."""
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(num_takes, num_frames + 49, 70, generator=generator)
    return noise.unfold(1, 50, 1).mean(dim=-1) * 50**0.5


def test_the_layout_of_a_frame_has_the_names_of_its_dims():
    assert len(NAMES) == 70
    assert NAMES[:4] == ("expression 0 x", "expression 0 y", "expression 0 z", "expression 1 x")
    assert NAMES[63:] == (
        *("scale", "translation x", "translation y", "translation z", "pitch", "yaw", "roll"),
    )


def test_a_dim_that_rises_is_found_and_measured():
    takes = torch.zeros(2, FRAMES, 70)
    takes[..., YAW] = torch.linspace(0, 3, FRAMES)

    figures = drift_figures(takes)

    assert slopes(takes)[YAW] == pytest.approx(3, rel=1e-3)
    assert late_over_early(takes)[YAW] == pytest.approx(3 * 5 / 6, rel=1e-2)
    assert figures["late_over_early_worst"]["dim"] == figures["slope_worst"]["dim"] == "yaw"
    assert figures["in_errors_worst"]["dim"] == "yaw"
    assert sum(value != 0 for value in figures["late_over_early"]) == 1


def test_chance_stays_within_a_few_standard_errors_and_drift_does_not():
    takes = wandering()
    drifting = takes.clone()
    drifting[..., SCALE] += torch.linspace(0, 4, FRAMES)

    usual, found = drift_figures(takes), drift_figures(drifting)

    assert abs(usual["in_errors_worst"]["value"]) < 4
    assert found["in_errors_worst"]["dim"] == "scale"
    assert found["in_errors_worst"]["value"] > 5


def test_a_head_that_repeats_itself_is_told_from_one_that_does_not():
    free = wandering()
    repeating = free[:, : FRAMES // 3].repeat(1, 3, 1)

    usual, found = repetition_figures(free), repetition_figures(repeating)

    assert usual["largest"] < 1.5 * usual["by_chance"]
    assert found["largest"] > 0.9
    assert found["by_chance"] < 0.5


def test_a_jump_at_a_join_is_seen_and_one_elsewhere_is_not_counted_there():
    smooth = wandering()
    at_joins, elsewhere = smooth.clone(), smooth.clone()
    for first in range(64, FRAMES - 64, 128):
        at_joins[:, first + 3 :] += 1.0
        elsewhere[:, first + 40 :] += 1.0

    usual, jumping, other = map(join_figures, (smooth, at_joins, elsewhere))

    assert usual["jerk"] == pytest.approx(1, abs=0.05)
    assert min(jumping["jerk_of_fastest"], jumping["head_speed_of_fastest"]) > 2
    assert max(other["jerk_of_fastest"], other["head_speed_of_fastest"]) < 1


def test_only_the_chosen_joins_are_looked_at():
    takes = wandering()
    takes[:, 640 + 3 :] += 3.0

    with_it, without = (join_figures(takes, chosen) for chosen in ([640], [1280]))

    assert with_it["head_speed"] > 1.5 > without["head_speed"]


def test_long_speech_has_the_length_asked_for_and_pauses(monkeypatch):
    def missing():
        raise long_speech.MoDAError("There is no espeak-ng here.")

    monkeypatch.setattr(long_speech, "Espeak", missing)

    sound = long_speech.long_speech(30)

    assert sound.shape == (30 * SAMPLE_RATE,)
    assert np.isfinite(sound).all()
    assert (np.abs(sound[: 12 * SAMPLE_RATE]) > 0.05).any()
    assert (sound[round(11.7 * SAMPLE_RATE) : round(11.95 * SAMPLE_RATE)] == 0).all()
