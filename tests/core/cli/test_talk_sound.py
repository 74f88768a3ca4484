"""Which track and channel `talk` listens to, seen in the video."""

import logging

import av
import numpy as np
import pytest
from PIL import Image

from moda_core.cli.main import main
from moda_core.example import PORTRAIT
from tests.sound_files import write_sound, write_tracks

RATE = 16000
POINTS = "86.8,64.4 116.4,66.4 89,97 110,98"


def syllables(pitch_hz, seconds):
    time = np.arange(round(seconds * RATE)) / RATE
    pulses = np.sign(np.sin(2 * np.pi * pitch_hz * time)) * (np.sin(2 * np.pi * 4 * time) > 0)
    return (0.2 * pulses).astype(np.float32)


FIRST, SECOND = syllables(150, 0.6), syllables(220, 0.4)
SIDE = np.pad(SECOND, (0, len(FIRST) - len(SECOND)))


@pytest.fixture
def talk(tmp_path):
    """A function from a sound file and options to exit status, pictures and sound (T,)."""
    Image.open(PORTRAIT).convert("RGB").resize((200, 200)).save(tmp_path / "face.png")

    def run(sound, *options):
        output = tmp_path / "out.mp4"
        named = ["talk", str(tmp_path / "face.png"), str(sound), "-o", str(output)]
        status = main([*named, "--points", POINTS, "--steps", "2", *options])
        if status:
            return status, None, None
        with av.open(str(output)) as video:
            pictures = np.stack([each.to_ndarray() for each in video.decode(video=0)])
        with av.open(str(output)) as video:
            heard = np.concatenate([each.to_ndarray() for each in video.decode(audio=0)], axis=1)
        return status, pictures, heard[0]

    return run


def stereo(folder, left, right):
    return write_sound(folder / "stereo.wav", np.stack([left, right], 1), RATE, "FLOAT")


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize(("options", "expected"), [([], FIRST), (["--track", "1"], SECOND)])
def test_the_track_that_is_heard_is_that_of_the_video(talk, tmp_path, suffix, options, expected):
    tracks = write_tracks(tmp_path / f"film{suffix}", {"One": FIRST, "Two": SECOND}, RATE)

    _, pictures, heard = talk(tracks, *options)

    assert len(pictures) == round(25 * len(expected) / RATE)
    assert np.corrcoef(heard[: len(expected)], expected[: len(heard)])[0, 1] > 0.9


def test_a_track_that_is_not_there_is_refused_with_the_others(talk, tmp_path, capsys):
    tracks = write_tracks(tmp_path / "film.mkv", {"One": FIRST, "Two": SECOND}, RATE)

    status, _, _ = talk(tracks, "--track", "2")

    message = capsys.readouterr().err
    assert status == 2
    assert all(word in message for word in ("film.mkv", "0 (one, 'One'", "1 (two, 'Two'"))


@pytest.mark.parametrize(
    ("left", "right", "channel", "voice"),
    [
        (FIRST, -FIRST, "mix", FIRST),
        (FIRST, 0 * FIRST, "mix", FIRST),
        (FIRST, SIDE, "left", FIRST),
        (FIRST, SIDE, "right", SIDE),
        (FIRST, SIDE, "mix", (FIRST + SIDE) / 2),
    ],
    ids=["opposite", "one side silent", "left voice", "right voice", "both voices"],
)
def test_the_face_speaks_what_is_heard(talk, tmp_path, left, right, channel, voice):
    alone = write_sound(tmp_path / "alone.wav", voice, RATE, "FLOAT")

    _, expected, _ = talk(alone)
    _, pictures, _ = talk(stereo(tmp_path, left, right), "--channel", channel)

    np.testing.assert_array_equal(pictures, expected)
    assert (expected[0] != expected[-1]).any()


def test_a_silent_channel_is_said(talk, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        status, _, _ = talk(stereo(tmp_path, FIRST, 0 * FIRST), "--channel", "right")

    assert status == 0
    assert "stereo.wav" in caplog.text
    assert "silent in its right channel" in caplog.text
