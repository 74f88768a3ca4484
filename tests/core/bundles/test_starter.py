import math

import pytest
import torch

from moda_core.audio.waveform import frame_count
from moda_core.bundles.starter import STARTER_ENCODER, encode_speech
from moda_core.errors import InputFileError
from tests.sound_files import write_sound
from tests.tolerances import assert_rounded


def noise(num_samples, channels=()):
    generator = torch.Generator().manual_seed(0)
    return 0.2 * torch.randn(*channels, num_samples, generator=generator)


def write(path, waveform, rate):
    return write_sound(path, waveform.numpy().T, rate, subtype="FLOAT")


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("channels", [(), (1,), (2,)])
@pytest.mark.parametrize("duration_s", [None, 0.4, 3.0])
def test_sound_in_memory_has_the_features_of_the_same_file(tmp_path, rate, channels, duration_s):
    waveform = noise(2 * rate + 777, channels)
    path = write(tmp_path / "speech.wav", waveform, rate)

    found = encode_speech((waveform, rate), duration_s)

    expected = encode_speech(path, duration_s)
    assert_rounded(found.values, expected.values, 256)
    assert (found.duration_s, found.encoder) == (expected.duration_s, STARTER_ENCODER)
    assert found.silence == (0, 0)


@pytest.mark.parametrize("past_ms", [0, 1, 19, 20, 21, 39])
def test_every_frame_of_the_video_has_features(past_ms):
    num_samples = 16 * (1000 + past_ms)

    features = encode_speech((noise(num_samples), 16000))

    assert len(features) == frame_count(num_samples / 16000, 25)


def test_what_the_sound_lacks_is_silence():
    features = encode_speech((noise(16000), 16000), 2.0)

    assert features.values[:24].max() > 1
    assert len(features) == 50
    assert features.values[26:].abs().max() == 0


def test_silent_sound_has_silent_features():
    features = encode_speech((torch.zeros(2, 44100), 44100))

    assert features.values.shape == (25, 4, 64)
    assert features.values.abs().max() == 0


def with_bad_sample():
    waveform = noise(16000)
    waveform[100] = math.nan
    return waveform


@pytest.mark.parametrize(
    ("waveform", "rate", "message"),
    [
        (noise(16000), 0, "sample rate above 0"),
        (noise(16000, (1, 2)), 16000, r"shape \(C, T\)"),
        (noise(16000, (0,)), 16000, r"shape \(C, T\)"),
        (noise(639), 16000, "at least 40 ms"),
        (with_bad_sample(), 16000, "NaN or infinity"),
    ],
)
def test_what_is_no_sound_is_refused(waveform, rate, message):
    with pytest.raises(ValueError, match=message):
        encode_speech((waveform, rate))


@pytest.mark.parametrize("duration_s", [0, -1.0, math.nan])
def test_duration_must_be_above_zero(duration_s):
    with pytest.raises(ValueError, match="duration above 0 s"):
        encode_speech((noise(16000), 16000), duration_s)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(InputFileError, match=r"gone\.wav"):
        encode_speech(tmp_path / "gone.wav")
