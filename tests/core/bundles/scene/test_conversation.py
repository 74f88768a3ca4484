"""Who speaks moves the lips, who does not listens."""

import pytest
import torch

from moda_core.bundles.load import load_starter
from moda_core.bundles.rest_pose import rest_pose
from moda_core.bundles.scene.conversation import alternate, converse
from moda_core.bundles.scene.render_scene import scene_frames
from moda_core.bundles.scene.speech_parts import TURNS, SpeechParts, split_speech
from moda_core.editing.idling import still_motion
from moda_core.motion.controls import CONTROLS, add_controls, read
from moda_core.motion.motion import HEAD
from moda_core.sampling.options import SamplingOptions
from moda_core.warp.warp_renderer import WarpRenderer
from tests.bench.stand_ins import stand_in_bundle
from tests.two_people import NAMES, RATE, lip_gap, talking, two_speakers, voice

SILENT_GAP = 0.02  # eye distances
CHANGE_S = 0.1


@pytest.fixture(scope="module")
def cast():
    return two_speakers(WarpRenderer())


def open_mouth(speaker, sound):
    """Perform with a mouth that never closes."""
    return talking(round(sound[0].shape[1] / sound[1] * 25))


def conversation(cast, text="0.0 Anna, 3.2 Ben, 6.0 nobody", duration_s=8.0, perform=open_mouth):
    hum = voice(duration_s, [(0, duration_s)])
    return converse(cast, split_speech([(hum, RATE)], NAMES, TURNS, text), perform)


def test_who_is_silent_has_closed_lips_and_lips_change_over_within_a_tenth(cast):
    anna, ben = (lip_gap(speaker.motion) for speaker in conversation(cast).speakers)
    time_s = torch.arange(200) / 25

    assert anna[time_s > 3.2 + CHANGE_S].max() < SILENT_GAP
    assert ben[time_s < 3.2 - 0.13].max() < SILENT_GAP
    assert ben[time_s > 6.0 + CHANGE_S].max() < SILENT_GAP
    assert anna[time_s < 3.2].min() > 0.2
    assert ben[(time_s >= 3.2) & (time_s < 6.0)].min() > 0.2


def test_all_motions_are_as_long_as_the_conversation(cast):
    lengths = {len(speaker.motion) for speaker in conversation(cast).speakers}

    assert lengths == {200}


def test_who_says_nothing_is_not_performed(cast):
    performed = []

    def perform(speaker, sound):
        performed.append(speaker.name)
        return open_mouth(speaker, sound)

    conversation(cast, "0 Anna", perform=perform)

    assert performed == ["Anna"]


def test_heads_cross_fade_without_a_jump(cast):
    for speaker in conversation(cast).speakers:
        angles = speaker.motion.values[:, HEAD][:, -3:]
        assert angles.diff(dim=0).abs().max() < 1.5  # degrees in a frame


def test_speech_is_played_as_it_was_performed(cast):
    spoken = talking(200)
    listened = talking(200, turn_deg=0.0)

    both = alternate(spoken, listened, [(2.0, 4.0)])

    assert torch.allclose(both.values[51:100], spoken.values[51:100], atol=1e-6)
    assert torch.allclose(both.values[130:], listened.values[130:], atol=1e-5)


def test_a_smile_outlasts_the_words_and_the_lips_do_not():
    controls = torch.zeros(200, len(CONTROLS))
    controls[:, [CONTROLS.index("jaw"), CONTROLS.index("smile")]] = 0.5
    spoken = add_controls(still_motion(200), controls)

    both = alternate(spoken, still_motion(200), [(0.0, 4.0)])

    smile = read(both.offset)[:, CONTROLS.index("smile")]
    assert lip_gap(both)[103:].max() < SILENT_GAP
    assert smile[103] > 0.4
    assert smile[120:].abs().max() < 1e-4


def test_the_same_seed_gives_the_same_conversation_and_people_differ(cast):
    first, again = (conversation(cast, "0 nobody") for _ in range(2))

    assert torch.equal(first.speakers[0].motion.values, again.speakers[0].motion.values)
    assert not torch.equal(first.speakers[0].motion.values, first.speakers[1].motion.values)


def test_a_part_for_each_is_needed(cast):
    hum = voice(1, [(0, 1)])

    with pytest.raises(ValueError, match=r"Expected 2 parts.*got 1"):
        converse(cast, SpeechParts((hum,), RATE, hum), open_mouth)


def test_the_starter_performs_it(cast):
    starter = load_starter()

    def perform(speaker, sound):
        options = SamplingOptions(num_steps=2)
        return starter.perform(speaker.portrait, starter.encode(sound), options=options)

    found = conversation(cast, "0 Anna, 1 Ben", 2.0, perform)

    assert [len(speaker.motion) for speaker in found.speakers] == [50, 50]
    assert lip_gap(found.speakers[0].motion)[28:].max() < SILENT_GAP


def test_the_released_model_performs_it_and_its_renderer_shows_it():
    released = stand_in_bundle()
    cast = two_speakers(released.renderer)

    def perform(speaker, sound):
        options = SamplingOptions(num_steps=1)
        speech = released.encode(sound, None, None)
        return released.perform(speaker.portrait, speech, options=options)

    found = conversation(cast, "0 Anna, 0.6 nobody", 0.8, perform)
    frames = torch.cat(list(scene_frames(released.renderer, found, 25, 20)))

    rest = rest_pose(None, cast.speakers[1].portrait)[0]
    ben = found.speakers[1].motion
    assert torch.equal(ben.rest, rest)
    assert len(found.speakers[0].motion) == len(ben) == 20
    assert lip_gap(ben).max() == 0
    assert frames.shape == (20, 304, 563, 3)


def test_a_silent_recording_makes_all_listen(cast):
    quiet = torch.zeros(1, RATE)

    found = converse(cast, split_speech([(quiet, RATE)], NAMES, TURNS, "0 Anna+Ben"), open_mouth)

    assert all(lip_gap(speaker.motion).max() < SILENT_GAP for speaker in found.speakers)
