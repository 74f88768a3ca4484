import numpy as np
import pytest
import torch

from moda_core.audio.recording import encode_recording
from moda_core.audio.speech_preparation import prepare_speech
from moda_core.audio.waveform import audio_duration, frame_count
from tests.bench.stand_in_encoder import random_encoder
from tests.sound_files import write_sound


def noise(num_samples, channels=(), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 0.2 * torch.randn(*channels, num_samples, generator=generator)


@pytest.mark.parametrize("past_ms", [0, 1, 19, 20, 21, 39])
@pytest.mark.parametrize("silence", ["post", "both", "none"])
def test_no_frame_of_a_file_is_lost(tmp_path, past_ms, silence):
    path = tmp_path / "speech.wav"
    num_samples = 441 * (100 + past_ms // 10) + round(44.1 * (past_ms % 10))
    write_sound(path, noise(num_samples).numpy(), 44100)
    num_frames = frame_count(audio_duration(path), 25)

    features = encode_recording(random_encoder(), path, silence=silence)

    assert num_frames == 25 + (past_ms >= 20)
    assert len(features) == num_frames + sum(features.silence)


@pytest.mark.parametrize("past_ms", [1, 19, 20, 21, 39, 40])
@pytest.mark.parametrize("minutes", [1, 2])
def test_no_frame_is_lost_around_whole_minutes(minutes, past_ms):
    num_samples = 16 * (60_000 * minutes + past_ms - 2000)  # 2 s of silence are added

    features = encode_recording(random_encoder(), (noise(num_samples), 16000))

    assert len(features) == frame_count(num_samples / 16000, 25) + 50
    assert features.values.isfinite().all()


def test_features_are_those_of_the_prepared_sound():
    encoder, waveform = random_encoder(), noise(17 * 640)

    features = encode_recording(encoder, (waveform, 16000), silence="pre")

    prepared, _ = prepare_speech([waveform.numpy()], 17 * 640, "pre")
    assert features.silence == (50, 0)
    assert features.encoder == "random"
    assert torch.equal(features.values, encoder.encode(prepared))


def test_without_silence_the_sound_itself_is_encoded():
    encoder, waveform = random_encoder(), noise(17 * 640)

    features = encode_recording(encoder, (waveform, 16000), silence="none")

    assert features.silence == (0, 0)
    assert torch.equal(features.values, encoder.encode(waveform))


def test_channels_are_averaged():
    encoder, stereo = random_encoder(), noise(8000, channels=(2,))

    features = encode_recording(encoder, (stereo, 16000))

    expected = encode_recording(encoder, (stereo.mean(dim=0), 16000))
    torch.testing.assert_close(features.values, expected.values)


@pytest.mark.parametrize(("duration_s", "num_frames"), [(0.4, 10), (2.0, 50)])
@pytest.mark.parametrize("in_memory", [True, False])
def test_duration_cuts_or_fills_with_silence(tmp_path, duration_s, num_frames, in_memory):
    encoder, waveform = random_encoder(), noise(16000)
    path = tmp_path / "speech.wav"
    write_sound(path, waveform.numpy(), 16000, subtype="FLOAT")
    recording = (waveform, 16000) if in_memory else path

    features = encode_recording(encoder, recording, duration_s, silence="none")

    expected = torch.from_numpy(np.pad(waveform.numpy(), (0, 16000))[: 640 * num_frames])
    assert features.duration_s == duration_s
    assert torch.equal(features.values, encoder.encode(expected))


def test_progress_is_passed_on():
    seen = []

    encode_recording(
        random_encoder(), (noise(8000), 16000), progress=lambda *counts: seen.append(counts)
    )

    assert seen == [(1, 1)]


@pytest.mark.parametrize("duration_s", [0, -1.0, float("nan")])
def test_duration_must_be_above_zero(duration_s):
    with pytest.raises(ValueError, match="duration above 0 s"):
        encode_recording(random_encoder(), (noise(8000), 16000), duration_s)
