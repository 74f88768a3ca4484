"""Lids, lash lines and irises of a drawn face, 120 pixels between its eyes."""

import numpy as np
import pytest
import torch

from moda_core.face.eye_shape import eye_height, lid_rims
from moda_core.warp.face_shape import face_shape
from moda_core.warp.warp_renderer import WarpRenderer
from tests.core.warp.test_warp_renderer import play
from tests.faces import face_from

SIZE, UNIT = 360, 120
POINTS = [(120, 140), (240, 140), (138, 265), (222, 265), (180, 265), (180, 265)]
SKIN, WHITE, IRIS, LASH = 170, 235, 30, 40
LANDMARKS = face_from(POINTS)
SHAPE = face_shape(LANDMARKS)


def drawn_face(lashes: bool = False) -> np.ndarray:
    """A flat face with two eyes, whose lids may have lashes."""
    centres = torch.arange(SIZE) + 0.5
    x, y = SHAPE.frame.to_face(centres[None], centres[:, None])
    x, y = torch.broadcast_tensors(x, y)
    image = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    for eye in SHAPE.eyes:
        upper, lower, dome = lid_rims(eye, x)
        height = eye_height(eye, x, y)
        inside = ((height > upper) & (height < lower)).numpy()
        away = torch.hypot(x - eye.iris_x, y - eye.iris_y)
        image[inside] = WHITE
        image[inside & (away < eye.iris_radius).numpy()] = IRIS
        if lashes:
            image[((upper - height).abs() < 0.015).numpy() & (dome > 0.1).numpy()] = LASH
    return image


def render(image: np.ndarray, **moves: float) -> np.ndarray:
    portrait = WarpRenderer().portrait(torch.from_numpy(image), LANDMARKS)
    return next(WarpRenderer().frames(portrait, play(**moves)))[0].numpy()


def columns_of(eye_index: int) -> slice:
    eye = SHAPE.eyes[eye_index]
    middle, reach = 180 + eye.x * UNIT, 0.8 * eye.half_width * UNIT
    return slice(round(middle - reach), round(middle + reach))


@pytest.mark.parametrize("blink", [0.3, 0.6, 1.0])
def test_every_column_of_the_eye_closes_by_the_same_share(blink):
    image = drawn_face()
    image[image == IRIS] = WHITE

    frame = render(image, blink_left=blink)

    columns = columns_of(0)
    shown = (frame[..., 0] > 200)[:, columns].sum(axis=0)
    opened = (image[..., 0] > 200)[:, columns].sum(axis=0)
    overlap = 0.03 * UNIT if blink > 0.5 else 0  # lids that meet lie on each other
    assert shown == pytest.approx(((1 - blink) * opened - overlap).clip(0), abs=2 + overlap)
    assert np.ptp(shown / opened) < 0.25


def test_a_shut_eye_shows_its_lash_line_as_sharp_as_the_open_one():
    image = drawn_face(lashes=True)
    image[image == IRIS] = WHITE

    frame = render(image, blink_left=1, blink_right=1)

    def edge(picture: np.ndarray) -> float:
        above = np.diff(picture[100:170, columns_of(1), 0].astype(float), axis=0)
        return (-above).max(axis=0).mean()  # from the skin down to the lashes

    assert edge(frame) > 0.8 * edge(image)


def test_the_skin_of_a_shut_lid_has_no_lashes_and_no_streaks():
    image = drawn_face(lashes=True)

    frame = render(image, blink_left=1)

    eye = SHAPE.eyes[0]
    top = round(140 + (eye.y + eye.upper[0]) * UNIT)
    lid = frame[top : top + round(0.06 * UNIT), columns_of(0), 0].astype(float)
    assert np.abs(lid - SKIN).max() < 12


@pytest.mark.parametrize("gaze", [-1.0, -0.5, 0.5, 1.0])
def test_gaze_moves_the_whole_iris_inside_the_lids(gaze):
    image = drawn_face()

    frame = render(image, gaze=gaze)

    def iris(picture: np.ndarray) -> np.ndarray:
        """Columns of the iris in the row of its centre."""
        return np.nonzero(picture[140, :180, 0] < 100)[0]

    before, after = iris(image), iris(frame)
    assert (after.mean() - before.mean()) / UNIT == pytest.approx(0.08 * gaze, abs=0.01)
    assert len(after) == pytest.approx(len(before), abs=2)
    assert (frame[..., 0] > 200).sum() > 0.9 * (image[..., 0] > 200).sum()


def test_gaze_leaves_lids_and_skin_alone():
    image = drawn_face(lashes=True)

    frame = render(image, gaze=1).astype(int)

    outside = (image[..., 0] == SKIN) | (image[..., 0] == LASH)
    assert np.abs(frame - image)[outside].max() <= 1


def test_wide_eyes_show_white_above_the_lid():
    image = drawn_face()

    frame = render(image, blink_left=-0.5)

    columns = columns_of(0)
    bright_or_dark = np.abs(frame[..., 0].astype(int) - SKIN) > 40
    opened = np.abs(image[..., 0].astype(int) - SKIN) > 40
    grown = bright_or_dark[:, columns].sum() / opened[:, columns].sum()
    assert grown == pytest.approx(1 + 0.35 * 0.5, abs=0.06)


def test_another_picture_shows_its_own_eyes():
    renderer = WarpRenderer()
    portrait = renderer.portrait(torch.from_numpy(drawn_face()), LANDMARKS)
    painted = np.where(drawn_face() == IRIS, np.uint8(110), drawn_face())

    moved = renderer.with_picture(portrait, torch.from_numpy(painted))
    frame = next(renderer.frames(moved, play(gaze=1)))[0].numpy()

    assert frame[110:170, columns_of(0)].min() > 90


def test_an_iris_that_looks_aside_leaves_nothing_behind_on_the_lower_lid():
    image = drawn_face()
    eye = SHAPE.eyes[0]
    centres = torch.arange(SIZE) + 0.5
    x, y = torch.broadcast_tensors(*SHAPE.frame.to_face(centres[None], centres[:, None]))
    _, lower, dome = lid_rims(eye, x)
    below = eye_height(eye, x, y) - lower
    in_iris = torch.hypot(x - eye.iris_x, y - eye.iris_y) < eye.iris_radius
    image[((below > 0) & (below < 0.012) & in_iris).numpy()] = IRIS  # beyond the landmarks' lid
    behind = (below.abs() < 0.03) & (dome > 0.2) & (x < eye.iris_x - 0.04)

    frame = render(image, gaze=1)

    before, after = (picture[..., 0][behind.numpy()] < 100 for picture in (image, frame))
    assert before.sum() > 10
    assert after.sum() == 0


def test_the_skin_of_a_shut_lid_has_the_grain_of_the_picture():
    noise = np.random.default_rng(0).normal(0, 5, (SIZE, SIZE, 1))
    image = (drawn_face() + noise).clip(0, 255).astype(np.uint8)

    frame = render(image, blink_left=1).astype(float)

    eye = SHAPE.eyes[0]
    middle = round(140 + (eye.y + (eye.upper[0] + eye.lower[0]) / 2) * UNIT)
    lid = frame[middle - 6 : middle, columns_of(0), 0]
    assert 0.4 * 5 < lid.std() < 1.2 * 5


def test_the_outer_corner_of_a_shut_eye_sinks_and_the_inner_one_stays():
    image = drawn_face()
    eye = SHAPE.eyes[0]
    row = round(140 + eye.y * UNIT)
    middles = (180 + (eye.x + side * 1.1 * eye.half_width) * UNIT for side in (-1, 1))
    outer, inner = (slice(round(middle) - 2, round(middle) + 2) for middle in middles)
    for columns in (outer, inner):
        image[row - 3 : row + 3, columns] = LASH

    frame = render(image, blink_left=1)

    def height(columns: slice) -> float:
        dark = 255.0 - frame[row - 20 : row + 20, columns, 0] - (255 - SKIN)
        return (dark.clip(0).sum(axis=1) @ np.arange(-20, 20)) / dark.clip(0).sum() / UNIT

    assert height(outer) - height(inner) == pytest.approx(0.036, abs=0.012)


def behind_glasses() -> tuple[np.ndarray, np.ndarray]:
    """The drawn face behind glasses, and where their upper rims and bridge are, (h, w)."""
    centres = torch.arange(SIZE) + 0.5
    x, y = (each.numpy() for each in SHAPE.frame.to_face(centres[None], centres[:, None]))
    rims = (np.abs(y + 0.24) < 0.025) & (np.abs(x) > 0.08) & (np.abs(x) < 1)
    bridge = (np.abs(y + 0.07) < 0.03) & (np.abs(x) < 0.14)
    image = drawn_face(lashes=True)
    image[rims | bridge] = LASH
    return image, rims | bridge


@pytest.mark.parametrize("moves", [{"brow": 1.0}, {"frown": 1.0}, {"blink_left": 1.0}], ids=str)
def test_glasses_stay_where_they_are(moves):
    image, glasses = behind_glasses()

    frame = render(image, **moves)

    moved = np.abs(frame.astype(int) - image)[glasses]
    assert moved.max() < 0.05 * (SKIN - LASH)


def test_brows_move_above_glasses():
    image, _ = behind_glasses()
    image[70:90, 90:150] = SKIN - 60

    frame = render(image, brow=1.0)

    assert (frame[:, 120, 0] < SKIN - 30).argmax() < 68


def test_an_eye_shuts_behind_glasses():
    image, _ = behind_glasses()

    frame = render(image, blink_left=1.0)

    assert not (frame[120:160, columns_of(0), 0] > 200).any()
