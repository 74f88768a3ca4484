import numpy as np
import pytest
import torch

from moda_core.audio.log_mel import (
    NUM_BANDS,
    QUIETEST_REFERENCE,
    log_mel_features,
    log_mel_spectrogram,
    loudness_reference,
    mel_filters,
)


def speech_like(num_samples: int, level: float = 0.3) -> np.ndarray:
    random = np.random.default_rng(3)
    envelope = 0.5 + 0.5 * np.sin(np.arange(num_samples) / 900)
    return (level * envelope * random.standard_normal(num_samples)).astype(np.float32)


def test_spectrogram_frame_equals_numpy_transform_of_its_samples():
    waveform = speech_like(16000)

    found = log_mel_spectrogram([waveform])

    index = 37  # centred at 375 ms: samples 5800 to 6200
    samples = waveform[5800:6200].astype(np.float64)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    power = np.abs(np.fft.rfft(samples * window, 512)) ** 2
    expected = np.log(mel_filters().double().numpy() @ power + 1e-10)
    np.testing.assert_allclose(found[index].numpy(), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("num_samples", [640, 959, 961, 16000, 50321])
def test_number_of_frames_is_rounded_duration_at_25_fps(num_samples):
    features = log_mel_features([speech_like(num_samples)])

    assert features.shape == (round(num_samples / 640), 4, NUM_BANDS)
    assert features.dtype == torch.float32


def test_blocks_of_any_length_give_the_same_features():
    waveform = speech_like(40000)
    whole = log_mel_features([waveform])

    cut = [1, 700, 701, 16300, 16301, 33000]
    in_blocks = log_mel_features(np.split(waveform, cut))

    torch.testing.assert_close(in_blocks, whole)


def test_digital_silence_is_zero():
    assert log_mel_features([np.zeros(32000, np.float32)]).abs().max() == 0


def test_level_of_the_recording_drops_out():
    loud = log_mel_features([speech_like(32000, 0.4)])
    quiet = log_mel_features([speech_like(32000, 0.08)])

    torch.testing.assert_close(loud, quiet, atol=0.02, rtol=0)


def test_noise_at_minus_50_db_keeps_the_reference_at_its_floor():
    noise = 10 ** (-50 / 20) * np.random.default_rng(0).standard_normal(32000)

    reference = loudness_reference(log_mel_spectrogram([noise.astype(np.float32)]))

    assert reference == QUIETEST_REFERENCE


def test_long_silence_does_not_change_the_reference_of_speech():
    speech = speech_like(32000)
    alone = loudness_reference(log_mel_spectrogram([speech]))

    padded = loudness_reference(log_mel_spectrogram([speech, np.zeros(5 * 32000, np.float32)]))

    assert padded == pytest.approx(alone, abs=0.05)


def test_higher_tone_peaks_in_a_higher_band():
    time = np.arange(16000) / 16000
    bands = []
    for hertz in (300, 1500, 5000):
        tone = np.sin(2 * np.pi * hertz * time).astype(np.float32)
        bands.append(int(log_mel_features([tone])[10, 0].argmax()))

    assert bands == sorted(bands)
    assert len(set(bands)) == 3


def test_no_audio_gives_no_frames():
    assert log_mel_features([]).shape == (0, 4, NUM_BANDS)
