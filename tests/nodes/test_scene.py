"""Two people in one picture: their cast, their conversation and their video."""

import numpy as np
import pytest
import torch

from .media import read_video
from .starter_graph import node, starter_prompt

NAMES = ("Eileen", "Grace")
MOUTH = (240, 345)  # rows of both pictures


@pytest.fixture
def pair(host):
    (image, _) = host.call("MoDAExample", picture="both side by side")
    return image


@pytest.fixture
def portraits(host, parts, pair):
    face = {"renderer": parts.renderer, "image": pair, "face_order": "left to right"}
    return [host.call("MoDAExtractIdentity", face_index=index, **face)[0] for index in (0, 1)]


def cast_of(host, portraits, names=NAMES, **options):
    """Return the cast that MoDA Speaker nodes make one after another."""
    cast = None
    for name, portrait in zip(names, portraits, strict=True):
        (cast,) = host.call("MoDASpeaker", name=name, portrait=portrait, cast=cast, **options)
    return cast


def converse(host, parts, cast, **inputs):
    values = {"model": parts.model, "audio_encoder": parts.encoder, "cast": cast, "steps": 2}
    return host.call("MoDAConversation", **{**values, "audio": parts.speech, **inputs})


def render(host, parts, cast, **options):
    values = {"renderer": parts.renderer, "quality": "high"}
    (video,) = host.call("MoDARenderScene", cast=cast, **{**values, **options})
    return video, read_video(video.get_stream_source())


def longer(audio, seconds):
    """Return the example's speech from its second phrase on."""
    rate = audio["sample_rate"]
    return {**audio, "waveform": audio["waveform"][..., rate : rate + round(seconds * rate)]}


def test_the_example_has_two_portraits_of_one_height(host, pair):
    first, second = (
        host.call("MoDAExample", picture=name)[0] for name in ("Eileen Collins", "Grace Hopper")
    )

    assert torch.equal(host.call("MoDAExample")[0], first)
    assert torch.equal(torch.cat([first, second], dim=2), pair)


def test_a_conversation_is_rendered_as_one_video(host, parts, portraits, pair):
    cast, audio = converse(
        host,
        parts,
        cast_of(host, portraits),
        audio=longer(parts.audio, 0.8),
        who_speaks="turns",
        turns="0.0 Eileen, 0.4 Grace",
        nods=0.0,
    )
    video, seen = render(host, parts, cast, audio=audio)

    assert [len(speaker.motion) for speaker in cast.speakers] == [20, 20]
    assert (seen.frames.shape, seen.fps) == ((20, *pair.shape[1:]), 25)
    assert seen.sample_rate == parts.audio["sample_rate"]
    assert [path.name for path in host.temp_folder.iterdir()] == [
        video.get_stream_source().rpartition("/")[2]
    ]
    frames = seen.frames[:, slice(*MOUTH)].astype(float)
    left, right = frames[:, :, :608], frames[:, :, 608:]
    for mouth, own in ((left, slice(0, 9)), (right, slice(11, 20))):
        other = slice(11, 20) if own.start == 0 else slice(0, 9)
        assert mouth[own].std(axis=0).mean() > 1.3 * mouth[other].std(axis=0).mean()


def test_the_recording_comes_out_as_it_went_in(host, parts, portraits):
    _, audio = converse(
        host, parts, cast_of(host, portraits), who_speaks="turns", turns="0 Eileen+Grace"
    )

    assert torch.equal(audio["waveform"], parts.speech["waveform"])


def test_a_sound_for_each_is_mixed(host, parts, portraits):
    cast, audio = converse(host, parts, cast_of(host, portraits), second_audio=parts.speech)

    mixed = audio["waveform"][0]
    expected = 2 * parts.speech["waveform"][0]
    assert torch.allclose(mixed / mixed.abs().max(), expected / expected.abs().max(), atol=1e-6)
    motions = [speaker.motion.values for speaker in cast.speakers]
    assert not torch.equal(*motions)  # each has a seed of its own


def test_a_speaker_without_motion_stays_as_in_the_picture(host, parts, portraits, pair):
    speaking = cast_of(host, portraits[:1], NAMES[:1], motion=parts.motion)
    (cast,) = host.call("MoDASpeaker", name="Grace", portrait=portraits[1], cast=speaking)

    _, seen = render(host, parts, cast)

    picture = (pair[0] * 255).numpy()
    assert np.abs(seen.frames[:, :, 650:] - picture[:, 650:]).mean() < 3
    assert len(seen.frames) == len(parts.motion)
    assert seen.sound is None


def test_a_masked_speaker_is_seen_in_the_mask_only(host, parts, portraits, pair):
    mask = torch.zeros(pair.shape[:3])
    mask[:, 250:400, 200:420] = 1
    cast = cast_of(host, portraits[:1], NAMES[:1], motion=parts.motion, mask=mask)

    _, seen = render(host, parts, cast)

    moved = seen.frames.astype(float).std(axis=0).mean(axis=-1)
    assert moved[250:400, 200:420].max() > 5
    assert moved[:230, 200:420].max() < 5


def test_other_frame_rates_keep_the_length(host, parts, portraits):
    cast = cast_of(host, portraits[:1], NAMES[:1], motion=parts.motion)

    _, seen = render(host, parts, cast, fps=50.0, audio=parts.speech)

    assert (seen.fps, len(seen.frames)) == (50, 2 * len(parts.motion))


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, r"2 speakers.*1 sounds"),
        ({"third_audio": True, "second_audio": True}, r"2 speakers.*3 sounds"),
        ({"who_speaks": "channels"}, r"1 channels.*2 speakers"),
        ({"who_speaks": "turns", "turns": "0 Eileen, 0.2 Gracie"}, r"'Gracie'.*'grace'"),
        ({"who_speaks": "turns", "turns": "0 Eileen, 7 Grace"}, r"7 s.*after the end"),
        ({"who_speaks": "turns", "turns": "0 Eileen, 9 end"}, r"end at 9 s, after"),
    ],
)
def test_speech_that_does_not_fit_the_cast_is_refused(host, parts, portraits, inputs, expected):
    cast = cast_of(host, portraits)
    linked = {key: parts.speech if value is True else value for key, value in inputs.items()}

    with pytest.raises(Exception, match=expected):
        converse(host, parts, cast, **linked)


def test_people_who_do_not_belong_together_are_refused(host, parts, portraits):
    with pytest.raises(Exception, match="twice"):
        cast_of(host, portraits, ("Grace", "grace"))
    with pytest.raises(Exception, match="different pictures"):
        cast_of(host, [portraits[0], parts.portrait])
    with pytest.raises(Exception, match="same face"):
        cast_of(host, [portraits[0], portraits[0]])


def test_a_cast_in_which_nobody_moves_is_refused(host, parts, portraits):
    with pytest.raises(Exception, match="MoDA Conversation"):
        render(host, parts, cast_of(host, portraits))


def scene_prompt(**changes):
    prompt = starter_prompt()
    prompt["cast"] = node("MoDASpeaker", portrait=["portrait", 0], name="Eileen")
    prompt["talk"] = node(
        "MoDAConversation",
        model=["model", 0],
        audio_encoder=["encoder", 0],
        cast=["cast", 0],
        audio=["audio", 1],
        **{"who_speaks": "turns", "turns": "0.0 Eileen", "nods": 1.0, "gaze": 0.0},
        **{"steps": 2, "guidance": 1.2, "seed": 42},
    )
    scene = {"renderer": ["renderer", 0], "cast": ["talk", 0], "audio": ["talk", 1]}
    prompt["video"] = node("MoDARenderScene", **scene, fps=25.0, quality="standard")
    del prompt["motion"]
    for key, inputs in changes.items():
        prompt[key]["inputs"].update(inputs)
    return prompt


@pytest.mark.parametrize(
    ("node_id", "inputs", "expected"),
    [
        ("talk", {"turns": "0.0 Eileen, soon Grace"}, "expected a time, got 'soon'"),
        ("talk", {"turns": ""}, "empty"),
        ("cast", {"name": "a,b"}, "1 to 40"),
    ],
)
def test_wrong_texts_are_refused_before_anything_runs(host, node_id, inputs, expected):
    result = host.run(scene_prompt(**{node_id: inputs}))

    assert expected in result.error
    assert not result.ran


def test_cancel_in_the_middle_of_the_scene_leaves_no_file(host):
    prompt = scene_prompt(audio={"duration": 4.0})
    talked = {key: each for key, each in prompt.items() if key != "video"}
    talked["save"] = node("PreviewAny", source=["talk", 0])
    assert host.run(talked).error is None
    host.cancel_after(2)

    result = host.run(prompt)

    assert result.interrupted
    assert result.ran == ["video"]
    assert list(host.temp_folder.iterdir()) == []
