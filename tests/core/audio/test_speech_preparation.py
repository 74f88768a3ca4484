import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from moda_core.audio.speech_preparation import (
    cut_piece,
    normalize_piece,
    pad_edges,
    piece_bounds,
    pre_emphasize_in_place,
    prepare_speech,
    round_to_pcm16_in_place,
)
from tests.sound_files import quantize
from tests.tolerances import assert_rounded

MINUTE = 960_000


def noise(num_samples, level=0.2, seed=0):
    random = np.random.default_rng(seed)
    return (level * random.standard_normal(num_samples)).astype(np.float32)


def pre_emphasized(samples):
    result = samples.copy()
    pre_emphasize_in_place(result)
    return result


def rounded(samples):
    result = samples.copy()
    round_to_pcm16_in_place(result)
    return result


@pytest.mark.parametrize("num_samples", [2, 700, 16000, 16001, 16002, 40000])
def test_pre_emphasis_is_the_filter_with_its_state_added(num_samples):
    x = noise(num_samples)

    found = pre_emphasized(x)

    state = [2 * np.float64(x[0]) - x[1]]
    expected, _ = lfilter([1, -0.97], [1], x.astype(np.float64), zi=state)
    assert_rounded(found, expected, 4)


def test_preparation_leaves_its_blocks_alone():
    x = noise(1000)
    before = x.copy()

    prepare_speech([x], len(x))

    np.testing.assert_array_equal(x, before)


def test_rounding_to_16_bits_cuts_off_the_lower_ones():
    x = noise(20000, level=0.6)  # a tenth of it beyond full scale

    found = rounded(x)

    np.testing.assert_array_equal(found, quantize(x, 16) / 2**15)


def test_rounding_is_that_of_libsndfile(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    x = noise(20000, level=0.6)
    path = tmp_path / "speech.wav"
    soundfile.write(path, x, 16000, subtype="PCM_16")

    found = rounded(x)

    np.testing.assert_array_equal(found, soundfile.read(path, dtype="float32")[0])


@pytest.mark.parametrize(
    ("silence", "before", "after"), [("post", 0, 50), ("pre", 50, 0), ("both", 50, 50)]
)
def test_two_seconds_of_silence_are_added_where_asked(silence, before, after):
    x = noise(6400)

    waveform, added = prepare_speech([x], len(x), silence)

    speech = torch.from_numpy(rounded(pre_emphasized(x)))
    expected = torch.cat([torch.zeros(640 * before), speech, torch.zeros(640 * after)])
    assert added == (before, after)
    assert torch.equal(waveform, expected)


def test_no_silence_leaves_the_samples_as_they_are():
    x = noise(6400)

    waveform, added = prepare_speech([x], len(x), "none")

    assert added == (0, 0)
    np.testing.assert_array_equal(waveform.numpy(), x)


def test_blocks_of_any_lengths_are_joined():
    x = noise(5000)

    in_blocks, _ = prepare_speech(np.split(x, [1, 1, 700, 4999]), 5000)
    whole, _ = prepare_speech([x], 5000)

    assert torch.equal(in_blocks, whole)


@pytest.mark.parametrize("num_samples", [3200, 6400])
def test_speech_is_cut_or_filled_with_zeros_to_the_length_asked_for(num_samples):
    x = noise(5000)

    waveform, _ = prepare_speech([x[:2000], x[2000:]], num_samples, "none")

    expected = np.pad(x, (0, 1400))[:num_samples]
    np.testing.assert_array_equal(waveform.numpy(), expected)


def test_unknown_silence_names_the_choices():
    with pytest.raises(ValueError, match="post, pre, both, none, got 'after'"):
        prepare_speech([noise(640)], 640, "after")


def test_too_short_speech_is_refused():
    with pytest.raises(ValueError, match="at least 2 samples, got 1"):
        prepare_speech([noise(1)], 1)


@pytest.mark.parametrize(
    ("num_samples", "bounds"),
    [
        (16000, [(0, 16000)]),
        (MINUTE, [(0, MINUTE)]),
        (MINUTE + 8, [(0, MINUTE + 8)]),  # half a millisecond: rounded to the even 60,000 ms
        (MINUTE + 9, [(0, MINUTE)]),  # a last piece under one frame is dropped
        (MINUTE + 631, [(0, MINUTE)]),
        (MINUTE + 632, [(0, MINUTE), (MINUTE, MINUTE + 640)]),  # half: to the even 60,040 ms
        (MINUTE + 640, [(0, MINUTE), (MINUTE, MINUTE + 640)]),
        (MINUTE + 16007, [(0, MINUTE), (MINUTE, MINUTE + 16000)]),
        (2 * MINUTE, [(0, MINUTE), (MINUTE, 2 * MINUTE)]),
        (2 * MINUTE + 300, [(0, MINUTE), (MINUTE, 2 * MINUTE)]),
    ],
)
def test_pieces_are_minutes_and_end_at_a_whole_millisecond(num_samples, bounds):
    assert piece_bounds(num_samples) == bounds


def test_piece_beyond_the_end_is_filled_with_zeros():
    found = cut_piece(torch.arange(1.0, 11.0), 8, 13)

    assert found.tolist() == [9, 10, 0, 0, 0]


def test_normalized_piece_has_mean_zero_and_variance_one():
    x = 0.3 + noise(50000, level=0.01)

    found = normalize_piece(torch.from_numpy(x)).numpy()

    expected = (x - x.mean(dtype=np.float64)) / np.sqrt(x.var(dtype=np.float64) + 1e-7)
    # The mean, which is subtracted, is thirty times what is left.
    assert_rounded(found, expected, 16, scale=expected.max() + 30)


def test_constant_piece_becomes_zero():
    assert normalize_piece(torch.full((1000,), 0.25)).abs().max() == 0


def test_edges_are_mirrored_twice_by_twenty():
    x = torch.arange(640.0)

    padded = pad_edges(torch.cat([x, torch.full((639,), -1.0)]))  # the tail is no whole frame

    assert len(padded) == 720
    assert torch.equal(padded[40:-40], x)
    assert padded[:40].tolist() == [*range(0, 20), *range(20, 0, -1)]
    assert padded[-40:].tolist() == [*range(638, 618, -1), *range(620, 640)]
