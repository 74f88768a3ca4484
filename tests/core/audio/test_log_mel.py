import numpy as np
import pytest
import torch

from moda_core.audio.log_mel import (
    NUM_BANDS,
    QUIETEST_REFERENCE,
    Equalizer,
    log_mel_features,
    log_mel_spectrogram,
    loudness_reference,
    mel_filters,
    speech_spectrum,
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


def test_noise_at_minus_80_db_keeps_the_reference_at_its_floor():
    noise = 10 ** (-80 / 20) * np.random.default_rng(0).standard_normal(32000)

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


def microphone(num_steps: int = 3000) -> torch.Tensor:
    """Return log power of a loud voice through a microphone that tilts the spectrum."""
    tilt = torch.linspace(-3, 3, NUM_BANDS)
    random = torch.Generator().manual_seed(4)
    return speech_spectrum() + tilt + 0.3 * torch.randn(num_steps, NUM_BANDS, generator=random)


def test_half_of_a_microphones_spectrum_is_removed_in_the_long_run():
    log_mel = microphone()
    reference = log_mel.logsumexp(dim=1).mean()[None]

    equalized = Equalizer()(log_mel[None], reference)[0]

    tilts = [part[-500:].mean(dim=0) - speech_spectrum() for part in (log_mel, equalized)]
    spread = [float(tilt.max() - tilt.min()) for tilt in tilts]
    assert spread[1] / spread[0] == pytest.approx(0.5, abs=0.05)


def test_equaliser_equals_a_loop_over_its_definition():
    log_mel = microphone(60).numpy().astype(np.float64)
    log_mel[20:40] -= 9  # too quiet to count
    reference, usual = 0.5, speech_spectrum().double().numpy()

    found = Equalizer()(torch.from_numpy(log_mel).float()[None], torch.tensor([reference]))[0]

    sums, count = np.zeros(NUM_BANDS), 0.0
    for frame, row in zip(log_mel, found.numpy(), strict=True):
        sums, count = (value * np.exp(-0.01 / 10) for value in (sums, count))
        if np.log(np.exp(frame - reference).sum()) > -4:
            sums, count = sums + np.maximum(frame - reference, -14), count + 1
        mean = (sums + 40 * usual) / (count + 40)
        expected = frame + np.clip(0.5 * (usual - mean), -6, 6)
        np.testing.assert_allclose(row, expected, rtol=0, atol=1e-4)


def test_equaliser_continues_a_stream():
    log_mel, reference = microphone()[None], torch.tensor([0.5])
    equalizer = Equalizer()

    pieces = [equalizer(piece, reference) for piece in log_mel.split([1, 700, 2299], dim=1)]

    torch.testing.assert_close(torch.cat(pieces, dim=1), Equalizer()(log_mel, reference))


def test_speech_fifty_decibels_quieter_has_the_same_features():
    loud = log_mel_features([speech_like(32000, 0.4)])
    quiet = log_mel_features([speech_like(32000, 0.4 * 10 ** (-50 / 20))])

    torch.testing.assert_close(loud, quiet, atol=0.1, rtol=0)


def hum(seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * 16000)) / 16000
    partials = sum(np.sin(2 * np.pi * 50 * k * time + k * k) / k for k in range(1, 12))
    hiss = np.random.default_rng(5).standard_normal(len(time))
    return (0.02 * partials + 0.0005 * hiss).astype(np.float32)


def test_hum_is_silence_up_to_the_onset_of_a_voice():
    sound = hum(4.0)
    sound[32000:] += speech_like(32000)

    features = log_mel_features([sound])

    assert features[1:48].abs().max() == 0
    assert (features[50:].amax(dim=(1, 2)) > 1).all()  # from the first frame of the voice on


def test_held_note_with_vibrato_is_no_hum():
    time = np.arange(64000) / 16000
    phase = 2 * np.pi * 220 * time - 1.5 * np.cos(2 * np.pi * 5.5 * time)
    formants = sum(np.exp(-((220 * k - 700) ** 2) / 3e5) * np.sin(k * phase) for k in range(1, 15))
    swell = 0.2 * (1 + 0.25 * np.sin(2 * np.pi * 5.5 * time))

    features = log_mel_features([(swell * formants).astype(np.float32)])

    assert (features.amax(dim=(1, 2)) > 1).all()
