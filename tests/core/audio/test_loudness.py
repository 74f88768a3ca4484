import math

import numpy as np
import pytest
import torch

from moda_core.audio.loudness import gated_level, normalize_loudness

RATE = 16000


def sine(level_db, seconds=2.0, channels=1):
    """Return a tone of this RMS in dB of full scale."""
    time = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    tone = math.sqrt(2) * 10 ** (level_db / 20) * torch.sin(2 * math.pi * 440 * time)
    return tone.float().repeat(channels, 1)


def rms_db(waveform):
    return 20 * math.log10(np.sqrt(np.mean(waveform.double().numpy() ** 2)))


@pytest.mark.parametrize("level_db", [-42.0, -30.0, -23.0, -12.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_sound_comes_to_the_target(level_db, channels):
    waveform = sine(level_db, channels=channels)

    normalized = normalize_loudness(waveform, RATE)

    assert rms_db(normalized) == pytest.approx(-23, abs=0.01)


def test_another_target_can_be_given():
    assert rms_db(normalize_loudness(sine(-30), RATE, -35.5)) == pytest.approx(-35.5, abs=0.01)


@pytest.mark.parametrize("pause", [sine(-55, 6), torch.zeros(1, 6 * RATE)])
def test_pauses_do_not_count(pause):
    waveform = torch.cat([pause, sine(-20, 2), pause], dim=1)

    assert gated_level(waveform, RATE) == pytest.approx(-20, abs=0.01)


def test_quiet_syllables_count():
    waveform = torch.cat([sine(-20, 2), sine(-35, 2)], dim=1)

    expected = 10 * math.log10((10**-2 + 10**-3.5) / 2)
    assert gated_level(waveform, RATE) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("num_samples", [640, 1000, 6399, 6401, 9600, 15999])
def test_sounds_shorter_than_their_blocks_are_measured_whole(num_samples):
    waveform = torch.full((1, num_samples), 0.1)

    assert gated_level(waveform, RATE) == pytest.approx(-20, abs=1e-3)


def test_peaks_stay_within_full_scale():
    waveform = sine(-40)
    waveform[0, 5000] = -0.5

    normalized = normalize_loudness(waveform, RATE, -20)

    torch.testing.assert_close(normalized, 2 * waveform)
    assert normalized.min() == -1


def test_sound_beyond_full_scale_is_brought_into_it():
    normalized = normalize_loudness(sine(6), RATE, 0)

    assert 0.999 < normalized.abs().max() <= 1


def test_no_rounding_passes_full_scale():
    generator = torch.Generator().manual_seed(3)

    for _ in range(200):
        waveform = torch.randn(1, 640, generator=generator)
        assert normalize_loudness(waveform, RATE, 0).abs().max() <= 1


@pytest.mark.parametrize("level_db", [-44.0, -50.0, -59.0])
def test_gain_is_at_most_20_db(level_db):
    normalized = normalize_loudness(sine(level_db), RATE)

    assert rms_db(normalized) == pytest.approx(level_db + 20, abs=0.01)


@pytest.mark.parametrize("waveform", [torch.zeros(2, RATE), sine(-61.0), sine(-100.0)])
def test_silence_comes_back_unchanged_but_new(waveform):
    normalized = normalize_loudness(waveform, RATE)

    assert torch.equal(normalized, waveform)
    assert normalized.data_ptr() != waveform.data_ptr()


def test_the_sound_is_left_as_it_was():
    waveform = sine(-40)
    before = waveform.clone()

    normalize_loudness(waveform, RATE)

    assert torch.equal(waveform, before)


@pytest.mark.parametrize("shape", [(4000,), (1, 2, 4000), (0, 4000), (2, 0)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"shape \(C, T\)"):
        normalize_loudness(torch.zeros(shape), RATE)


@pytest.mark.parametrize("target_db", [0.1, math.nan, math.inf, -math.inf])
def test_level_must_be_at_most_full_scale(target_db):
    with pytest.raises(ValueError, match=f"at most 0 dB, got {target_db}"):
        normalize_loudness(sine(-20), RATE, target_db)


def test_rate_must_be_above_zero():
    with pytest.raises(ValueError, match="above 0, got 0"):
        normalize_loudness(sine(-20), 0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_samples_that_are_no_numbers_are_refused(bad):
    waveform = sine(-20)
    waveform[0, 7] = bad

    with pytest.raises(ValueError, match="NaN or infinity"):
        normalize_loudness(waveform, RATE)
