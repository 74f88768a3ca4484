from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from moda_core.face.detect import find_faces
from moda_core.face.face_crop import face_crop
from moda_core.face.haar_cascade import build_cascade, feature_masks, load_cascade

EXAMPLE = Path(__file__).resolve().parents[3] / "moda_core" / "example" / "portrait.jpg"


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    """The bundled portrait, small enough for a quick test."""
    picture = Image.open(EXAMPLE).convert("RGB")
    scale = 320 / max(picture.size)
    return picture.resize((round(picture.width * scale), round(picture.height * scale)))


def as_tensor(picture: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(picture))


def test_upright_feature_is_a_weighted_sum_of_rectangles():
    window = torch.rand(12, 15)
    rectangles = np.array([[[1, 2, 6, 4], [4, 2, 3, 4], [0, 0, 0, 0]]])

    mask = feature_masks(rectangles, np.array([[-1.0, 2.0, 0]]), np.array([False]), (15, 12))

    expected = -window[2:6, 1:7].sum() + 2 * window[2:6, 4:7].sum()
    assert (mask[0] @ window.flatten()).item() == pytest.approx(expected.item(), abs=1e-4)


def test_tilted_feature_covers_twice_the_product_of_its_sides():
    mask = feature_masks(np.array([[[8, 2, 3, 4]]]), np.array([[1.0]]), np.array([True]), (20, 20))

    rows, columns = mask.reshape(20, 20).nonzero(as_tuple=True)

    assert mask.sum() == 2 * 3 * 4
    assert (rows.min(), rows.max()) == (2, 2 + 3 + 4 - 1)
    assert (columns.min(), columns.max()) == (8 - 4, 8 + 3 - 2)


def test_tree_takes_the_leaf_that_its_decisions_lead_to():
    arrays = {
        "window": np.array([4, 4]),
        "stage_trees": np.array([1]),
        "stage_threshold": np.array([0.0], np.float32),
        "tree_nodes": np.array([2]),
        "node_child": np.array([[1, 0], [-1, -2]]),  # below: the second node; else leaf 0
        "node_feature": np.array([0, 1]),
        "node_threshold": np.array([0.0, 0.5], np.float32),
        "leaf": np.array([10.0, 20.0, 30.0], np.float32),
        "rectangle": np.array([[[0, 0, 1, 1]], [[1, 0, 1, 1]]]),
        "weight": np.ones((2, 1), np.float32),
        "tilted": np.zeros(2, bool),
    }
    stage = build_cascade(arrays).stages[0]

    margins = stage.margins(torch.tensor([[1.0, 0.0], [-1.0, 0.0], [-1.0, 1.0]]))

    assert margins.tolist() == [10, 20, 30]


def test_unknown_cascade_is_named_in_the_error():
    with pytest.raises(ValueError, match="'nose'"):
        load_cascade("nose")


def test_crop_puts_a_turned_direction_upright():
    picture = Image.new("L", (100, 100))
    dark = np.array(picture)
    dark[48:53, 60:90] = 255  # to the right of the centre
    picture = Image.fromarray(dark)

    crop = np.array(face_crop(picture, (50, 50.5), 1.0, 90.0, 81))

    assert crop[10:28, 38:43].min() > 200  # a face turned clockwise by 90 degrees looks right
    assert crop[55:].max() == 0


def test_face_of_a_portrait_is_found(portrait):
    boxes = find_faces(as_tensor(portrait))

    assert len(boxes) == 1
    assert 0.1 < boxes[0].size / portrait.width < 0.7
    assert abs(boxes[0].angle_deg) < 15


def test_mirrored_portrait_gives_the_mirrored_box(portrait):
    box = find_faces(as_tensor(portrait))[0]
    mirrored = find_faces(as_tensor(portrait).flip(1))[0]

    assert mirrored.center_x == pytest.approx(portrait.width - box.center_x, abs=0.08 * box.size)
    assert mirrored.center_y == pytest.approx(box.center_y, abs=0.08 * box.size)
    assert mirrored.size == pytest.approx(box.size, rel=0.15)


@pytest.mark.parametrize("angle_deg", [-35, 35])
def test_rotated_face_is_found_with_its_angle(portrait, angle_deg):
    upright = find_faces(as_tensor(portrait))[0]
    turned = portrait.rotate(-angle_deg, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128))

    box = find_faces(as_tensor(turned))[0]

    assert box.angle_deg == pytest.approx(upright.angle_deg + angle_deg, abs=12)


def test_all_faces_of_a_group_are_found_largest_first(portrait):
    sheet = Image.new("RGB", (900, 340), (90, 110, 100))
    for index, scale in enumerate((0.6, 1.0, 0.8)):
        size = round(portrait.width * scale), round(portrait.height * scale)
        sheet.paste(portrait.resize(size), (index * 300, 340 - size[1]))

    boxes = find_faces(as_tensor(sheet))

    assert [int(box.center_x // 300) for box in boxes] == [1, 2, 0]


def test_picture_without_content_has_no_face():
    assert find_faces(torch.full((120, 160, 3), 127, dtype=torch.uint8)) == []


def test_picture_smaller_than_a_face_has_no_face():
    assert find_faces(torch.zeros(16, 16, 3, dtype=torch.uint8)) == []


def test_batch_instead_of_a_picture_is_refused():
    with pytest.raises(ValueError, match=r"\(1, 8, 8, 3\)"):
        find_faces(torch.zeros(1, 8, 8, 3, dtype=torch.uint8))
