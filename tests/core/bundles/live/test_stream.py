"""A portrait that speaks while its sound arrives: steadiness, interruption, change, bad input."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moda_core.audio.waveform import load_clip
from moda_core.bundles.live.stream import CLOSING_FRAMES
from moda_core.bundles.load import load_starter
from moda_core.emotion.emotion import Emotion
from moda_core.emotion.labels import emotion_weights
from moda_core.example import SPEECH
from moda_core.motion.controls import CONTROLS, read, rest_expression
from moda_core.motion.motion import EXPRESSION, YAW, Motion
from moda_core.sampling.rolling import STARTER_PLAN, AudioContext, RollingSampler
from tests.bench.stand_ins import stand_in_bundle
from tests.faces import as_tensor, portrait_picture

RATE = 16000
JAW = CONTROLS.index("jaw")
CLOSED = 0.05


@pytest.fixture(scope="module")
def starter():
    return load_starter()


@pytest.fixture(scope="module")
def portrait(starter):
    return starter.portrait(as_tensor(portrait_picture().resize((128, 128))))


@pytest.fixture(scope="module")
def speech():
    """Two seconds that begin with a word, mono at 16 kHz."""
    waveform, rate = load_clip(SPEECH, 0.0, 2.0)
    return waveform.mean(0).numpy(), rate


def played(stream, speech, pieces=1, last=True):
    samples, rate = speech
    frames = []
    for piece in np.array_split(samples, pieces):
        stream.push(piece, rate)
        frames += stream.frames()
    return frames + list(stream.frames(last=last) if last else ())


def motion(frames):
    return torch.stack([frame.values for frame in frames])


def jaw(frames):
    return read(motion(frames)[:, EXPRESSION] - rest_expression())[:, JAW]


def test_how_the_sound_is_cut_into_pieces_changes_nothing(starter, portrait, speech):
    whole = played(starter.stream(portrait), speech)

    pieces = played(starter.stream(portrait), speech, 157)

    assert [frame.index for frame in pieces] == list(range(len(whole)))
    assert torch.allclose(motion(pieces), motion(whole), atol=1e-4)
    assert np.array_equal(*(np.concatenate([f.sound for f in made]) for made in (pieces, whole)))


def test_frames_come_with_their_own_sound(starter, portrait, speech):
    samples, rate = speech

    frames = played(starter.stream(portrait, sample_rate=rate), speech, 7)

    sound = np.concatenate([frame.sound for frame in frames])
    assert len(frames) == pytest.approx(50, abs=1)
    assert np.array_equal(sound[: len(samples)], samples[: len(sound)])


@pytest.mark.parametrize("rate", [24000, 44100])
def test_turns_of_speech_and_rest_leave_sound_and_pictures_in_step(starter, portrait, rate):
    stream, piece = starter.stream(portrait), np.zeros(round(0.04 * rate), np.float32)
    for _ in range(50):
        stream.push(piece, rate)
        stream.rest(1)
        stream.push(np.zeros(640, np.float32), RATE)

    heard = stream.num_heard
    made = sum(1 for _ in stream.frames())

    assert heard == pytest.approx(150, abs=1)
    assert made + stream.plan.ahead == pytest.approx(150, abs=2)


def test_a_frame_waits_for_what_is_heard_ahead_of_it_and_no_longer(starter, portrait):
    plan = replace(STARTER_PLAN, take=2, ahead=3)
    stream = starter.stream(portrait, plan=plan)

    stream.push(np.zeros(5 * 640 + 119, np.float32), RATE)
    before = stream.num_ready
    stream.push(np.zeros(1, np.float32), RATE)

    assert (before, stream.num_ready) == (0, 2)
    assert len(list(stream.frames())) == 2
    assert stream.num_ready == 0


@pytest.mark.parametrize("begins", [18, 19])
def test_a_window_has_one_frame_where_speech_begins_and_two_elsewhere(
    starter, portrait, speech, begins
):
    stream = starter.stream(portrait)
    samples = np.concatenate([np.zeros(begins * 640, np.float32), from_first_word(speech[0])])
    stream.push(samples, RATE)
    windows = []

    while made := stream.next_frames():
        windows.append((made[0].index, len(made)))

    single = [frame for frame, count in windows if count == 1]
    assert begins <= single[0] <= begins + 1
    assert len(single) <= 6  # two words begin
    assert all(count == 2 for frame, count in windows if frame not in single)


def test_a_mouth_opens_sooner_than_by_windows_of_two(starter, portrait, speech):
    waits = []
    for plan in (STARTER_PLAN, replace(STARTER_PLAN, onset=0)):
        streams = (starter.stream(portrait, plan=plan) for _ in range(8))
        waits.append([opened_after(stream, speech, place) for place, stream in enumerate(streams)])

    assert max(waits[0]) <= max(waits[1]) - 0.02
    assert np.mean(waits[0]) < np.mean(waits[1])


def from_first_word(samples):
    return samples[np.flatnonzero(np.abs(samples) > 0.02)[0] :]


def opened_after(stream, speech, place):
    """Return the seconds of sound that are needed until a frame has an open jaw.

    It begins `place` hundredths of a second after a window.
    """
    silent = (16 * 4 + place) * 160
    samples = np.concatenate([np.zeros(silent, np.float32), from_first_word(speech[0])])
    for start in range(0, len(samples), 320):
        stream.push(samples[start : start + 320], RATE)
        if any(jaw([frame]) > 0.1 for frame in stream.frames()):
            return (start + 320 - silent) / RATE
    raise AssertionError("The jaw stayed shut.")


def test_hurried_frames_show_the_last_picture_with_their_own_sound(starter, portrait, speech):
    usual, hurried = starter.stream(portrait), starter.stream(portrait)
    for stream in (usual, hurried):
        stream.push(*speech)
    expected = usual.next_frames() + usual.next_frames()

    made = hurried.next_frames(hurried=True)
    after = hurried.next_frames()

    assert [frame.index for frame in made + after] == [frame.index for frame in expected]
    assert all(torch.equal(frame.image, expected[1].image) for frame in made)
    assert torch.equal(motion(made), expected[1].values.expand(len(made), -1))
    assert torch.equal(motion(after), motion(expected[2:]))
    sounds = (np.concatenate([frame.sound for frame in each]) for each in (made + after, expected))
    assert np.array_equal(*sounds)


def test_the_mouth_moves_with_speech_and_rests_in_silence(starter, portrait, speech):
    stream = starter.stream(portrait)
    stream.rest(25)
    silent = list(stream.frames())

    spoken = played(stream, speech)

    assert jaw(silent).max() < CLOSED
    assert jaw(spoken).max() > 0.3


def test_an_interrupted_mouth_closes_and_opens_again_for_new_speech(starter, portrait, speech):
    stream = starter.stream(portrait)
    spoken = played(stream, speech, last=False)
    shown = int(jaw(spoken[:-8]).argmax()) + 1

    stream.interrupt(shown)
    stream.rest(12)
    after = list(stream.frames())
    again = played(stream, speech)

    assert after[0].index == shown
    assert jaw(after[CLOSING_FRAMES - 1 :]).max() < CLOSED
    assert not np.concatenate([frame.sound for frame in after]).any()
    assert jaw(again).max() > 0.3


def test_what_is_taken_back_continues_from_what_was_shown(starter, portrait, speech):
    stream = starter.stream(portrait)
    spoken = played(stream, speech, last=False)
    shown = len(spoken) - 5

    stream.interrupt(shown)
    stream.rest(8)
    after = list(stream.frames())

    step = (motion(after)[0, YAW] - motion(spoken)[shown - 1, YAW]).abs()
    usual = motion(spoken)[:, YAW].diff(dim=0).abs().max()
    assert after[0].index == shown
    assert float(step) <= 1.5 * float(usual)


def test_speech_right_after_an_interruption_waits_until_the_mouth_is_closed(
    starter, portrait, speech
):
    stream = starter.stream(portrait)
    spoken = played(stream, speech, last=False)
    stream.interrupt(int(jaw(spoken[:-8]).argmax()) + 1)

    again = played(stream, speech)

    assert jaw(again[CLOSING_FRAMES - 1 : CLOSING_FRAMES]).max() < CLOSED
    assert jaw(again).max() > 0.3


def test_a_pose_is_reached_within_a_second_without_a_jump(starter, portrait):
    straight, turned = starter.stream(portrait), starter.stream(portrait)
    turned.set_pose(yaw=15.0)
    for stream in (straight, turned):
        stream.rest(30)

    change = motion(turned.frames(last=True)) - motion(straight.frames(last=True))

    yaw = change[:, YAW].flatten()
    assert yaw[-5:].mean() == pytest.approx(15, abs=2.5)
    assert yaw.diff().abs().max() < 2


def test_another_emotion_shows_from_the_next_frames_on(starter, portrait, speech):
    plain, changed = starter.stream(portrait), starter.stream(portrait)
    first = [played(stream, speech, last=False) for stream in (plain, changed)]
    changed.set_emotion(Emotion(emotion_weights("happiness"), "happiness"))

    then = [played(stream, speech) for stream in (plain, changed)]

    assert torch.equal(motion(first[0]), motion(first[1]))
    smile = CONTROLS.index("smile")
    smiles = [read(motion(made)[:, EXPRESSION] - rest_expression())[:, smile] for made in then]
    assert smiles[1][10:].mean() > smiles[0][10:].mean() + 0.1


def test_another_portrait_goes_on_in_its_own_picture(starter, portrait):
    other = starter.portrait(as_tensor(portrait_picture().resize((160, 160))))
    stream = starter.stream(portrait)
    stream.rest(10)
    first = list(stream.frames())

    stream.set_portrait(other)
    stream.rest(10)
    second = list(stream.frames())

    assert first[-1].image.shape[0] == 128
    assert second[0].image.shape[0] == 160
    assert second[0].index == first[-1].index + 1


def test_the_released_model_streams_what_its_windows_are_one_by_one():
    bundle, noise = stand_in_bundle(), np.random.default_rng(0).standard_normal(40 * 640)
    portrait = bundle.portrait(as_tensor(portrait_picture()))
    stream, plan = bundle.stream(portrait, seed=3), bundle.plan
    for piece in np.array_split(0.2 * noise.astype(np.float32), 23):
        stream.push(piece, RATE)
    listener, (previous, rest) = bundle.listener(), bundle.model.start(portrait)
    listener.push(0.2 * noise.astype(np.float32))
    context = AudioContext(bundle.model.network.config.audio_context, plan.past)
    sampler = RollingSampler(bundle.model, portrait.identity, previous, plan, 3)
    finish, values = bundle.model.rolling_finish(3), []
    for _ in range(4):
        audio = context(listener.take(plan.take, plan.ahead), plan.take)
        values.append(finish(sampler(audio, plan.take), audio))

    frames = list(stream.frames())

    offline = torch.cat(values)
    images = torch.cat(list(bundle.render(portrait, Motion(offline, rest))))
    streamed = torch.stack([frame.image for frame in frames])
    assert len(frames) == 32
    assert torch.allclose(motion(frames), offline, atol=2e-5)
    assert (streamed.int() - images.int()).abs().max() <= 2


@pytest.mark.parametrize(
    ("sound", "rate", "message"),
    [
        (np.zeros((1, 2, 3), np.float32), RATE, "shape"),
        (np.zeros(100, np.float32), 0, "rate above 0"),
        (np.full(100, np.nan, np.float32), RATE, "finite"),
    ],
)
def test_bad_sound_is_named(starter, portrait, sound, rate, message):
    with pytest.raises(ValueError, match=message):
        starter.stream(portrait).push(sound, rate)


def test_frames_that_were_not_made_can_not_have_been_shown(starter, portrait):
    with pytest.raises(ValueError, match="at most 0 frames shown, got 3"):
        starter.stream(portrait).interrupt(3)


def test_a_model_without_a_way_to_stream_says_so(starter, portrait):
    model = replace(starter.model, rolling_finish=None)

    with pytest.raises(ValueError, match="can't be streamed"):
        replace(starter, model=model).stream(portrait)


@pytest.mark.parametrize("yaw", [46.0, float("nan")])
def test_a_pose_out_of_range_is_named(starter, portrait, yaw):
    with pytest.raises(ValueError, match="yaw"):
        starter.stream(portrait).set_pose(yaw=yaw)
