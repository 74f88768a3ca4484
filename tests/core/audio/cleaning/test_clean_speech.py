import re

import numpy as np
import pytest
import torch

from moda_core.audio.cleaning import high_pass as high_passes
from moda_core.audio.cleaning import noise_floor, spectral_gate
from moda_core.audio.cleaning.clean_speech import Cleaning, clean_speech
from tests.noisy_voice import RATE, RATES, decibels, hiss, in_pauses, voice

OFF = Cleaning(strength=0.0)


def cleaned(samples, rate=RATE, **settings):
    waveform = torch.from_numpy(np.atleast_2d(samples))
    return clean_speech(waveform, rate, Cleaning(**settings)).waveform.numpy()


def test_with_everything_off_no_sample_changes():
    waveform = torch.from_numpy(np.stack([voice(), voice() + hiss(0)]))

    done = clean_speech(waveform, RATE, OFF)

    assert torch.equal(done.waveform, waveform)
    assert done.note == ""


@pytest.mark.parametrize("noise", noise_floor.NOISES)
def test_clean_speech_passes_to_the_sample(noise):
    assert np.array_equal(cleaned(voice(), noise=noise)[0], voice())
    quiet = voice() + hiss(40)
    assert np.array_equal(cleaned(quiet, noise=noise)[0], quiet)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("noise", noise_floor.NOISES)
def test_noise_in_pauses_falls_and_the_voice_stays(rate, noise):
    clean, dirt = voice(rate=rate), hiss(10, rate=rate)
    pause = in_pauses(rate=rate)

    after = cleaned(clean + dirt, rate, noise=noise, strength=1.0)[0]

    assert decibels(after[pause]) < decibels(dirt[pause]) - 10
    loud = np.abs(clean) > 0.5 * np.abs(clean).max()
    assert abs(decibels(after[loud]) - decibels(clean[loud])) < 1
    assert decibels(after - clean) < decibels(dirt) - 6


def test_digital_silence_beside_the_noise_does_not_hide_it():
    noisy, silence = voice() + hiss(10), np.zeros(RATE, np.float32)

    plain, padded = (
        cleaned(samples, strength=1.0)[0]
        for samples in (noisy, np.concatenate([silence, noisy, silence]))
    )

    assert decibels(padded[RATE:-RATE] - noisy) > decibels(plain - noisy) - 1
    assert not padded[: RATE // 2].any()


def test_a_silent_channel_has_no_noise_and_silence_no_note():
    stereo = torch.from_numpy(np.stack([voice(), np.zeros_like(voice())]))

    notes = [clean_speech(each, RATE, Cleaning()).note for each in (stereo, 0 * stereo)]

    assert "more than 28 dB" in notes[0]
    assert notes[1] == ""


def test_strength_is_the_share_of_what_is_removed():
    noisy = voice() + hiss(10)

    half, whole = (cleaned(noisy, strength=strength)[0] for strength in (0.5, 1.0))

    np.testing.assert_allclose(noisy - half, (noisy - whole) / 2, atol=1e-6)


def test_noise_that_begins_late_is_removed_where_it_is():
    clean, dirt = voice(24), hiss(10, 24)
    late = len(clean) // 2
    dirt[:late] = 0

    after = cleaned(clean + dirt, noise="changing", strength=1.0)[0]

    pause = in_pauses(24)
    pause[: late + 4 * RATE] = False
    assert decibels(after[pause]) < decibels(dirt[pause]) - 10
    early = late - 4 * RATE
    assert np.array_equal(after[:early], clean[:early])


@pytest.mark.parametrize("noise", noise_floor.NOISES)
def test_blocks_change_nothing(noise, monkeypatch):
    noisy = voice() + hiss(10)
    settings = {"noise": noise, "high_pass_hz": 80.0}
    whole = cleaned(noisy, **settings)

    monkeypatch.setattr(spectral_gate, "BLOCK_HOPS", 97)
    monkeypatch.setattr(high_passes, "BLOCK_S", 1)

    np.testing.assert_allclose(cleaned(noisy, **settings), whole, atol=1e-6)


def test_channels_are_cleaned_for_themselves():
    left, right = voice() + hiss(10), 0.1 * voice()

    both = cleaned(np.stack([left, right]))

    assert np.array_equal(both[0], cleaned(left)[0])
    assert np.array_equal(both[1], right)


def test_rumble_goes_and_the_voice_stays():
    time = np.arange(6 * RATE) / RATE
    rumble = (0.3 * np.sin(2 * np.pi * 15 * time) + 0.2).astype(np.float32)

    after = cleaned(voice() + rumble, high_pass_hz=60.0, strength=0.0)[0]

    assert decibels(after - voice()) < decibels(rumble) - 35


def test_loudness_comes_last():
    noisy = 0.05 * (voice() + hiss(10))

    after = cleaned(noisy, loudness=True)[0]

    plain = cleaned(noisy)[0]
    gain = np.abs(after).max() / np.abs(plain).max()
    assert gain > 2
    np.testing.assert_allclose(after, gain * plain, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("length", [1, 2, 100, 640, 15999])
def test_short_sound_is_not_gated_and_says_so(length):
    waveform = torch.from_numpy(hiss(0)[None, :length])

    done = clean_speech(waveform, RATE, Cleaning(high_pass_hz=80.0))

    assert done.waveform.shape == waveform.shape
    assert done.waveform.isfinite().all()
    assert "1 s" in done.note


@pytest.mark.parametrize("noise", noise_floor.NOISES)
@pytest.mark.parametrize("level", [0.0, 0.5])
def test_silence_and_constants_stay_finite(noise, level):
    constant = np.full(3 * RATE, level, np.float32)

    after = cleaned(constant, noise=noise, high_pass_hz=80.0, loudness=True)

    assert np.isfinite(after).all()
    assert np.abs(after).max() <= max(level, 1e-6)


def test_the_input_is_left_as_it_was():
    noisy = voice() + hiss(10)
    waveform = torch.from_numpy(noisy.copy())[None]

    clean_speech(waveform, RATE, Cleaning(80.0, 1.0, "changing", True))

    assert np.array_equal(waveform[0].numpy(), noisy)


def test_progress_ends_with_the_total_and_can_cancel(monkeypatch):
    monkeypatch.setattr(spectral_gate, "BLOCK_HOPS", 100)
    waveform, calls = torch.from_numpy(np.stack([voice() + hiss(10)] * 2)), []

    clean_speech(waveform, RATE, Cleaning(), lambda *call: calls.append(call))

    total = waveform.numel()
    assert calls[-1] == (total, total)
    assert len(calls) > 10
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    with pytest.raises(KeyboardInterrupt):
        clean_speech(waveform, RATE, Cleaning(), cancel)


def cancel(done, total):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("dirt_db", "says"), [(10, r"The noise lies \d+ dB .* reduced"), (50, "more than 28 dB")]
)
def test_the_note_says_what_was_found(dirt_db, says):
    waveform = torch.from_numpy(voice() + hiss(dirt_db))[None]

    note = clean_speech(waveform, RATE, Cleaning()).note

    assert re.search(says, note)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"strength": 1.5}, "1.5"),
        ({"strength": float("nan")}, "nan"),
        ({"noise": "loud"}, "loud"),
        ({"high_pass_hz": -1.0}, "-1"),
        ({"high_pass_hz": float("nan")}, "nan"),
    ],
)
def test_settings_out_of_range_are_refused(settings, names):
    with pytest.raises(ValueError, match=names):
        Cleaning(**settings)


def test_a_high_pass_above_half_the_rate_is_refused():
    with pytest.raises(ValueError, match=r"4000 Hz.*5000"):
        clean_speech(torch.zeros(1, 8000), 8000, Cleaning(high_pass_hz=5000.0))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_samples_that_are_not_finite_are_refused(value):
    waveform = torch.zeros(1, RATE)
    waveform[0, 800] = value

    with pytest.raises(ValueError, match=r"0\.050 s"):
        clean_speech(waveform, RATE, Cleaning())
