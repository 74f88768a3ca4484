"""Which channels, and which track, of a recording are heard."""

import logging
import math
import re
from io import BytesIO

import numpy as np
import pytest
import torch

from moda_core.audio.channels import hear
from moda_core.audio.recording import Recording, open_recording
from moda_core.audio.sound_file import SoundFile
from moda_core.errors import InputFileError
from tests.sound_files import write_sound, write_tracks

RATE = 16000
SECONDS = 0.5
STEP_OF_16_BITS = 2.0**-15


def voice(seed, level=0.1):
    noise = np.random.default_rng(seed).normal(0, level, round(SECONDS * RATE))
    return noise.clip(-0.9, 0.9).astype(np.float32)


ONE, OTHER, NOTHING = voice(1), voice(2), np.zeros(round(SECONDS * RATE), np.float32)
HISS = voice(3, 3e-6)  # below one step of 16 bits
HUM = np.full_like(ONE, 0.25)  # a constant: not heard

# Channels, choice, what must be heard, and words of the note ("" for none).
CASES = {
    "one channel": ([ONE], "mix", ONE, ""),
    "one channel on the left": ([ONE], "left", ONE, ""),
    "one channel on the right": ([ONE], "right", ONE, ""),
    "the same on both sides": ([ONE, ONE], "mix", ONE, ""),
    "a voice a side": ([ONE, OTHER], "mix", (ONE + OTHER) / 2, ""),
    "the left voice": ([ONE, OTHER], "left", ONE, ""),
    "the right voice": ([ONE, OTHER], "right", OTHER, ""),
    "opposite channels": ([ONE, -ONE], "mix", ONE, "cancel.* left one"),
    "opposite and louder right": ([ONE, -1.2 * ONE], "mix", -1.2 * ONE, "cancel.* right one"),
    "nearly opposite": ([ONE, 0.05 * OTHER - ONE], "mix", ONE, "cancel.* left one"),
    "partly opposite": ([ONE, OTHER - ONE], "mix", OTHER / 2, ""),
    "the left of opposite ones": ([ONE, -ONE], "left", ONE, ""),
    "opposite with an offset": ([ONE + HUM, HUM - ONE], "mix", ONE + HUM, "cancel.* left one"),
    "a voice on the left only": ([ONE, NOTHING], "mix", ONE, ""),
    "a voice on the right and hiss": ([HISS, ONE], "mix", ONE, ""),
    "the silent side": ([ONE, NOTHING], "right", NOTHING, "silent in its right channel.*another"),
    "silence": ([NOTHING, NOTHING], "mix", NOTHING, "is silent.*closed"),
    "silence on a side": ([NOTHING, NOTHING], "left", NOTHING, "is silent.*closed"),
    "a constant": ([HUM], "mix", HUM, "is silent.*closed"),
    "the centre of 5.1": ([NOTHING, NOTHING, ONE, NOTHING, HISS, HISS], "mix", ONE, ""),
    "opposite rear channels": (
        ([NOTHING, NOTHING, NOTHING, NOTHING, ONE, -ONE]),
        *("mix", ONE, "cancel.* number 5"),
    ),
    "the right of 5.1": ([NOTHING, OTHER, ONE, NOTHING, HISS, HISS], "right", OTHER, ""),
}


@pytest.mark.parametrize("in_file", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize(("channels", "choice", "expected", "says"), CASES.values(), ids=CASES)
def test_what_is_heard(tmp_path, caplog, channels, choice, expected, says, in_file):
    source = (torch.from_numpy(np.stack(channels)), RATE)
    if in_file:
        source = write_sound(tmp_path / "a.wav", np.stack(channels, 1), RATE, "FLOAT")

    with caplog.at_level(logging.WARNING):
        blocks, duration_s = open_recording(Recording(source, channel=choice))
        heard = np.concatenate(list(blocks))

    np.testing.assert_allclose(heard, expected, rtol=0, atol=STEP_OF_16_BITS)
    assert duration_s == SECONDS
    assert bool(caplog.messages) == bool(says)
    if says:
        (message,) = caplog.messages
        assert re.search(says, message)
        assert ("a.wav" in message) == in_file


def test_the_choice_is_of_the_whole_sound_not_of_its_first_block():
    late = [np.stack([NOTHING, NOTHING]), np.stack([ONE, -ONE])]

    heard = hear(late)

    assert heard.channels == (0,)
    assert heard.num_samples == 2 * len(ONE)


def test_only_the_part_that_is_used_decides():
    opposite_later = torch.from_numpy(np.stack([[*ONE, *ONE], [*ONE, *-ONE]]))

    heard, _ = Recording((opposite_later, RATE)).heard(duration_s=SECONDS)

    assert heard.channels == (0, 1)
    assert not heard.note


@pytest.mark.parametrize("in_file", [False, True], ids=["memory", "file"])
@pytest.mark.parametrize(("duration_s", "stop"), [(None, 8000), (0.2, 5600)])
def test_a_part_is_heard_from_its_start(tmp_path, in_file, duration_s, stop):
    sides = np.stack([ONE, OTHER])
    source = (torch.from_numpy(sides), RATE)
    if in_file:
        source = write_sound(tmp_path / "a.wav", sides.T, RATE, "FLOAT")

    blocks, length_s = open_recording(Recording(source, None, "right", start_s=0.15), duration_s)

    np.testing.assert_array_equal(np.concatenate(list(blocks)), OTHER[2400:stop])
    assert length_s == (stop - 2400) / RATE


def test_a_part_without_a_sample_is_no_sound():
    blocks, duration_s = open_recording((torch.ones(2, RATE), RATE), 1e-9)

    assert not list(blocks)
    assert duration_s == 1e-9


def test_an_unknown_channel_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="mix, left, right, got 'middle'"):
        open_recording(Recording((torch.zeros(1, RATE), RATE), channel="middle"))


TRACKS = {"English": ONE, "Deutsch": OTHER}


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize(
    ("default", "track", "used"), [(None, None, 0), (1, None, 1), (1, 0, 0), (0, 1, 1)]
)
def test_the_default_track_is_heard_unless_another_is_named(
    tmp_path, caplog, suffix, default, track, used
):
    path = write_tracks(tmp_path / f"film{suffix}", TRACKS, RATE, default)

    with caplog.at_level(logging.WARNING):
        blocks, _ = open_recording(Recording(path, track))
        heard = np.concatenate(list(blocks))

    likeness = [np.corrcoef(heard, each)[0, 1] for each in TRACKS.values()]
    assert likeness[used] > 0.9  # AAC is lossy
    assert abs(likeness[1 - used]) < 0.1
    named = "".join(caplog.messages)
    assert (f"Track {used} is used" in named) == (track is None)


def test_tracks_are_described_where_one_is_missing(tmp_path):
    path = write_tracks(tmp_path / "film.mkv", TRACKS, RATE)

    with pytest.raises(InputFileError) as caught:
        SoundFile(path, 2)

    message = str(caught.value)
    assert all(word in message for word in (str(path), "track 2", "0.5 s", "flac"))
    assert all(word in message for word in ("0 (eng, 'English'", "1 (deu, 'Deutsch'"))


def test_a_silent_default_track_is_named_with_the_others(tmp_path, caplog):
    path = write_tracks(tmp_path / "film.mkv", {"Music": NOTHING, "Voice": ONE}, RATE)

    with caplog.at_level(logging.WARNING):
        open_recording(path)

    (message,) = caplog.messages
    assert all(word in message for word in ("is silent", "1 (voi, 'Voice'", "Track 0"))


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"track": 1}, "track 1"),
        ({"start_s": -0.5}, "got -0.5"),
        ({"start_s": math.inf}, "got inf"),
    ],
)
def test_contradictory_recordings_are_refused(choice, says):
    with pytest.raises(ValueError, match=says):
        Recording((torch.zeros(1, RATE), RATE), **choice)


def test_a_file_in_memory_is_read_like_the_file(tmp_path):
    path = write_sound(tmp_path / "a.wav", ONE, RATE, "FLOAT")

    with SoundFile(BytesIO(path.read_bytes())) as sound:
        samples = np.concatenate(list(sound.blocks()), axis=1)

    assert sound.sample_rate == RATE
    np.testing.assert_array_equal(samples[0], ONE)
