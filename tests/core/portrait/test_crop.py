import math

import numpy as np
import pytest
import torch
from PIL import Image

from moda_core.face.landmarks import FaceLandmarks
from moda_core.portrait.crop import CropTransform, crop_face, crop_from_landmarks
from moda_core.portrait.find_face import find_face
from moda_core.portrait.image import limit_size
from moda_core.portrait.resample_picture import reduce_area, sample_bilinear, sampling_grid
from tests.faces import as_tensor, face_from, portrait_picture
from tests.parity.landmark_crop import crop_transform

FIVE = np.array([(80, 100), (120, 100), (100, 120), (85, 140), (115, 140)], np.float32)


@pytest.fixture(scope="module")
def portrait() -> torch.Tensor:
    return as_tensor(portrait_picture())


@pytest.fixture(scope="module")
def found(portrait):
    return find_face(portrait)


def front_face(center=(100.0, 100.0), unit=40.0, angle=0.0) -> FaceLandmarks:
    """Landmarks around the middle of the eyes, `unit` pixels from the eyes to the mouth."""
    points = np.array([(-0.45, 0), (0.45, 0), (-0.35, 1), (0.35, 1), (0, 1), (0, 1)]) * unit
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return face_from(points @ turn + center)


def test_five_points_give_the_hand_computed_square():
    transform = crop_transform(FIVE, size=224, scale=1.5, vy=-0.1)

    # Points from 80 to 120 and from 100 to 140: a square of 40 around (100, 120), times 1.5.
    assert transform.side == pytest.approx(60)
    assert transform.center == pytest.approx([100, 120 - 0.1 * 60])
    assert transform.angle == 0


@pytest.mark.parametrize("angle", [-2.5, -0.4, 0.3, math.pi / 2, 3.0])
def test_turned_points_give_the_turned_square(angle):
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    upright = crop_transform(FIVE)

    transform = crop_transform((FIVE - 100) @ turn + 100)

    assert transform.side == pytest.approx(upright.side, rel=1e-5)
    assert transform.angle == pytest.approx(angle, abs=1e-4)
    assert transform.center == pytest.approx((upright.center - 100) @ turn + 100, abs=1e-3)


def test_the_matrices_undo_each_other_and_centre_the_square():
    transform = crop_transform(FIVE)

    product = transform.to_crop.astype(float) @ transform.to_image

    assert product == pytest.approx(np.eye(3), abs=1e-4)
    assert transform.to_crop @ [*transform.center, 1] == pytest.approx([256, 256, 1], abs=1e-3)
    assert transform.to_crop.dtype == transform.to_image.dtype == np.float32


@pytest.mark.parametrize("shape", [(7, 2), (5, 3), (106,)])
def test_points_of_another_count_are_refused(shape):
    with pytest.raises(ValueError, match="5, 68, 101, 106 or 203"):
        crop_transform(np.zeros(shape))


def test_points_at_one_place_are_refused():
    with pytest.raises(ValueError, match="one place"):
        crop_transform(np.full((5, 2), 7.0))


def test_crop_shows_the_picture_turned_and_scaled():
    y, x = np.mgrid[:120, :160]
    image = torch.from_numpy(np.stack([x, y, (x + y) // 2], axis=-1).astype(np.uint8))
    transform = CropTransform(np.array([80, 60], np.float32), 50.0, 0.3, 64)

    crop = crop_face(image, transform).numpy()

    for place in [(10, 50), (31, 31), (60, 5)]:
        at = transform.to_image @ [*place, 1]
        assert crop[place[1], place[0], :2] == pytest.approx(at[:2], abs=1)


def test_crop_beyond_the_picture_is_black():
    transform = CropTransform(np.array([0, 0], np.float32), 40.0, 0.0, 40)

    crop = crop_face(torch.full((100, 100, 3), 200, dtype=torch.uint8), transform)

    assert crop[:19].max() == 0
    assert crop[:, :19].max() == 0
    assert crop[20:, 20:].min() == 200


def test_bilinear_reading_mixes_with_black_at_the_edge():
    picture = torch.tensor([[10.0, 30.0]])[..., None]
    matrix = np.array([[1, 0, 0.25], [0, 1, 0], [0, 0, 1]])  # a quarter pixel to the right

    moved = sample_bilinear(picture, sampling_grid(matrix, (1, 2), (0, 0, 1, 3)))

    assert moved[0, :, 0].tolist() == pytest.approx([7.5, 25, 7.5])


def test_area_reduction_rounds_the_mean_of_the_covered_pixels():
    picture = torch.randint(0, 256, (12, 12, 3), generator=torch.Generator().manual_seed(0))

    reduced = reduce_area(picture.to(torch.uint8), 4)

    means = picture.numpy().reshape(4, 3, 4, 3, 3).mean(axis=(1, 3))
    assert reduced.numpy() == pytest.approx(np.floor(means + 0.5), abs=0)


@pytest.mark.parametrize(("shape", "size"), [((12, 10, 3), 2), ((12, 12, 3), 5), ((4, 4, 3), 8)])
def test_area_reduction_by_no_whole_factor_is_refused(shape, size):
    with pytest.raises(ValueError, match="multiple of"):
        reduce_area(torch.zeros(shape, dtype=torch.uint8), size)


@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0])
def test_crop_from_few_points_turns_and_moves_with_the_face(angle):
    still = crop_from_landmarks(front_face())
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])

    moved = crop_from_landmarks(front_face((400, 300), 80.0, angle))

    assert moved.side == pytest.approx(2 * still.side)
    assert moved.angle == pytest.approx(angle, abs=1e-5)
    expected = 2 * (still.center + 0.5 - 100) @ turn + (400, 300) - 0.5
    assert moved.center == pytest.approx(expected, abs=1e-3)


def test_crop_of_the_portrait_is_that_of_mediapipes_points(found):
    transform = crop_from_landmarks(found)

    # Of the points of MediaPipe 0.10.14 that lie where the 106 of the reference do, by spec G.
    assert transform.side == pytest.approx(426.81, rel=0.02)
    assert transform.center + 0.5 == pytest.approx([306.02, 212.81], abs=0.01 * 426.81)
    assert transform.angle == pytest.approx(math.atan2(5.5, 130.5), abs=0.02)


def test_mirrored_portrait_gives_the_mirrored_crop(portrait, found):
    transform = crop_from_landmarks(found)

    other = crop_from_landmarks(find_face(portrait.flip(1)))

    assert other.side == pytest.approx(transform.side, rel=0.02)
    mirrored = (portrait.shape[1] - 1 - transform.center[0], transform.center[1])
    assert other.center == pytest.approx(mirrored, abs=0.01 * transform.side)
    assert other.angle == pytest.approx(-transform.angle, abs=0.02)


def test_grey_portrait_gives_nearly_the_same_crop(portrait, found):
    grey = portrait.float().mean(dim=2, keepdim=True).expand(-1, -1, 3).round().to(torch.uint8)
    expected = crop_from_landmarks(found)

    transform = crop_from_landmarks(find_face(grey))

    assert transform.side == pytest.approx(expected.side, rel=0.02)
    assert transform.center == pytest.approx(expected.center, abs=0.01 * expected.side)


def test_face_at_the_border_gets_a_crop_with_black_beyond_the_picture(portrait, found):
    left = int(found.eyes[0] - 1.2 * found.eye_distance)
    cut = portrait[:, left:].contiguous()  # through the temple

    landmarks = find_face(cut)
    crop = crop_face(cut, crop_from_landmarks(landmarks))

    points = landmarks.points() + np.array([left, 0])
    assert np.abs(points - found.points()).max() < 0.05 * found.eye_distance
    assert crop[:, 0].max() == 0
    assert crop[256, 256].max() > 0


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_scale_that_makes_no_square_is_refused(scale):
    with pytest.raises(ValueError, match="above 0, got"):
        crop_from_landmarks(front_face(), scale)


@pytest.mark.slow
def test_picture_of_20_megapixels_is_reduced_and_cropped(portrait, found):
    large = portrait_picture().resize((4500, 4500), Image.Resampling.BICUBIC)

    image = limit_size(as_tensor(large))
    transform = crop_from_landmarks(find_face(image))

    expected, ratio = crop_from_landmarks(found), 1920 / portrait.shape[1]
    assert image.shape == (1920, 1920, 3)
    assert transform.side / ratio == pytest.approx(expected.side, rel=0.02)
    assert transform.center / ratio == pytest.approx(expected.center, abs=0.01 * expected.side)
