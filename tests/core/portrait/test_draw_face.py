"""The found points, drawn on the crop of the face."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from moda_core.portrait.crop import CropTransform
from moda_core.portrait.draw_face import draw_face
from tests.faces import face_from

# Left eye, right eye, corners and lips, in pixels of a crop of side 200, its first pixel at (0, 0).
PLACES = np.array([[70, 80.5], [130, 84], [80, 140], [121.25, 141], [100, 138], [100, 150]])


def turned_crop(size, angle=0.3):
    """Return a transform, and landmarks that lie at `PLACES` in its crop."""
    transform = CropTransform(np.array([412.0, 305.0], np.float32), 500.0, angle, size)
    offsets = (PLACES / 200 - 0.5) * 500
    cosine, sine = math.cos(angle), math.sin(angle)
    turned = offsets @ np.array([[cosine, sine], [-sine, cosine]])
    points = turned + [412.0, 305.0] + 0.5  # landmarks count from the corner of a pixel
    return transform, points


def blue(drawn):
    """How much bluer than grey each pixel is, as only the eyes' marks are."""
    return (drawn[..., 2].int() - drawn[..., 0].int() - 4).clamp(min=0).numpy().astype(float)


def orange(drawn):
    """The same for the marks of the mouth."""
    return (drawn[..., 0].int() - drawn[..., 2].int()).clamp(min=0).numpy().astype(float)


@pytest.mark.parametrize("angle", [0.0, 0.3, -2.0])
def test_rings_lie_around_the_eyes(angle):
    transform, points = turned_crop(200, angle)
    crop = torch.full((200, 200, 3), 120, dtype=torch.uint8)

    weight = blue(draw_face(crop, transform, face_from(points)))

    y, x = np.mgrid[:200, :200]
    for place in PLACES[:2]:
        near = weight * (np.hypot(x - place[0], y - place[1]) < 20)
        center = np.array([(near * x).sum(), (near * y).sum()]) / near.sum()
        assert center == pytest.approx(place, abs=0.1)


def test_the_mouth_is_marked_at_its_four_points_and_nowhere_far_from_them():
    transform, points = turned_crop(200)
    crop = torch.full((200, 200, 3), 120, dtype=torch.uint8)

    weight = orange(draw_face(crop, transform, face_from(points)))

    for x, y in PLACES[2:]:
        assert weight[round(y), round(x)] > 60
    assert weight[160:].sum() == weight[:70].sum() == weight[:, :60].sum() == 0


@pytest.mark.parametrize("index", [152, 10, 105, 168])  # chin, forehead, brow, bridge of the nose
def test_the_mesh_is_drawn_half_transparent(index):
    transform, points = turned_crop(200)
    face = face_from(points)
    crop = torch.full((200, 200, 3), 60, dtype=torch.uint8)
    x, y = (transform.to_crop @ [*(face.mesh[index, :2] - 0.5), 1])[:2].round().astype(int)

    drawn = draw_face(crop, transform, face)

    near = drawn[y - 1 : y + 2, x - 1 : x + 2].amax(dim=(0, 1))
    assert near.tolist() == pytest.approx([60 + 0.55 * (255 - 60)] * 3, abs=35)
    assert drawn[y, x].float().std() < 1  # grey


@pytest.mark.parametrize("level", [0, 60, 128, 200, 255])
def test_points_stand_out_from_any_skin(level):
    transform, points = turned_crop(200)
    crop = torch.full((200, 200, 3), level, dtype=torch.uint8)

    drawn = draw_face(crop, transform, face_from(points)).float()

    luma = drawn @ torch.tensor([0.299, 0.587, 0.114])
    for x, y in PLACES:
        around = luma[int(y) - 7 : int(y) + 8, int(x) - 7 : int(x) + 8]
        assert (around - level).abs().max() > 70


def test_the_crop_itself_stays_as_it_was():
    transform, points = turned_crop(300)
    crop = torch.full((300, 300, 3), 120, dtype=torch.uint8)

    drawn = draw_face(crop, transform, face_from(points))

    assert (crop == 120).all()
    assert drawn.shape == crop.shape
    assert drawn.dtype == torch.uint8


def test_points_outside_the_crop_are_left_out():
    transform, points = turned_crop(200)
    crop = torch.full((200, 200, 3), 120, dtype=torch.uint8)

    drawn = draw_face(crop, transform, face_from(points + 5000))

    assert torch.equal(drawn, crop)


def test_only_the_confidence_of_found_points_is_written():
    transform, points = turned_crop(400)
    crop = torch.full((400, 400, 3), 120, dtype=torch.uint8)

    given, found, surer = (
        draw_face(crop, transform, replace(face_from(points), confidence=value))[360:, :150]
        for value in (1.0, 0.52, 0.93)
    )

    assert (given == 120).all()
    assert (found != 120).any()
    assert not torch.equal(found, surer)


def test_closed_lips_get_one_label():
    transform, points = turned_crop(400)
    crop = torch.full((400, 400, 3), 120, dtype=torch.uint8)
    closed = points.copy()
    closed[4:] = (points[4] + points[5]) / 2

    above_open, above_closed = (
        orange(draw_face(crop, transform, face_from(places)))[240:264, 180:220].sum()
        for places in (points, closed)
    )

    assert above_closed == 0 < above_open


@pytest.mark.parametrize("shape", [(199, 200, 3), (512, 512, 3), (200, 200, 4)])
def test_a_crop_of_another_size_is_refused_with_both(shape):
    transform, points = turned_crop(200)

    with pytest.raises(ValueError, match=rf"\(200, 200, 3\).*\({shape[0]}, "):
        draw_face(torch.zeros(shape, dtype=torch.uint8), transform, face_from(points))
