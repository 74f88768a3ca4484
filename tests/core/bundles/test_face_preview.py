"""Small pictures of a face with an expression, and what a portrait shows by itself."""

from types import SimpleNamespace

import pytest
import torch

from moda_core.bundles.face_preview import preview_expression, previewed_face
from moda_core.bundles.rest_pose import own_expression
from moda_core.editing.expression import Expression
from moda_core.example import PORTRAIT
from moda_core.liveportrait.model import RELEASED_RENDERER
from moda_core.motion.controls import CONTROLS, compose, rest_expression
from moda_core.portrait.image import read_image

SIZE = 128


@pytest.fixture(scope="module")
def face():
    return previewed_face(read_image(PORTRAIT), None, SIZE)


def changed_rows(face, neutralise=False, **values):
    """Return the first and last row in which a face differs clearly from that at rest."""
    rest = preview_expression(face, Expression(), False).int()
    moved = preview_expression(face, Expression(**values), neutralise).int()
    rows = ((moved - rest).abs().amax(dim=(1, 2)) > 24).nonzero().flatten()
    return int(rows.min()), int(rows.max())


def test_the_picture_has_the_size_and_the_same_values_give_the_same(face):
    first, second = (preview_expression(face, Expression(smile=0.5), False) for _ in range(2))

    assert (first.shape, first.dtype) == ((SIZE, SIZE, 3), torch.uint8)
    assert torch.equal(first, second)


def test_mouth_and_lids_move_where_they_are(face):
    (_, eyes), (_, mouth) = face.portrait.landmarks.eyes, face.portrait.landmarks.mouth

    top, _ = changed_rows(face, jaw=1.0)
    blink_top, blink_bottom = changed_rows(face, blink_left=1.0, blink_right=1.0)

    assert top > eyes
    assert eyes - 20 < blink_top < eyes < blink_bottom < mouth


def test_neutralising_changes_the_mouth(face):
    top, bottom = changed_rows(face, neutralise=True)

    assert face.own[CONTROLS.index("smile")] > 0.2
    assert face.portrait.landmarks.eyes[1] < top < face.portrait.landmarks.mouth[1] < bottom


def test_of_a_portrait_of_the_released_renderer_mouth_and_brows_are_read():
    shown = torch.zeros(len(CONTROLS))
    for name, value in {"jaw": 0.5, "smile": 0.8, "brow": -0.4}.items():
        shown[CONTROLS.index(name)] = value
    with_eyes = shown.clone()
    for name in ("blink_left", "blink_right", "gaze"):
        with_eyes[CONTROLS.index(name)] = 0.7
    info = {name: torch.zeros(1, 1) for name in ("pitch", "yaw", "roll")}
    info |= {"scale": torch.ones(1, 1), "t": torch.zeros(1, 3)}
    info["exp"] = (rest_expression() + compose(with_eyes))[None]
    prepared = SimpleNamespace(face=SimpleNamespace(info=info))
    portrait = SimpleNamespace(renderer=RELEASED_RENDERER, prepared=prepared)

    own = own_expression(portrait)

    torch.testing.assert_close(own, shown, rtol=0, atol=1e-5)
