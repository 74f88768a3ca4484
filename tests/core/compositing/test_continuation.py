import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter

from moda_core.compositing.continuation import continued


def noise(height: int = 60, width: int = 80) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, height, width, generator=generator) * 255


def test_the_picture_itself_stays():
    picture = noise()

    result = continued(picture, (10, 20, 30, 40))

    assert result.shape == (1, 3, 120, 120)
    assert torch.equal(result[:, :, 20:80, 10:90], picture)


def test_without_sides_nothing_is_added():
    picture = noise()

    assert continued(picture, (0, 0, 0, 0)) is picture


def test_an_even_picture_continues_evenly():
    picture = torch.full((1, 3, 40, 50), 77.0)

    result = continued(picture, (12, 0, 5, 9))

    assert torch.allclose(result, torch.tensor(77.0))


@pytest.mark.parametrize("side", [0, 1, 2, 3])
def test_no_streaks_lead_away_from_the_picture(side):
    sides = [0, 0, 0, 0]
    sides[side] = 40

    result = continued(noise(), tuple(sides))[0, 0].numpy()

    outside = (result[:, :40].T, result[:40], result[:, -40:].T[::-1], result[-40:][::-1])[side]
    along = np.abs(np.diff(outside[:20], axis=1)).mean()  # far from the picture
    assert along < 0.1 * np.abs(np.diff(result[15:45, 15:45], axis=1)).mean()


def test_what_lies_inside_the_picture_does_not_appear_again():
    picture = torch.full((1, 3, 60, 60), 100.0)
    picture[:, :, 12:30, 20:40] = 255

    result = continued(picture, (0, 40, 0, 0))

    assert float((result[:, :, :40] - 100).abs().max()) < 40


def test_bytes_continue_as_numbers_of_the_wanted_type():
    pixels = noise().byte().permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)

    for sides in ((0, 0, 0, 0), (5, 9, 0, 20)):
        result = continued(pixels, sides, torch.float64)

        assert result.dtype == torch.float64
        assert result.is_contiguous()
        assert torch.equal(result, continued(pixels.double().contiguous(), sides))


def test_a_larger_picture_continues_as_a_smaller_one():
    smooth = gaussian_filter(noise()[0].numpy(), (0, 5, 5))
    small = torch.from_numpy(128 + 40 * (smooth - smooth.mean()) / smooth.std())[None]
    large = F.interpolate(small, scale_factor=12, mode="bicubic")

    results = continued(small, (20, 15, 0, 30)), continued(large, (240, 180, 0, 360))

    away = F.interpolate(results[1], results[0].shape[2:], mode="area") - results[0]
    assert float(away.square().mean().sqrt()) < 1  # of 40 grey levels
    assert float(away.abs().max()) < 10
