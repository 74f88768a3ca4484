"""`talk --speaker`: several people in one picture."""

import av
import numpy as np
import pytest
from PIL import Image

from moda_core.cli.main import main
from tests.sound_files import write_sound
from tests.two_people import RATE, two_people, voice

LENGTH_S = 1.2
TURN_S = 0.6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A picture with two people, and what each says, one after the other."""
    folder = tmp_path_factory.mktemp("scene")
    Image.fromarray(two_people()[0].numpy()).save(folder / "pair.png")
    for name, spans in (("anna", [(0, TURN_S)]), ("ben", [(TURN_S, LENGTH_S)])):
        sound = voice(LENGTH_S, spans).numpy()[0]
        write_sound(folder / f"{name}.wav", sound * (1 + np.sin(np.arange(len(sound)) / 700)), RATE)
    return folder


@pytest.fixture
def talk(folder, tmp_path):
    """A function from options to exit status; the video is in `tmp_path`."""

    def run(*options, output="out.mp4"):
        named = [str(folder / each) if each.endswith(".wav") else each for each in options]
        return main(["talk", str(folder / "pair.png"), *named, "-o", str(tmp_path / output)])

    return run


ANNA = ("--speaker", "Anna", "left", "anna.wav")
BEN = ("--speaker", "Ben", "right", "ben.wav")


def test_all_speak_in_one_video_with_all_sounds(talk, tmp_path):
    assert talk(*ANNA, *BEN, "--steps", "2", "--quality", "high") == 0

    with av.open(str(tmp_path / "out.mp4")) as video:
        assert video.metadata["comment"] == "AI-generated"
        pictures = np.stack([each.to_ndarray(format="rgb24") for each in video.decode(video=0)])
    with av.open(str(tmp_path / "out.mp4")) as video:
        sound = np.concatenate([each.to_ndarray() for each in video.decode(audio=0)], axis=1)[0]
    height, width = two_people()[0].shape[:2]
    assert pictures.shape == (30, height, width - width % 2, 3)
    middle = sound[: round(RATE * LENGTH_S)].reshape(6, -1)
    assert (np.abs(middle).max(axis=1) > 0.05).all()
    moved = pictures.astype(float).std(axis=0).mean(axis=-1)
    assert moved[:, :200].max() > 5
    assert moved[:, -200:].max() > 5


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((*ANNA, "--speaker", "anna", "right", "ben.wav"), "'anna' is used twice"),
        ((*ANNA, "--speaker", "Ben", "0", "ben.wav"), "same face"),
        ((*ANNA, "--speaker", "Ben", "2", "ben.wav"), "2 found"),
        ((*ANNA, "--speaker", "Ben", "1,1", "ben.wav"), "no face at 1,1"),
        ((*ANNA, "--speaker", "Ben", "right", "none.wav"), "none.wav"),
        ((*ANNA, "--speaker", "B+B", "right", "ben.wav"), "'B+B'"),
        (("anna.wav", *ANNA), "AUDIO"),
        ((*ANNA, "--motion", "a.json"), "--motion"),
        ((*ANNA, "--face", "1"), "--face"),
        ((*ANNA, "--background", "red", "--start", "1"), "--start and --background"),
    ],
)
def test_people_who_can_not_talk_are_refused_without_a_file(
    talk, tmp_path, capsys, options, expected
):
    assert talk(*options) == 2

    assert expected in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_face_that_is_none_is_refused_at_once(talk, capsys):
    with pytest.raises(SystemExit) as stopped:
        talk("--speaker", "Anna", "above", "anna.wav")

    assert stopped.value.code == 2
    assert "'above'" in capsys.readouterr().err


def test_the_video_may_not_replace_a_recording(talk, folder, capsys):
    sound = folder / "sound.mp4"
    sound.write_bytes((folder / "ben.wav").read_bytes())

    assert talk(*ANNA, "--speaker", "Ben", "right", str(sound), output=str(sound)) == 2

    assert "also an input" in capsys.readouterr().err
