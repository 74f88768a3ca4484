"""Motions and videos are scored, whole and broken."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from moda_core.audio.waveform import load_clip
from moda_core.bundles.load import load_starter
from moda_core.bundles.pipeline import perform_takes
from moda_core.bundles.score.measure import score_motion, score_video
from moda_core.bundles.score.picture import draw_score
from moda_core.bundles.score.rank import rank_by_score, scored_ranking_text
from moda_core.bundles.score.report import score_json
from moda_core.example import PORTRAIT, SPEECH
from moda_core.motion.controls import rest_expression
from moda_core.motion.motion import HEAD, YAW, Motion, released_stats
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.request import SamplingRequest
from moda_core.video.image_sequence import ImageSequence

SECONDS = 5.0


@pytest.fixture(scope="module")
def speech():
    return load_clip(SPEECH, 0.0, SECONDS)


@pytest.fixture(scope="module")
def starter():
    return load_starter()


@pytest.fixture(scope="module")
def portrait(starter):
    return starter.portrait(PORTRAIT)


@pytest.fixture(scope="module")
def motion(starter, portrait, speech):
    return starter.perform(portrait, starter.encode(speech), seed=1)


def still(num_frames, fps=25):
    values = released_stats().mean.repeat(num_frames, 1)
    values[:, :63] = rest_expression()
    return Motion(values, rest_expression(), fps)


def rolled(sound, frames):
    waveform, rate = sound
    return waveform.roll(round(frames * rate / 25), dims=1), rate


def test_broken_takes_score_less_in_the_order_of_their_damage(motion, speech):
    def total(motion, sound=speech):
        return score_motion(motion, sound).score.total

    frozen = replace(motion, values=motion.values.clone())
    frozen.values[:, :63] = motion.values[0, :63]
    noise = torch.randn(len(motion), 1, generator=torch.Generator().manual_seed(1))
    noisy = []
    for size in (0.3, 1.0):
        noisy.append(replace(motion, values=motion.values.clone()))
        noisy[-1].values[:, YAW] += size * noise

    late = [total(motion, rolled(speech, -frames)) for frames in range(6)]
    swapped = total(motion, (speech[0].flip(1), speech[1]))

    assert late == sorted(late, reverse=True)
    assert total(motion) > total(noisy[0]) > total(noisy[1])
    assert total(motion) > max(total(frozen), swapped)


def test_a_late_sound_is_found_to_a_quarter_frame(motion, speech):
    for frames in (-4, -1, 0, 2.5, 5):
        score = score_motion(motion, rolled(speech, frames)).score

        assert score.lag_frames == pytest.approx(-frames, abs=0.25)


@pytest.mark.parametrize("num_frames", [1, 2, 5, 30, 125])
def test_still_faces_and_short_clips_have_finite_figures(num_frames, speech):
    waveform, rate = speech
    waveform = waveform[:, : round(num_frames / 25 * rate)]

    for sound in (waveform, torch.zeros_like(waveform)):
        measured = score_motion(still(num_frames), (sound, rate))
        figures = [value for value in vars(measured.score).values() if value is not None]
        assert np.isfinite([*figures, measured.score.total]).all()
        assert "NaN" not in score_json(measured.score)
        assert draw_score(measured).shape[1:] == (1024, 3)


def test_still_lips_in_speech_agree_with_nothing_and_in_silence_are_unknown(speech):
    waveform, rate = speech

    assert score_motion(still(125), speech).score.lips == 0
    assert score_motion(still(125), (0 * waveform, rate)).score.lips is None


def test_values_that_are_not_finite_are_refused(motion, speech):
    broken = replace(motion, values=motion.values.clone())
    broken.values[3, 5] = torch.nan

    with pytest.raises(ValueError, match="NaN or infinite"):
        score_motion(broken, speech)


def test_a_sound_of_another_length_is_refused(motion, speech):
    waveform, rate = speech

    with pytest.raises(ValueError, match=r"2\.50 s and the motion 5\.00 s"):
        score_motion(motion, (waveform[:, : waveform.shape[1] // 2], rate))


def test_a_video_shows_the_lips_of_its_motion(starter, portrait, motion, speech):
    waveform, rate = speech
    frames = torch.cat(list(starter.render(portrait, replace(motion, values=motion.values[:40]))))
    pictures = frames[:, ::2, ::2]
    clip = ImageSequence(pictures.__getitem__, 40, Fraction(25))
    done = []

    measured = score_video(
        clip,
        (waveform[:, : round(40 / 25 * rate)], rate),
        progress=lambda *state: done.append(state),
    )

    score = measured.score
    assert score.num_frames == 40
    assert score.lips > 0.7
    assert abs(score.lag_frames) < 0.5
    assert score.flicker > 0.98
    assert score.identity > 0.95
    assert done[-1] == (80, 80)
    assert done == sorted(done)


def test_a_linked_motion_is_scored_in_place_of_the_one_seen(portrait, motion, speech):
    waveform, rate = speech
    pictures = portrait.image[None].expand(50, -1, -1, -1)[:, ::2, ::2]
    clip = ImageSequence(pictures.__getitem__, 50, Fraction(25))
    known = replace(motion, values=motion.values[:50])

    measured = score_video(clip, (waveform[:, : 2 * rate], rate), motion=known)

    assert measured.motion is known
    assert measured.score.lips > 0.9
    assert measured.score.flicker == 1


def test_takes_are_ranked_by_the_score_of_their_finished_motion(starter, portrait, speech):
    features = starter.encode(speech)
    options = SamplingRequest(SamplingOptions(num_steps=2))
    takes = perform_takes(starter.model, features, portrait, options, [5, 6, 7])

    ranking = rank_by_score(takes, *speech)

    scores = {s: score_motion(takes.motion(i), speech).score.total for i, s in enumerate((5, 6, 7))}
    assert [take.seed for take in ranking] == sorted(scores, key=scores.get, reverse=True)
    assert ranking[0].score == pytest.approx(max(scores.values()))
    lines = scored_ranking_text(ranking).splitlines()
    assert [int(line.split()[1]) for line in lines[1:]] == [take.seed for take in ranking]


def test_takes_with_nan_are_not_ranked(starter, portrait, speech):
    features = starter.encode(speech)
    options = SamplingRequest(SamplingOptions(num_steps=2))
    takes = perform_takes(starter.model, features, portrait, options, [5, 6])
    one, none = takes.normalized.clone(), torch.full_like(takes.normalized, torch.nan)
    one[0, 3, HEAD] = torch.nan

    assert [take.seed for take in rank_by_score(replace(takes, normalized=one), *speech)] == [6]
    with pytest.raises(ValueError, match="All takes hold NaN"):
        rank_by_score(replace(takes, normalized=none), *speech)
