import math

import numpy as np
import pytest
import torch

from moda_core.audio.clip import cut_clip

RATE = 44100


def ramp(num_samples, channels=2, dtype=torch.float32):
    """Return samples that are told apart by their value."""
    return (torch.arange(channels * num_samples) % 29989 / 32768).reshape(channels, -1).to(dtype)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize(("start_s", "duration_s"), [(0.0, 0.04), (0.123, 0.5), (0.04, 0.88)])
def test_part_is_exact_to_the_sample(rate, start_s, duration_s):
    waveform = ramp(rate)

    clip = cut_clip(waveform, rate, start_s, duration_s)

    first, last = round(start_s * rate), round(start_s * rate) + round(duration_s * rate)
    np.testing.assert_array_equal(clip.numpy(), waveform.numpy()[:, first:last])


@pytest.mark.parametrize("duration_s", [None, 0, 0.0, 0.5, 0.6, 9e9])
def test_without_a_duration_or_with_too_long_a_one_the_part_goes_to_the_end(duration_s):
    waveform = ramp(RATE)

    clip = cut_clip(waveform, RATE, 0.5, duration_s)

    assert torch.equal(clip, waveform[:, RATE // 2 :])


def test_the_sound_is_left_as_it_was():
    waveform = ramp(RATE)
    before = waveform.clone()

    cut_clip(waveform, RATE, 0.1, 0.2)

    assert torch.equal(waveform, before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_floats_of_any_type_keep_their_values(dtype):
    waveform = ramp(4000, dtype=dtype)

    clip = cut_clip(waveform, RATE)

    assert clip.dtype == torch.float32
    assert torch.equal(clip.double(), waveform.double())


@pytest.mark.parametrize(
    ("dtype", "lowest", "silence", "highest"),
    [
        (torch.int8, -128, 0, 127),
        (torch.int16, -32768, 0, 32767),
        (torch.int32, -(2**31), 0, 2**31 - 1),
        (torch.uint8, 0, 128, 255),
    ],
)
def test_integers_are_brought_to_full_scale_at_one(dtype, lowest, silence, highest):
    waveform = torch.full((1, 4000), silence, dtype=dtype)
    waveform[0, :2] = torch.tensor([lowest, highest], dtype=dtype)

    clip = cut_clip(waveform, RATE)

    step = 1 / (highest - silence + 1)
    assert clip.dtype == torch.float32
    assert clip[0, :3].tolist() == pytest.approx([-1, 1 - step, 0], abs=1e-7)


@pytest.mark.parametrize("shape", [(4000,), (1, 2, 4000), (0, 4000), (2, 0), ()])
def test_other_shapes_are_refused_with_theirs(shape):
    with pytest.raises(ValueError, match=r"shape \(C, T\)") as caught:
        cut_clip(torch.zeros(shape), RATE)

    assert str(tuple(shape)) in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64])
def test_what_is_no_number_of_sound_is_refused(dtype):
    with pytest.raises(ValueError, match=str(dtype)):
        cut_clip(torch.zeros(1, 4000, dtype=dtype), RATE)


@pytest.mark.parametrize("rate", [0, -16000, math.nan])
def test_rate_must_be_above_zero(rate):
    with pytest.raises(ValueError, match="sample rate above 0"):
        cut_clip(ramp(4000), rate)


@pytest.mark.parametrize("time_s", [-0.1, math.nan, math.inf])
def test_times_must_be_numbers_of_at_least_zero(time_s):
    with pytest.raises(ValueError, match=f"at least 0 s, got {time_s}"):
        cut_clip(ramp(RATE), RATE, time_s)
    with pytest.raises(ValueError, match=f"at least 0 s, got 0.0 and {time_s}"):
        cut_clip(ramp(RATE), RATE, 0.0, time_s)


@pytest.mark.parametrize("start_s", [1.0, 1.5, 1e9])
def test_start_beyond_the_end_is_refused_with_both_times(start_s):
    with pytest.raises(ValueError, match=r"ends at 1\.00 s, before the start") as caught:
        cut_clip(ramp(RATE), RATE, start_s)

    assert f"{start_s:g} s" in str(caught.value)


@pytest.mark.parametrize(
    ("num_samples", "start_s", "duration_s", "lasts"),
    [(1763, 0.0, None, "40.0"), (44100, 0.97, None, "30.0"), (44100, 0.5, 0.01, "10.0")],
)
def test_less_than_a_frame_is_refused(num_samples, start_s, duration_s, lasts):
    with pytest.raises(ValueError, match=f"lasts {lasts} ms of .* at least 40 ms"):
        cut_clip(ramp(num_samples), RATE, start_s, duration_s)


def test_exactly_one_frame_is_enough():
    assert cut_clip(ramp(1764), RATE).shape == (2, 1764)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_samples_that_are_no_numbers_are_refused_with_their_time(bad):
    waveform = ramp(RATE)
    waveform[1, 33075] = bad

    with pytest.raises(ValueError, match=r"NaN or infinity.* at 0\.750 s"):
        cut_clip(waveform, RATE, 0.25)


def test_samples_outside_the_part_do_not_matter():
    waveform = ramp(RATE)
    waveform[1, -1] = math.nan

    assert cut_clip(waveform, RATE, 0.0, 0.5).isfinite().all()
