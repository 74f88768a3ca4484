"""Loudness of every frame."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from moda_core.audio.level import check_same_length, frame_levels

from ..editing.direct_cases import random_motion


def plain_levels(waveform, sample_rate, num_frames, fps):
    """Root mean squares by a loop over the frames."""
    edges = [round(frame / fps * sample_rate) for frame in range(num_frames + 1)]
    parts = [waveform[:, first:last].double() for first, last in pairwise(edges)]
    levels = np.array([float(part.square().mean()) ** 0.5 if part.numel() else 0 for part in parts])
    return levels / levels.max()


@pytest.mark.parametrize(("sample_rate", "fps"), [(22050, 25), (16000, 29.97), (100, 60), (8, 25)])
def test_it_is_the_root_mean_square_over_the_loudest(sample_rate, fps):
    generator = torch.Generator().manual_seed(1)
    sound = torch.randn(2, 3 * sample_rate, generator=generator)
    sound = sound * torch.linspace(0.01, 0.5, sound.shape[1])

    levels = frame_levels(sound, sample_rate, round(2 * fps), fps)

    np.testing.assert_allclose(
        levels, plain_levels(sound, sample_rate, round(2 * fps), fps), atol=1e-5
    )


def test_nothing_is_heard_past_the_end_of_the_sound():
    levels = frame_levels(torch.full((1, 1000), 0.3), 1000, 50, 25)

    np.testing.assert_allclose(levels[:25], 1, atol=1e-6)
    assert not levels[25:].any()


@pytest.mark.parametrize(
    "sound", [torch.zeros(1, 1000), torch.zeros(2, 0), torch.full((1, 99), 1e-5)]
)
def test_silence_is_not_amplified(sound):
    assert not frame_levels(sound, 1000, 10, 25).any()


def test_a_sample_that_is_no_number_silences_its_frame_alone():
    sound = torch.full((1, 1000), 0.5)
    sound[0, 100] = float("nan")
    sound[0, 900] = float("inf")

    levels = frame_levels(sound, 1000, 25, 25)

    assert np.flatnonzero(levels == 0).tolist() == [2, 22]


@pytest.mark.parametrize(
    ("num_samples", "fits"), [(2500, True), (1500, True), (2510, False), (1490, False)]
)
def test_sound_of_another_length_is_refused_with_both_lengths(num_samples, fits):
    motion, sound = random_motion(60, fps=30), torch.zeros(2, num_samples)

    if fits:
        check_same_length(sound, 1000, motion)
    else:
        with pytest.raises(
            ValueError, match=rf"lasts {num_samples / 1000:.2f} s and the motion 2.00 s"
        ):
            check_same_length(sound, 1000, motion)


@pytest.mark.parametrize(
    ("shape", "rate", "frames", "fps"),
    [((1000,), 100, 5, 25), ((1, 9), 0, 5, 25), ((1, 9), 9, 0, 25), ((1, 9), 9, 5, 0)],
)
def test_wrong_arguments_are_refused_in_a_sentence(shape, rate, frames, fps):
    with pytest.raises(ValueError, match=r"Expected .*, got"):
        frame_levels(torch.zeros(shape), rate, frames, fps)
