"""The pictures of the benchmark of faces: where the points of a face are in them."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.bench.hard_faces import CASES, POINTS, Portrait, large_photo, pair, without_face

COLORS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))
MOVED = ("mirror", "border", "turned 30", "turned 60", "turned 90", "turned 180", "80 px", "40 px")


def portrait_with_marks():
    """Return a grey picture whose four points are marked with colours of their own."""
    image = Image.new("RGB", (400, 500), (90, 90, 90))
    angles = np.linspace(0, 2 * np.pi, 478)
    mesh = np.stack([200 + 90 * np.cos(angles), 240 + 120 * np.sin(angles)], axis=1)
    mesh[list(POINTS)] = ((165, 205), (238, 215), (175, 300), (230, 305))
    for (x, y), color in zip(mesh[list(POINTS)], COLORS, strict=True):
        ImageDraw.Draw(image).ellipse((x - 12, y - 12, x + 12, y + 12), fill=color)
    return Portrait("marks.png", image, mesh)


def main_channels(image, points):
    """Return which channels of the picture are bright at each point."""
    colors = [image.getpixel(tuple(np.floor(point).astype(int).tolist())) for point in points]
    return [tuple(value > 128 for value in color) for color in colors]


EXPECTED = [tuple(value > 128 for value in color) for color in COLORS]


@pytest.mark.parametrize("case", MOVED)
def test_points_follow_the_picture(case):
    portrait = portrait_with_marks()

    image, points = CASES[case](portrait)

    # A mirrored face's left eye is the one that was right.
    expected = [EXPECTED[index] for index in ((1, 0, 3, 2) if case == "mirror" else range(4))]
    assert main_channels(image, points) == expected


def test_both_faces_of_a_pair_are_where_their_points_say():
    portrait = portrait_with_marks()

    image, points = pair(portrait, portrait.resized(0.5))

    assert [main_channels(image, face) for face in points] == [EXPECTED] * 2


def test_a_large_photo_has_12_megapixels_and_a_face_of_a_twelfth_of_the_width():
    portrait = portrait_with_marks()

    image, points = large_photo(portrait)

    unit = np.hypot(*(points[1] - points[0]))
    assert image.width * image.height == 12_000_000
    assert main_channels(image, points) == EXPECTED
    ratio = np.ptp(portrait.mesh[:, 0]) / portrait.eye_distance
    assert unit * ratio == pytest.approx(image.width / 12, rel=0.01)


def test_pictures_without_a_face_leave_the_face_out():
    portrait = portrait_with_marks()

    pictures = dict(without_face([portrait]))

    beside = [np.asarray(image) for name, image in pictures.items() if "marks" in name]
    assert len(beside) == 3
    assert all((pixels == 90).all() for pixels in beside)


def test_a_portrait_is_read_with_its_mesh_reduced_and_without_the_depth(tmp_path):
    Image.new("RGB", (2048, 1024)).save(tmp_path / "wide.png")

    portrait = Portrait.read(tmp_path / "wide.png", [[100.0, 200.0, -7.0]] * 478)

    assert portrait.image.size == (1024, 512)
    assert portrait.mesh.tolist() == [[50, 100]] * 478
