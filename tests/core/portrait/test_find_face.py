"""Finding the one face of a picture, in pixels of the picture or of its file."""

import numpy as np
import pytest
import torch
from PIL import Image

from moda_core.errors import FaceNotFoundError
from moda_core.example import PORTRAIT
from moda_core.face.confidence import LOW_CONFIDENCE
from moda_core.face.face_text import format_points, parse_points
from moda_core.face.given_points import named_points
from moda_core.portrait import find_face as portrait_search
from moda_core.portrait.find_face import FaceChoice, find_face, locate_face
from tests.faces import EYE_DISTANCE, PORTRAIT_POINTS, as_tensor, on_screen, portrait_picture

LEFT_EYE = np.array(PORTRAIT_POINTS["left_eye"])
POINTS = [(270.0, 200.0), (362.0, 206.0), (277.0, 301.0), (342.0, 304.0)]
TOLERANCE = 0.05 * EYE_DISTANCE  # pixels of the bundled portrait


@pytest.fixture(scope="module")
def portrait():
    return as_tensor(portrait_picture())


@pytest.fixture(scope="module")
def pair():
    """The portrait at the left, and at half its size from column 650 on."""
    sheet = on_screen(92.15, (650, 100), (960, 608))
    sheet.paste(portrait_picture(), (0, 0))
    return as_tensor(sheet)


@pytest.mark.parametrize(
    ("choice", "is_right"),
    [
        (FaceChoice(), False),
        (FaceChoice(index=1), True),
        (FaceChoice(order="left to right"), False),
        (FaceChoice(order="left to right", index=1), True),
        (FaceChoice(order="center"), False),
        (FaceChoice(box=(700, 120, 200, 200)), True),
    ],
)
def test_the_chosen_one_of_two_faces_is_taken(pair, choice, is_right):
    expected = LEFT_EYE / 2 + (650, 100) if is_right else LEFT_EYE

    landmarks = find_face(pair, choice)

    assert landmarks.left_eye == pytest.approx(expected, abs=TOLERANCE)


def test_a_mask_chooses_the_face_that_it_covers(pair):
    mask = torch.zeros(pair.shape[:2])
    mask[:, 640:] = 1

    landmarks = find_face(pair, FaceChoice(mask=mask))

    assert landmarks.left_eye == pytest.approx(LEFT_EYE / 2 + (650, 100), abs=TOLERANCE)


def test_a_face_that_is_not_there_is_refused_with_the_number_found(pair):
    with pytest.raises(FaceNotFoundError, match=r"number 2: 2 found.*960x608"):
        find_face(pair, FaceChoice(index=2))


@pytest.mark.parametrize("selector", ["mask", "box"])
def test_a_choice_in_a_large_file_is_in_pixels_of_the_file(tmp_path, selector):
    path, sheet = tmp_path / "large.bmp", Image.new("RGB", (2112, 608), (96, 104, 112))
    for left in (0, 1400):
        sheet.paste(portrait_picture(), (left, 0))
    sheet.save(path)
    mask = torch.zeros(608, 2112)
    mask[100:400, 1600:1800] = 1
    choices = {"mask": FaceChoice(mask=mask), "box": FaceChoice(box=(1600, 100, 200, 300))}

    image, landmarks = locate_face(path, choices[selector])

    expected = (LEFT_EYE + np.array([1400, 0])) * 1920 / 2112
    assert image.shape == (552, 1920, 3)
    assert landmarks.left_eye == pytest.approx(expected, abs=TOLERANCE)


def test_a_face_in_memory_is_in_pixels_of_the_whole_picture(portrait):
    large = as_tensor(portrait_picture().resize((3000, 2400)))

    landmarks = find_face(large)

    factors = np.array([3000, 2400]) / 608
    places = np.array(list(PORTRAIT_POINTS.values())[:4])
    assert landmarks.points()[:4] == pytest.approx(places * factors, abs=TOLERANCE * factors[0])


def test_a_file_and_its_picture_in_memory_give_the_same_face():
    image, from_file = locate_face(PORTRAIT)

    in_memory = find_face(image)

    assert np.array_equal(from_file.mesh, in_memory.mesh)
    assert from_file.confidence == in_memory.confidence


@pytest.mark.parametrize("points", [POINTS, [*POINTS, (310.0, 302.0), (310.0, 312.0)]])
def test_given_points_are_exact(portrait, points):
    landmarks = find_face(portrait, FaceChoice(points=points))

    assert landmarks.points()[: len(points)] == pytest.approx(np.array(points), abs=1e-9)
    assert landmarks.confidence == 1


@pytest.mark.parametrize(
    ("limit", "size"), [(None, (1920, 62)), (1000, (1000, 32)), (4000, (2500, 80))]
)
def test_given_points_of_a_file_are_scaled_with_each_side_of_it(tmp_path, limit, size):
    path = tmp_path / "wide.png"
    Image.new("RGB", (2501, 81), (128, 128, 128)).save(path)
    points = [(1000.0, 20.0), (1040.0, 20.0), (1005.0, 60.0), (1035.0, 60.0)]

    options = {} if limit is None else {"limit": limit}
    image, landmarks = locate_face(path, FaceChoice(points=points), **options)

    assert image.shape == (size[1], size[0], 3)
    scaled = (2501, 81) if limit == 4000 else size  # the last column and row are only cut
    expected = np.array(points) * scaled / (2501, 81)
    assert landmarks.points()[:4] == pytest.approx(expected, abs=1e-9)


def test_points_by_name_may_name_more_of_the_face(portrait):
    points = {**PORTRAIT_POINTS, "chin": (300.0, 362.0)}

    landmarks = find_face(portrait, FaceChoice(points=points))

    assert landmarks.mesh[152, :2] == pytest.approx((300, 362), abs=1e-9)


@pytest.mark.parametrize(
    ("points", "named"),
    [
        (
            [(570, 202), (660, 202), (580, 290), (650, 290)],
            ("right_eye at 660,202", "608x608 pixels", "x before y"),
        ),
        ({**PORTRAIT_POINTS, "chin": (300, -1)}, ("point chin within 1.5", "got 3.9")),
        ([(400, 200), (200, 200), (250, 300), (350, 300)], ("left eye first", "swap")),
    ],
)
def test_points_that_make_no_face_in_the_picture_are_refused(portrait, points, named):
    with pytest.raises(FaceNotFoundError) as in_memory:
        find_face(portrait, FaceChoice(points=points))
    with pytest.raises(FaceNotFoundError) as of_file:
        locate_face(PORTRAIT, FaceChoice(points=points))

    assert all(part in str(in_memory.value) for part in named)
    assert all(part in str(of_file.value) for part in (f"'{PORTRAIT}'", *named))


@pytest.mark.parametrize(
    "area",
    [np.s_[170:], np.s_[205:], np.s_[:310], np.s_[:, 265:], np.s_[:, :348]],
    ids=["forehead", "eyes", "chin", "left eye", "right eye"],
)
def test_points_found_on_a_face_at_the_border_may_be_given(portrait, area):
    picture = portrait[area].contiguous()
    found = find_face(picture)
    points = np.array(list(named_points(found).values()))
    text = format_points(named_points(found))

    again = find_face(picture, FaceChoice(points=parse_points(text)))

    assert ((points < 0) | (points > picture.shape[1::-1])).any()
    assert np.array(list(named_points(again).values())) == pytest.approx(points, abs=0.06)


def test_another_number_of_points_is_refused(portrait):
    with pytest.raises(ValueError, match=r"4 or 6 points.*got 5"):
        find_face(portrait, FaceChoice(points=[*POINTS, (310.0, 302.0)]))


def test_a_face_too_small_to_animate_is_refused_with_its_place_and_pixels():
    picture = as_tensor(on_screen(24, (300, 200), (640, 480)))

    with pytest.raises(FaceNotFoundError, match=r"at \d+,2\d\d is 2\d pixels wide.*Crop.*`points`"):
        find_face(picture)


def test_a_face_too_small_after_scaling_is_refused_with_both_widths(tmp_path):
    path = tmp_path / "screen.bmp"
    on_screen(36, (1500, 200), (2880, 400)).save(path)

    with pytest.raises(FaceNotFoundError, match=r"screen\.bmp.* 3\d pixels .*, 2\d after scaling"):
        locate_face(path)

    assert find_face(as_tensor(Image.open(path))).eye_distance == pytest.approx(16.8, abs=1.5)


def test_points_of_a_small_face_are_accepted():
    picture = as_tensor(on_screen(24, (300, 200), (640, 480)))
    points = np.array(list(PORTRAIT_POINTS.values())[:4]) * 24 / 184.3 + (300, 200)

    landmarks = find_face(picture, FaceChoice(points=points.tolist()))

    assert landmarks.eye_distance == pytest.approx(EYE_DISTANCE * 24 / 184.3, rel=0.01)


def test_a_box_without_a_face_is_the_face():
    grey = torch.full((400, 500, 3), 128, dtype=torch.uint8)

    landmarks = find_face(grey, FaceChoice(box=(200, 100, 120, 150)))

    brow, chin = landmarks.mesh[[63, 105, 66, 296, 334], 1].min(), landmarks.mesh[152, 1]
    assert landmarks.confidence < LOW_CONFIDENCE
    assert (brow, chin) == (pytest.approx(100, abs=5), pytest.approx(250, abs=5))
    assert landmarks.eyes[0] == pytest.approx(260, abs=5)


def test_a_box_beside_the_picture_is_refused(portrait):
    with pytest.raises(ValueError, match=r"inside the picture of 608x608 pixels.*700,0,100,100"):
        find_face(portrait, FaceChoice(box=(700, 0, 100, 100)))


@pytest.mark.parametrize("shape", [(64, 64), (608, 607)])
def test_a_mask_of_another_size_is_refused_even_if_it_is_empty(portrait, shape):
    with pytest.raises(ValueError, match=rf"\(608, 608\), got \({shape[0]}, {shape[1]}\)"):
        find_face(portrait, FaceChoice(mask=torch.zeros(shape)))


@pytest.mark.parametrize("options", [{}, {"index": 1}, {"box": (250, 150, 100, 100)}], ids=str)
def test_a_mask_that_leaves_out_the_face_is_to_be_inverted_after_one_search(
    portrait, monkeypatch, options
):
    mask, searches = torch.zeros(portrait.shape[:2]), []
    mask[:40] = 1

    def find_faces(*arguments, **named):
        searches.append(arguments)
        return search(*arguments, **named)

    search = portrait_search.find_faces
    monkeypatch.setattr(portrait_search, "find_faces", find_faces)
    with pytest.raises(FaceNotFoundError, match=r"leaves out the face.*[Ii]nvert the mask"):
        find_face(portrait, FaceChoice(mask=mask, **options))

    assert len(searches) == 1


def test_a_mask_of_another_size_than_a_file_is_refused_with_the_file():
    with pytest.raises(FaceNotFoundError, match=r"portrait\.jpg.*\(608, 608\), got \(3, 4\)"):
        locate_face(PORTRAIT, FaceChoice(mask=torch.ones(3, 4)))


def test_a_picture_without_a_face_says_how_to_give_points():
    grey = torch.full((96, 128, 3), 128, dtype=torch.uint8)

    with pytest.raises(FaceNotFoundError, match=r"128x96 pixels.*`points`"):
        find_face(grey)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_picture_on_a_gpu_has_the_same_face(portrait):
    assert np.array_equal(find_face(portrait.to("cuda")).mesh, find_face(portrait).mesh)


def test_a_picture_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"\(1, 8, 8, 3\) of torch\.float32"):
        find_face(torch.zeros(1, 8, 8, 3))
