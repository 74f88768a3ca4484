"""A clip that continues a reference performance."""

from dataclasses import replace

import pytest
import torch

from moda_core.audio.features import AudioFeatures
from moda_core.bundles.pipeline import perform, perform_takes
from moda_core.emotion.labels import EMOTIONS
from moda_core.motion.motion import Motion
from moda_core.sampling.emotion_curve import EmotionCurve
from moda_core.sampling.held_motion import HeldMotion
from moda_core.sampling.inverted_noise import InvertedNoise
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.request import SamplingRequest
from moda_core.sampling.sample import sample_takes
from moda_core.sampling.style_context import StyleContext
from moda_core.sampling.window_plan import WINDOW

from .sampling_cases import IDENTITY, NULL_AUDIO, PREVIOUS, conditions, features
from .sampling_models import STATS, finish, tiny_model, tiny_portrait

REST = torch.zeros(63)
NUM_FRAMES, NUM_CONTEXT = 90, 40
HAPPY = torch.eye(len(EMOTIONS))[1]


def spoken(num_frames, seed=0, silence=(0, 0), encoder="tiny"):
    values = features(num_frames + sum(silence), seed)
    return AudioFeatures(values, encoder, num_frames / 25, silence)


def acted(num_frames, seed=3, fps=25.0, rest=REST):
    generator = torch.Generator().manual_seed(seed)
    return Motion(torch.randn(num_frames, 70, generator=generator), rest, fps)


def context(num_frames=100, start_s=0.4, duration_s=NUM_CONTEXT / 25, **speech):
    return StyleContext(acted(num_frames), spoken(num_frames, 5, **speech), start_s, duration_s)


def performed(asked, speech=None, windows="chain", **given):
    request = SamplingRequest(SamplingOptions(num_steps=2, windows=windows), context=asked, **given)
    return perform(tiny_model(), speech or spoken(NUM_FRAMES), tiny_portrait(), request)


@pytest.mark.parametrize("windows", ["chain", "joint"])
@pytest.mark.parametrize("silence", [(0, 0), (7, 4)])
def test_the_clip_has_its_own_length_and_another_motion(windows, silence):
    speech = spoken(NUM_FRAMES, silence=silence)

    plain, continued = (performed(each, speech, windows) for each in (None, context()))

    assert len(continued) == NUM_FRAMES
    assert (continued.values - plain.values).abs().max() > 1e-3


@pytest.mark.parametrize("windows", ["chain", "joint"])
def test_the_clip_is_the_end_of_one_sampled_with_the_reference_held(windows):
    asked, model = context(), tiny_model()
    clip = conditions(features(NUM_FRAMES))

    whole = asked.before(clip, STATS, REST)
    options = SamplingOptions(num_steps=2, windows=windows)
    sampled = sample_takes(model.network, NULL_AUDIO, whole, options, [options.seed])[0]

    assert torch.equal(whole.features[:NUM_CONTEXT], asked.features.values[10:50])
    assert torch.equal(whole.previous[0, 0], STATS.normalize(asked.motion.values[9]))
    assert torch.equal(sampled[:NUM_CONTEXT], STATS.normalize(asked.motion.values[10:50]))
    finished = finish(sampled[NUM_CONTEXT:], spoken(NUM_FRAMES), options.seed)
    assert torch.equal(performed(asked, windows=windows).values, finished)


@pytest.mark.parametrize("pause", [None, (60, 75)])
def test_windows_are_anchored_at_pauses_of_the_clip(pause):
    voiced = torch.ones(NUM_FRAMES, dtype=torch.bool)
    if pause is not None:
        voiced[slice(*pause)] = False  # in the overlap of the windows at 64 with the context
    speech = replace(spoken(NUM_FRAMES), voiced=voiced)

    chained, anchored = (
        performed(context(duration_s=0.32), speech, windows) for windows in ("chain", "anchored")
    )

    assert torch.equal(chained.values, anchored.values) == (pause is None)


def test_anchored_windows_return_to_the_start_of_the_clip():
    whole = context().before(conditions(features(NUM_FRAMES)), STATS, REST)

    assert torch.equal(whole.start, PREVIOUS)
    assert not torch.equal(whole.previous, PREVIOUS)


def test_other_speech_of_the_reference_gives_another_clip():
    asked = context()
    other = replace(asked, features=spoken(100, 6))

    assert not torch.equal(performed(asked).values, performed(other).values)


def test_added_silence_of_the_reference_is_left_out():
    plain, padded = context(), context(silence=(6, 3))
    padded.features.values[6:106] = plain.features.values

    assert torch.equal(performed(plain).values, performed(padded).values)


def test_the_expression_counts_from_the_references_own_rest():
    asked, offset = context(), torch.linspace(-1, 1, 63)
    values = asked.motion.values.clone()
    values[:, :63] += offset
    other_face = replace(asked, motion=Motion(values, offset))

    first, second = (
        each.before(conditions(features(9)), STATS, REST).hold.motion
        for each in (asked, other_face)
    )

    assert torch.allclose(first, second, atol=1e-5)


def test_a_reference_of_another_rate_is_resampled():
    asked = replace(context(), motion=replace(acted(200), fps=50.0))

    held = asked.before(conditions(features(9)), STATS, REST).hold.motion

    assert torch.equal(held, STATS.normalize(asked.motion.values[20:100:2]))


def test_an_emotion_begins_with_the_clip_and_not_with_the_reference():
    curve = EmotionCurve(torch.stack([0.5 * HAPPY, HAPPY]))

    whole = context().before(conditions(features(9), curve), STATS, REST)

    amounts = whole.emotion.window(NUM_CONTEXT - 1, 3)
    assert torch.equal(amounts[:, 1], torch.tensor([0.0, 0.5, 1.0]))
    assert not whole.emotion.window(0, NUM_CONTEXT).any()


@pytest.mark.parametrize("windows", ["chain", "joint"])
def test_what_is_held_of_the_clip_stays_held(windows):
    turn = acted(NUM_FRAMES, seed=8)
    held = HeldMotion(turn, {"yaw": 1.0}, start_s=1.0, end_s=2.0)

    found = performed(context(), windows=windows, held=(held,))

    assert torch.equal(found.values[25:50, 68], turn.values[25:50, 68])
    assert not torch.equal(found.values[:, 67], turn.values[:, 67])


def test_all_takes_continue_the_reference():
    request = SamplingRequest(SamplingOptions(num_steps=2), context=context())
    model, speech, portrait = tiny_model(), spoken(NUM_FRAMES), tiny_portrait()

    takes = perform_takes(model, speech, portrait, request, [3, 4])
    alone = perform(model, speech, portrait, request.with_options(seed=4))

    assert torch.allclose(takes.motion(1).values, alone.values, atol=1e-4)


def test_previews_show_the_clip_alone():
    shown = []
    request = SamplingRequest(SamplingOptions(num_steps=2), context=context(duration_s=3.0))

    motion = perform(
        tiny_model(), spoken(200), tiny_portrait(), request, preview=lambda x: shown.append(len(x))
    )

    assert len(motion) == 200
    assert shown[0] == WINDOW - 75
    assert shown == sorted(shown)
    assert shown[-1] < 200


@pytest.mark.parametrize(
    ("num_frames", "start_s", "duration_s", "expected"),
    [(100, 0.0, 1.6, 40), (100, 3.6, 1.6, 10), (1, 0.0, 3.2, 1), (100, 0.0, 0.04, 1)],
)
def test_the_stretch_ends_with_the_reference(num_frames, start_s, duration_s, expected):
    assert len(context(num_frames, start_s, duration_s)) == expected


def test_more_frames_are_sampled():
    request = SamplingRequest(context=context())

    assert request.num_frames(spoken(NUM_FRAMES)) == NUM_FRAMES + NUM_CONTEXT
    assert SamplingRequest().num_frames(spoken(NUM_FRAMES)) == NUM_FRAMES


def test_a_start_after_the_end_is_refused_with_both_times():
    with pytest.raises(ValueError, match=r"9.*4 s"):
        context(start_s=9.0)


def test_features_of_another_encoder_are_refused_by_name():
    with pytest.raises(ValueError, match="hubert"):
        performed(context(encoder="hubert"))


def test_inverted_noise_is_refused():
    noise = InvertedNoise(torch.zeros(2, WINDOW, 70), NUM_FRAMES, SamplingOptions(), 0.0, 1.0)

    with pytest.raises(ValueError, match="style context"):
        performed(context(), noise=noise)


def test_the_conditions_given_stay_as_they_are():
    clip = conditions(features(9))

    context().before(clip, STATS, REST)

    assert len(clip.features) == 9
    assert clip.hold is None
    assert torch.equal(clip.previous, PREVIOUS)
    assert torch.equal(clip.identity, IDENTITY)
