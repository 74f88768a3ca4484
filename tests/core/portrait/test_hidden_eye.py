"""Eyeballs and irises completed from a picture."""

import torch
import torch.nn.functional as F

from moda_core.portrait.hidden_eye import complete_eye

SIZE, UNIT, IRIS_RADIUS = 40, 100.0, 12.0  # pixels
WHITE, IRIS = 200.0, 80.0


def eye(shown: torch.Tensor, around: int = 0) -> tuple[torch.Tensor, ...]:
    """Complete a grey eye with an iris in its middle, of which `shown` (40, 40) is seen.

    `around` are pixels around it, of its white, that do not belong to the eyeball.
    """
    y, x = torch.meshgrid(*[torch.arange(SIZE) - SIZE / 2] * 2, indexing="ij")
    radius = torch.hypot(x, y) / IRIS_RADIUS
    picture = torch.where(radius < 1, IRIS, WHITE).expand(1, 3, SIZE, SIZE)
    depth = (y + SIZE / 2) / UNIT
    planes = picture, *(plane[None, None] for plane in (shown.float(), radius, depth))
    planes = (
        F.pad(plane, [around] * 4, value=value)
        for plane, value in zip(planes, (WHITE, 0.0, 9.0, 9.0), strict=True)
    )
    return complete_eye(*planes, UNIT)


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


def test_an_eye_far_from_the_border_is_completed_as_one_next_to_it():
    shown = torch.zeros(SIZE, SIZE)
    shown[SIZE // 2 :] = 1

    near, far = eye(shown), eye(shown, around=50)

    for one, other in zip(near[:2], far[:2], strict=True):
        away = (one - other[..., 50:-50, 50:-50]).abs() / one.abs().mean()
        assert away.max() < 0.03
    assert (far[1][..., :30] == 1).all()
    assert torch.allclose(near[2], far[2], atol=1.0)
