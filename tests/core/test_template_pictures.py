"""The command that makes the templates' pictures chooses frames and cuts out faces."""

import numpy as np
import pytest
from PIL import Image

from tests.nodes.workflow_files import RELEASED, TEMPLATES
from tests.template_pictures import PICTURES, best_frame, face_box, stack


@pytest.fixture
def curves():
    """A face that opens its mouth in frames 2 and 7, winks in 7 and looks aside in 8."""
    lips = np.array([0.0, 0.1, 0.5, 0.1, 0.0, 0.0, 0.1, 0.6, 0.0, 0.1])
    still = np.zeros(10)
    return {
        "lips": lips,
        "yaw": np.arange(10.0),
        "blink_left": np.where(np.arange(10) == 7, 1.0, -0.6),
        "blink_right": still,
        "gaze": np.where(np.arange(10) == 8, -1.0, 0.0),
    }


def test_every_template_has_a_picture():
    assert {*PICTURES, RELEASED} == set(TEMPLATES)


@pytest.mark.parametrize(
    ("aim", "frame"),
    [("open", 2), ("shut", 4), ("yaw", 9), ("-yaw", 1), ("blink_left", 7), ("-gaze", 8)],
)
def test_eyes_are_open_unless_they_are_aimed_at(curves, aim, frame):
    assert best_frame([curves], aim, 1, 10) == frame


def test_eyes_of_all_faces_are_open(curves):
    other = curves | {"blink_right": np.where(np.arange(10) == 2, 1.0, 0.0)}

    assert best_frame([curves, other], "open", 0, 10) != 2


def test_a_part_without_open_eyes_is_refused(curves):
    with pytest.raises(ValueError, match="7 to 9"):
        best_frame([curves], "open", 7, 9)


@pytest.mark.parametrize("center", [(300, 300), (20, 30), (590, 560)])
def test_a_face_is_cut_out_inside_the_picture(center):
    mesh = np.array([[-40, -50], [40, 50]]) + np.array(center)

    left, top, right, bottom = face_box(mesh, (600, 580))

    assert right - left == bottom - top > 100
    assert min(left, top) >= 0
    assert right <= 600
    assert bottom <= 580
    if center == (300, 300):
        assert (left + right) / 2 == pytest.approx(300, abs=1)


def test_rows_fill_the_width():
    pictures = [Image.new("RGB", (300, 300), color) for color in ("red", "lime", "blue")]

    sheet = stack(pictures[:2], [pictures[2].crop((0, 0, 300, 150))])

    assert sheet.size == (512, 512)
    assert [sheet.getpixel(at) for at in ((9, 9), (500, 9), (256, 500))] == [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
    ]
