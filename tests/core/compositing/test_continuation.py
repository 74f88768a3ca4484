import numpy as np
import pytest
import torch

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
