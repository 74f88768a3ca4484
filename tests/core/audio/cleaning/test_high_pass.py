import numpy as np
import pytest
from scipy.signal import butter, sosfreqz

from moda_core.audio.cleaning.high_pass import high_pass
from tests.noisy_voice import RATES


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("cutoff_hz", [20.0, 80.0, 300.0])
def test_the_high_pass_has_its_curve_and_no_delay(rate, cutoff_hz):
    impulse = np.zeros(2 * rate + 1, np.float32)
    impulse[rate] = 1

    response = high_pass(impulse, rate, cutoff_hz)

    np.testing.assert_allclose(response, response[::-1], atol=1e-6)
    gain = np.abs(np.fft.rfft(response))
    sections = butter(2, cutoff_hz, "high", fs=rate, output="sos")
    frequencies = np.arange(len(gain)) * rate / len(impulse)
    expected = np.abs(sosfreqz(sections, frequencies, fs=rate)[1]) ** 2  # forwards and backwards
    np.testing.assert_allclose(gain, expected, atol=1e-3)
