import json

import numpy as np
import pytest

from moda_core.training import dataset
from moda_core.training.espeak import Phone
from tests.bench.align_speech import split_pauses, word_error, words_of
from tests.bench.bench_singing import found_share, syllable_figures, with_vibrato
from tests.bench.bench_unvoiced import noises
from tests.bench.bench_voices import read_clips, speech_frames, table, voice_figures
from tests.bench.channels import add_below, channels, coloured_noise
from tests.bench.held_out_speech import FLITE_VOICES, LANGUAGE_SENTENCES, VARIANTS
from tests.bench.voice_folder import read_voices
from tests.sound_files import write_sound

RATE = 16000


def voice(seconds: float = 3.0) -> np.ndarray:
    """Return a hoarse voice of four syllables a second."""
    time = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(0).standard_normal(len(time))
    return (0.1 * noise * np.sin(4 * np.pi * time) ** 2).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    write_sound(tmp_path / "one.wav", voice(), RATE)
    phones = {"phones": [["m", 0.5, 0.7], ["a", 0.7, 1.0], ["", 1.0, 1.5]]}
    (tmp_path / "one.json").write_text(json.dumps(phones))
    write_sound(tmp_path / "without times.wav", voice(), RATE)
    return tmp_path


def test_recordings_with_times_become_clips(folder):
    clips, speech = read_clips(folder)

    (clip,) = clips
    assert clip.name == "one"
    assert len(clip) == len(speech) == round(25 * 3.8)
    assert speech.nonzero()[0].min() == round(25 * 0.9)  # 0.4 s of silence come first
    assert speech.sum() == pytest.approx(25 * 0.5, abs=1)


@pytest.mark.parametrize("content", ["{}", '{"phones": [["m", 1]]}', "no json"])
def test_damaged_times_are_refused_with_their_file(folder, content):
    (folder / "one.json").write_text(content)

    with pytest.raises(ValueError, match=r"one\.json"):
        read_voices(folder)


def test_folder_without_times_is_refused(tmp_path):
    with pytest.raises(ValueError, match="align_speech"):
        read_voices(tmp_path)


def test_pauses_do_not_count_as_speech():
    phones = [Phone("a", 0.0, 0.2), Phone("", 0.2, 0.6), Phone("p", 0.6, 0.8)]

    spoken = speech_frames(phones, 40)

    assert spoken[10:15].all()
    assert not spoken[15:25].any()
    assert spoken[25:30].all()


def test_figures_of_half_open_lips():
    random = np.random.default_rng(1)
    target = random.random((200, 3))

    figures = voice_figures(target * [0.5, 1, 1], target, np.ones(200, bool))

    assert figures["jaw"] == figures["in speech"] == figures["closure"] == figures["F1"] == 1
    assert figures["95th percentile ratio"] == pytest.approx(0.5, abs=1e-3)
    assert "0.50" in table({"clean": figures})


def power_at(waveform: np.ndarray, low: float, high: float) -> float:
    spectrum = np.abs(np.fft.rfft(waveform)) ** 2
    hertz = np.fft.rfftfreq(len(waveform), 1 / RATE)
    return float(spectrum[(hertz >= low) & (hertz < high)].sum())


@pytest.mark.parametrize("name", channels(np.ones(9)))
def test_channel_keeps_length_and_time(name):
    clean, music = voice(), coloured_noise(5 * RATE, 1)

    heard = channels(music)[name](clean)

    assert heard.shape == clean.shape
    assert np.isfinite(heard).all()
    envelopes = [
        np.convolve(np.abs(side), np.ones(800), "same") for side in (clean, heard)
    ]  # over 50 ms
    lags = range(-1600, 1601, 80)
    best = max(lags, key=lambda lag: np.corrcoef(np.roll(envelopes[1], lag), envelopes[0])[0, 1])
    assert abs(best) <= 480 if name == "reverb" else abs(best) <= 160


def test_telephone_keeps_its_band_only():
    clean = coloured_noise(RATE, 0)

    heard = channels(clean)["telephone"](clean)

    assert power_at(heard, 500, 3000) == pytest.approx(power_at(clean, 500, 3000), rel=0.05)
    assert power_at(heard, 5000, 8000) < 0.01 * power_at(clean, 5000, 8000)


def test_added_sound_lies_so_many_decibels_below_the_speech():
    clean = voice()
    noise = coloured_noise(len(clean), 0)

    added = add_below(clean, noise, 10) - clean

    loud = clean[np.abs(clean) > 0.02 * np.abs(clean).max()]
    ratio = 10 * np.log10((loud**2).mean() / (added**2).mean())
    assert ratio == pytest.approx(10, abs=0.01)


def test_words_of_a_prompt():
    text = "[beep] You have 3 new voice-mails (really), it's Ann's."

    assert words_of(text) == ["you", "have", "three", "new", "voice", "mails", "it's", "ann's"]


def test_word_error_counts_edits():
    assert word_error(["a", "b", "c", "d"], ["a", "x", "c"]) == 0.5


def test_long_silence_inside_a_sound_becomes_a_pause():
    waveform = voice(2.0)
    waveform[: RATE // 2] = 0

    phones = split_pauses(waveform, [Phone("a", 0.0, 1.0), Phone("b", 1.0, 2.0)])

    assert phones[0].symbol == ""
    assert phones[0].end_s == pytest.approx(0.5, abs=0.05)
    assert phones[1] == Phone("a", phones[0].end_s, 1.0)
    assert phones[2] == Phone("b", 1.0, 2.0)


def test_test_voices_of_ten_languages_are_held_out_from_training():
    assert len(LANGUAGE_SENTENCES) == 10
    assert not set(VARIANTS.split()) & set(dataset.VARIANTS.split())
    assert not set(FLITE_VOICES) & set(dataset.FLITE_VOICES)


def test_noises_have_unit_power_and_rumble_is_dull():
    sounds = noises(RATE)

    for sound in sounds.values():
        assert np.sqrt((sound**2).mean()) == pytest.approx(1, abs=0.05)
    spectrum = np.abs(np.fft.rfft(sounds["room tone"])) ** 2  # one bin a hertz
    assert spectrum[:500].sum() > 0.9 * spectrum.sum()


def test_vibrato_moves_the_pitch_only():
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 200 * time)

    sung = with_vibrato(tone, RATE)

    crossings = np.flatnonzero((sung[1:] >= 0) & (sung[:-1] < 0))
    periods = np.diff(crossings) / RATE
    assert len(sung) == len(tone)
    assert 1 / periods.max() < 197
    assert 1 / periods.min() > 203
    assert len(crossings) == pytest.approx(200, abs=2)


def test_found_share_counts_what_lies_near():
    assert found_share(np.array([10, 50]), np.array([12, 80])) == 0.5
    assert found_share(np.array([10]), np.array([], int)) == 0


def test_syllables_of_jaws_that_follow_and_jaws_that_stay():
    target = 0.3 - 0.3 * np.cos(np.arange(120) * 2 * np.pi / 12)

    following = syllable_figures(0.8 * target, target)
    still = syllable_figures(np.full(120, 0.3), target)

    assert following["syllables"] == 10
    assert following["syllables_opened"] == following["consonants_closed"] == 1
    assert following["openings_without_syllable"] == 0
    assert still["syllables_opened"] == 0
