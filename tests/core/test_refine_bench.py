"""What the bench of refined motion measures with."""

import numpy as np
import pytest
import torch

from tests.bench.bench_refine import with_noise, worst

WHITE = torch.randn(1, 16004, generator=torch.Generator().manual_seed(0))
SPEECH = WHITE.unfold(1, 5, 1).mean(dim=-1) * torch.linspace(0, 1, 16000)  # low-pass, rising


@pytest.mark.parametrize("decibels", [10.0, 0.0])
def test_noise_is_as_far_below_the_speech_as_asked_and_has_its_spectrum(decibels):
    noise = with_noise(SPEECH, decibels, 1) - SPEECH

    ratio = 20 * torch.log10(SPEECH.std() / noise.std())
    bands = [torch.fft.rfft(each).abs()[0].split(100) for each in (SPEECH, noise)]
    shares = [torch.stack([band.square().sum() for band in each[:80]]) for each in bands]
    assert float(ratio) == pytest.approx(decibels, abs=1e-3)
    torch.testing.assert_close(
        shares[0] / shares[0].sum(), shares[1] / shares[1].sum(), atol=1e-3, rtol=0
    )
    assert abs(float((SPEECH * noise).mean() / SPEECH.std() / noise.std())) < 0.05


def test_the_worst_tenth_is_that_of_the_largest_values():
    values = np.zeros(500)
    values[100:200] = 3.0

    assert worst(values) == pytest.approx(3.0, abs=1e-3)
