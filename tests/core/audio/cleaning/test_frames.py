import numpy as np
import pytest
from scipy.signal import ShortTimeFFT

from moda_core.audio.cleaning.frames import Framing
from tests.noisy_voice import RATE, RATES


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("length", [1, 7, 640, 31999])
def test_frames_without_a_gate_are_the_sound_itself(rate, length):
    samples = np.random.default_rng(0).standard_normal(length).astype(np.float32)
    framing = Framing(rate)

    spectra = framing.spectra(samples, 0, framing.count(length))

    np.testing.assert_allclose(framing.joined(spectra)[:length], samples, atol=1e-5)


def test_spectra_are_those_of_scipy():
    samples = np.random.default_rng(0).standard_normal(4000).astype(np.float32)
    framing = Framing(RATE)
    reference = ShortTimeFFT(framing.window, framing.hop, RATE, phase_shift=None)

    spectra = framing.spectra(samples, 0, framing.count(len(samples)))

    # SciPy's slice p is centred at p * hop, ours ends at (p + 1) * hop.
    expected = reference.stft(samples, p0=-1, p1=framing.count(len(samples)) - 1).T
    np.testing.assert_allclose(spectra, expected, atol=1e-3)
