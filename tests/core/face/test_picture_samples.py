import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from moda_core.face.picture_samples import blurred_samples

NOISE = np.random.default_rng(0).integers(0, 256, (150, 170, 3)).astype(np.uint8)
X, Y = np.meshgrid(np.linspace(1, 169, 61), np.linspace(1, 149, 53))


def first_channel(colors: np.ndarray) -> np.ndarray:
    return colors[..., 0]


@pytest.mark.parametrize("blur", [0.5, 1.4, 3.1, 6.0, 12.5])
def test_samples_are_those_of_the_blurred_picture(blur):
    blurred = gaussian_filter(NOISE[..., 0].astype(float), blur)
    wanted = map_coordinates(blurred, [Y - 0.5, X - 0.5], order=1)

    samples = blurred_samples(NOISE, X, Y, blur, first_channel)

    assert np.sqrt(np.square(samples - wanted).mean()) < 0.25 * wanted.std()


def test_no_place_near_the_picture_gives_nothing():
    assert not blurred_samples(NOISE, X + 900, Y, 3.0, first_channel).any()
