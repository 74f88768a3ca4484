"""Eyeballs and irises completed from a picture."""

import torch

from moda_core.portrait.hidden_eye import complete_eye

SIZE, UNIT, IRIS_RADIUS = 40, 100.0, 12.0  # pixels
WHITE, IRIS = 200.0, 80.0


def eye(shown: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Complete a grey eye with an iris in its middle, of which `shown` (40, 40) is seen."""
    y, x = torch.meshgrid(*[torch.arange(SIZE) - SIZE / 2] * 2, indexing="ij")
    radius = torch.hypot(x, y) / IRIS_RADIUS
    picture = torch.where(radius < 1, IRIS, WHITE).expand(1, 3, SIZE, SIZE)
    depth = (y + SIZE / 2) / UNIT
    planes = (plane[None, None] for plane in (shown.float(), radius, depth))
    return complete_eye(picture, *planes, UNIT)


def test_the_hidden_half_of_an_iris_is_like_the_seen_one():
    shown = torch.zeros(SIZE, SIZE)
    shown[SIZE // 2 :] = 1

    ball, iris, _ = eye(shown)

    middle = ((ball + 1) * iris - 1)[0, 0, :, SIZE // 2]
    assert (middle[SIZE // 2 - 6 : SIZE // 2] - IRIS).abs().max() < 15


def test_no_iris_is_painted_where_none_of_it_is_seen():
    ball, iris, _ = eye(torch.zeros(SIZE, SIZE))

    assert (iris - 1).abs().max() < 1e-4
    assert torch.isfinite(ball).all()
