import numpy as np
import pytest

from moda_core.audio.cleaning.frames import Framing
from moda_core.audio.cleaning.noise_floor import measure_noise
from tests.noisy_voice import RATE, hiss, voice

FRAMING = Framing(RATE)


@pytest.mark.parametrize("below_db", [5, 10, 20])
@pytest.mark.parametrize("noise", ["steady", "changing"])
def test_the_noise_is_measured_through_the_speech(below_db, noise):
    dirt = hiss(below_db)

    floor = measure_noise(voice() + dirt, FRAMING, noise)

    # White noise of variance v has power v * sum(window^2) in each bin but the first and last.
    expected = dirt.var() * np.sum(FRAMING.window.astype(float) ** 2)
    for power in floor.power:
        assert 10 * np.log10(np.median(power) / expected) == pytest.approx(0, abs=1)


def test_noise_that_is_louder_by_some_decibels_lies_closer_to_the_speech_by_as_many():
    far, near = (
        measure_noise(voice() + hiss(below_db), FRAMING, "steady").below_db[0]
        for below_db in (25, 15)
    )

    assert far - near == pytest.approx(10, abs=1)


def test_changing_noise_has_a_floor_each_second():
    dirt = hiss(10, 12)
    dirt[: len(dirt) // 2] = 0

    floor = measure_noise(voice(12) + dirt, FRAMING, "changing")

    np.testing.assert_allclose(np.diff(floor.frames), RATE / FRAMING.hop)
    seconds = floor.frames * FRAMING.hop / RATE
    assert (floor.below_db[seconds < 4] > 60).all()
    assert (floor.below_db[seconds > 8] < 20).all()
    between = floor.power_at(int(floor.frames[-2]), int(floor.frames[-1]) + 1)
    np.testing.assert_allclose(between[0], floor.power[-2], rtol=1e-6)
    np.testing.assert_allclose(between[-1], floor.power[-1], rtol=1e-6)


def test_less_than_a_second_is_not_measured():
    assert measure_noise(hiss(0)[: RATE - 1], FRAMING, "steady") is None
    assert measure_noise(hiss(0)[:RATE], FRAMING, "steady") is not None


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="loud"):
        measure_noise(hiss(0), FRAMING, "loud")
