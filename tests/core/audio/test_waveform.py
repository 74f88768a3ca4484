from pathlib import Path

import numpy as np
import pytest
import torch

from moda_core.audio.resample import StreamResampler, resample_blocks
from moda_core.audio.sound_file import SoundFile
from moda_core.audio.waveform import (
    audio_duration,
    channel_blocks,
    decode_blocks,
    frame_count,
    load_clip,
    waveform_blocks,
)
from moda_core.errors import InputFileError
from tests.sound_files import write_sound
from tests.tolerances import assert_rounded

TONES_OGG = Path(__file__).with_name("tones.ogg")  # `tones` of 3 s, written by libvorbis
FREQUENCIES = np.array([110.0, 523.0, 1310.0, 2470.0, 3300.0])


def tones(time_s):
    """Five sines that every rate from 8 kHz up can hold."""
    return 0.15 * np.sin(2 * np.pi * FREQUENCIES * time_s[:, None] + 0.3).sum(axis=1)


def load_waveform(path):
    return np.concatenate(list(decode_blocks(path)))


def write_tones(path, sample_rate=44100, channels=1, duration_s=0.5, **options):
    signal = tones(np.arange(round(duration_s * sample_rate)) / sample_rate)
    return write_sound(path, np.tile(signal[:, None], channels), sample_rate, **options)


def error_inside(samples, sample_rate=16000):
    """Largest distance from the ideal samples, away from the cut ends."""
    ideal = tones(np.arange(len(samples)) / sample_rate)
    return np.abs(samples - ideal)[200:-200].max()


@pytest.mark.parametrize(
    ("duration_s", "fps", "frames"),
    [
        (1.0, 25, 25),
        (0.04, 25, 1),
        (0.001, 25, 1),
        (1.019, 25, 25),
        (1.021, 25, 26),
        (0.5, 25, 12),  # halves go to the even neighbour
        (1.5, 25, 38),
        (10.01, 30000 / 1001, 300),
    ],
)
def test_frame_count_is_pythons_round_and_at_least_one(duration_s, fps, frames):
    assert frame_count(duration_s, fps) == frames


@pytest.mark.parametrize(
    "rate", [8000, 11025, 16000, 22050, 32000, 44056, 44100, 48000, 96000, 192000]
)
def test_every_rate_is_resampled_without_loss_or_delay(tmp_path, rate):
    path = write_tones(tmp_path / "tones.wav", rate, subtype="FLOAT")

    samples = load_waveform(path)

    assert len(samples) == round(round(0.5 * rate) * 16000 / rate)
    assert error_inside(samples) < 0.001  # a delay of 0.1 ms would cost 0.4


@pytest.mark.parametrize("channels", range(1, 9))
def test_up_to_eight_equal_channels_give_the_same_as_one(tmp_path, channels):
    path = write_tones(tmp_path / "tones.wav", channels=channels, subtype="PCM_16")

    with SoundFile(path) as sound:
        assert sound.num_channels == channels
    assert error_inside(load_waveform(path)) < 0.001


@pytest.mark.parametrize(
    ("subtype", "tolerance"),
    [
        ("PCM_U8", 0.01),
        ("PCM_16", 1e-3),
        ("PCM_24", 1e-3),
        ("PCM_32", 1e-3),
        ("FLOAT", 1e-3),
        ("DOUBLE", 1e-3),
        ("ULAW", 0.05),
        ("ALAW", 0.05),
    ],
)
def test_sample_formats_keep_their_scale(tmp_path, subtype, tolerance):
    path = write_tones(tmp_path / "tones.wav", subtype=subtype)

    assert error_inside(load_waveform(path)) < tolerance


@pytest.mark.parametrize(
    ("name", "tolerance"), [("a.flac", 1e-3), ("a.ogg", 0.05), ("a.mp3", 0.05), ("a.aiff", 1e-3)]
)
def test_compressed_files_lose_their_encoder_delay(tmp_path, name, tolerance):
    path = TONES_OGG if name == "a.ogg" else write_tones(tmp_path / name, duration_s=3.0)

    samples = load_waveform(path)

    assert len(samples) == 48000
    assert error_inside(samples) < tolerance
    assert audio_duration(path) == 3.0


def test_channels_are_averaged_before_resampling(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.2, 4410)
    write_sound(tmp_path / "opposite.wav", np.stack([noise, -noise], 1), 44100, "FLOAT")

    assert np.abs(load_waveform(tmp_path / "opposite.wav")).max() < 1e-6


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 192000])
def test_frequencies_above_8_khz_do_not_fold_back(rate):
    time = np.arange(rate) / rate
    frequencies = np.linspace(8600, 0.45 * rate, 20)
    high = np.sin(2 * np.pi * frequencies * time[:, None]).sum(axis=1).astype(np.float32)

    samples = np.concatenate(list(resample_blocks([high], rate, 16000)))

    assert np.abs(samples[200:-200]).max() < 0.001


def test_resampling_does_not_depend_on_the_block_size():
    noise = np.random.default_rng(1).normal(0, 0.2, 30000).astype(np.float32)

    whole = np.concatenate(list(resample_blocks([noise], 44100, 16000)))
    pieces = np.concatenate(list(resample_blocks(np.split(noise, [7, 7, 999]), 44100, 16000)))

    assert len(whole) == round(30000 * 16000 / 44100)
    assert_rounded(pieces, whole, 256)


def test_the_sound_is_silent_beyond_its_ends():
    noise = np.random.default_rng(2).normal(0, 0.2, 44100).astype(np.float32)
    silence = np.zeros(4410, np.float32)

    alone = np.concatenate(list(resample_blocks([noise], 44100, 16000)))
    amid_silence = np.concatenate(list(resample_blocks([silence, noise, silence], 44100, 16000)))

    assert_rounded(alone, amid_silence[1600:17600], 256)


@pytest.mark.parametrize("rates", [(0, 16000), (44100, -1)])
def test_rates_of_zero_are_refused(rates):
    with pytest.raises(ValueError, match="above 0"):
        list(resample_blocks([np.zeros(10, np.float32)], *rates))


@pytest.mark.parametrize(
    ("start_s", "duration_s", "part"),
    [(0.0, 0.5, slice(0, 8000)), (1.25, None, slice(20000, 48000)), (2.9, 9, slice(46400, 48000))],
)
def test_a_part_of_a_file_is_cut_to_the_sample(tmp_path, start_s, duration_s, part):
    noise = np.random.default_rng(3).normal(0, 0.2, 48000).astype(np.float32)
    write_sound(tmp_path / "noise.wav", noise, 16000, "FLOAT")

    blocks = list(decode_blocks(tmp_path / "noise.wav", 16000, start_s, duration_s))

    np.testing.assert_array_equal(np.concatenate(blocks), noise[part])


def test_blocks_stay_small_however_long_the_file(tmp_path):
    write_sound(tmp_path / "long.wav", np.full((44100 * 20, 2), 0.1), 44100)

    lengths = [len(block) for block in decode_blocks(tmp_path / "long.wav")]

    assert sum(lengths) == 20 * 16000
    assert max(lengths) < 16000


@pytest.mark.parametrize("one_channel", [True, False])
def test_sound_in_memory_gives_what_its_file_gives(tmp_path, one_channel):
    noise = np.random.default_rng(4).normal(0, 0.2, (40000, 2)).astype(np.float32)
    noise = noise[:, 0] if one_channel else noise
    write_sound(tmp_path / "noise.wav", noise, 44100, "FLOAT")

    from_file = np.concatenate(list(decode_blocks(tmp_path / "noise.wav", start_s=0.1)))
    from_tensor = np.concatenate(
        list(waveform_blocks(torch.from_numpy(noise.T), 44100, start_s=0.1))
    )

    assert_rounded(from_tensor, from_file, 256)


def test_measuring_is_exact_to_the_sample(tmp_path):
    write_sound(tmp_path / "odd.flac", np.zeros((12347, 2)), 44100)

    with SoundFile(str(tmp_path / "odd.flac")) as sound:
        num_samples = sum(block.shape[1] for block in sound.blocks())

    assert (num_samples, sound.sample_rate, sound.codec) == (12347, 44100, "flac")
    assert audio_duration(tmp_path / "odd.flac") == 12347 / 44100


def test_names_with_spaces_colons_and_other_alphabets_work(tmp_path):
    path = write_tones(tmp_path / "Grüße an 東京 100%.wav")

    assert audio_duration(path) == 0.5


def test_sound_behind_a_break_in_the_file_is_left_out(tmp_path):
    path = write_tones(tmp_path / "tones.flac", duration_s=2.0)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 400] = bytes(400)
    path.write_bytes(content)

    samples = load_waveform(path)

    assert 16000 < len(samples) <= 32000


def bad_files(folder):
    """Make a file for every kind of bad sound, with a word of the expected sentence."""
    noise = np.random.default_rng(5).normal(0, 0.1, 60000).astype(np.float32)
    not_a_number, infinite = noise.copy(), noise.copy()
    not_a_number[50000], infinite[3] = np.nan, np.inf
    write_sound(folder / "nan.wav", not_a_number, 16000, "FLOAT")
    write_sound(folder / "inf.wav", infinite, 16000, "FLOAT")
    write_sound(folder / "no samples.wav", noise[:0], 16000)
    write_sound(folder / "short.wav", noise[:639], 16000)
    (folder / "empty.mp3").write_bytes(b"")
    (folder / "text.wav").write_text("not a sound at all, whatever the name says\n" * 50)
    (folder / "cut.wav").write_bytes((folder / "inf.wav").read_bytes()[:30])
    picture = b"P6 16 16 255\n" + bytes(16 * 16 * 3)
    (folder / "picture.ppm").write_bytes(picture)
    (folder / "folder.wav").mkdir()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nan.wav", "3.125 s"),
        ("inf.wav", "NaN or infinity"),
        ("no samples.wav", "no sound"),
        ("short.wav", "39.9 ms"),
        ("empty.mp3", "empty"),
        ("text.wav", "can't be read as sound"),
        ("cut.wav", ""),
        ("picture.ppm", "no sound track"),
        ("folder.wav", "is a folder"),
        ("missing.wav", "does not exist"),
    ],
)
@pytest.mark.parametrize("reader", [load_waveform, audio_duration])
def test_bad_files_are_named_in_one_sentence_of_what_to_do(tmp_path, name, problem, reader):
    bad_files(tmp_path)

    with pytest.raises(InputFileError) as caught:
        reader(tmp_path / name)

    message = str(caught.value)
    assert str(tmp_path / name) in message
    assert problem in message
    assert "\n" not in message
    assert message.endswith(".")


def test_starting_behind_the_end_is_refused(tmp_path):
    path = write_tones(tmp_path / "tones.wav")

    with pytest.raises(InputFileError, match="read from 3 s on"):
        list(decode_blocks(path, start_s=3))


@pytest.mark.parametrize(
    ("waveform", "rate", "problem"),
    [
        (torch.zeros(1, 2, 16000), 16000, r"\(1, 2, 16000\)"),
        (torch.zeros(0, 16000), 16000, r"\(0, 16000\)"),
        (torch.zeros(2, 16000), 0, "above 0"),
        (torch.zeros(2, 0), 16000, "0.0 ms"),
        (torch.full((1, 16000), float("nan")), 16000, "NaN"),
    ],
)
def test_bad_sound_in_memory_is_refused(waveform, rate, problem):
    with pytest.raises(ValueError, match=problem):
        list(channel_blocks(waveform, rate))


def test_length_is_measured_up_to_a_limit(tmp_path):
    path = tmp_path / "tone.wav"
    write_sound(path, np.zeros(16000), 16000)

    assert audio_duration(path, 0.25) == 0.25
    assert audio_duration(path, 2.0) == 1.0
    assert audio_duration(path, 0.25, start_s=0.5) == 0.25
    assert audio_duration(path, start_s=0.7) == pytest.approx(0.3)


@pytest.mark.parametrize(("start_s", "says"), [(0.97, "only 30.0 ms"), (1.0, "Start earlier")])
def test_too_little_sound_behind_a_start_is_refused(tmp_path, start_s, says):
    write_sound(tmp_path / "tone.wav", np.zeros(16000), 16000)

    with pytest.raises(InputFileError, match=rf"tone\.wav.*{says}"):
        audio_duration(tmp_path / "tone.wav", start_s=start_s)


def test_a_part_of_a_file_is_read_into_memory(tmp_path):
    samples = np.random.default_rng(0).uniform(-1, 1, (8000, 2)).astype(np.float32)
    write_sound(tmp_path / "noise.wav", samples, 8000, subtype="FLOAT")

    clip, sample_rate = load_clip(tmp_path / "noise.wav", 0.25, 0.5)

    assert sample_rate == 8000
    assert np.array_equal(clip, samples[2000:6000].T)


@pytest.mark.parametrize(("rate", "target"), [(44100, 16000), (16000, 24000), (8000, 16000)])
def test_a_stream_is_resampled_as_its_recording_is_and_soon(rate, target):
    noise = np.random.default_rng(0).standard_normal(rate).astype(np.float32)
    whole = np.concatenate(list(resample_blocks([noise], rate, target)))
    resampler = StreamResampler(rate, target)

    pieces = np.concatenate([resampler(piece) for piece in np.split(noise, [3, 3, 500, 9999])])

    assert len(whole) - len(pieces) < 0.01 * target
    assert np.allclose(np.concatenate([pieces, resampler.rest()]), whole, atol=1e-6)
