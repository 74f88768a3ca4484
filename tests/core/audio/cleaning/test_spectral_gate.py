import numpy as np

from moda_core.audio.cleaning.frames import Framing
from moda_core.audio.cleaning.noise_floor import measure_noise
from moda_core.audio.cleaning.spectral_gate import gate, gate_amounts
from tests.noisy_voice import RATE, hiss, voice


def test_the_gate_sets_in_gradually():
    amounts = gate_amounts(np.array([0.0, 22.0, 25.0, 28.0, 120.0]))

    np.testing.assert_allclose(amounts, [1, 1, 0.5, 0, 0])


def test_gate_makes_a_new_array():
    noisy = voice() + hiss(10)
    framing = Framing(RATE)
    before = noisy.copy()

    gate(noisy, framing, measure_noise(noisy, framing, "steady"), 1.0, lambda done: None)

    assert np.array_equal(noisy, before)
