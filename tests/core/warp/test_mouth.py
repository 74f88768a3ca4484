"""The open mouth of a drawn face, 120 pixels between its eyes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moda_core.clip.warp_source import WIDTH_OF_GAP
from moda_core.head.teeth import teeth_row
from moda_core.motion.controls import CONTROLS, OPENING
from moda_core.warp.expression_field import undo_mouth
from moda_core.warp.face_shape import face_shape
from moda_core.warp.warp_renderer import WarpRenderer
from tests.core.warp.test_warp_renderer import play
from tests.faces import face_from

SIZE, UNIT, MOUTH_X, MOUTH_Y = 440, 120, 180, 265
COLOR = (190, 150, 130)
GAP = 16


def landmarks(gap: float = 0.0):
    points = [(120, 140), (240, 140), (138, MOUTH_Y), (222, MOUTH_Y)]
    return face_from([*points, (MOUTH_X, MOUTH_Y), (MOUTH_X, MOUTH_Y + gap)])


def face(color: tuple[int, int, int] = COLOR) -> np.ndarray:
    return np.full((SIZE, SIZE, 3), color, np.uint8)


def render(image: np.ndarray, gap: float = 0.0, **moves: float) -> np.ndarray:
    portrait = WarpRenderer().portrait(torch.from_numpy(image), landmarks(gap))
    return next(WarpRenderer().frames(portrait, play(**moves)))[0].numpy()


def tooth_rows(frame: np.ndarray) -> np.ndarray:
    """Rows beside the middle that show teeth, the least red part of the mouth."""
    column = frame[MOUTH_Y - 20 : MOUTH_Y + 100, MOUTH_X + 6].astype(float)
    painted = np.abs(column - COLOR).max(axis=1) > 10
    return np.nonzero(painted & (column[:, 1] > 0.7 * column[:, 0]))[0]


def test_a_wide_opening_stretches_cheeks_and_chin_evenly():
    controls = {name: torch.zeros(1, 1, 1) for name in CONTROLS}
    controls["jaw"] += 1
    x, y = torch.meshgrid(
        torch.linspace(-0.9, 0.9, 37), torch.linspace(1.04, 2.2, 300), indexing="xy"
    )

    _, from_y, opening = undo_mouth(face_shape(landmarks()), x[None], y[None], controls)

    shown = from_y.diff(dim=1) / y.diff(dim=0)  # of the picture, over the length in the frame
    below = opening.above_lower[:, 1:] < -0.01
    assert shown[below].min() > 1 / 2.5


def test_the_chin_drops_as_far_as_that_of_a_wide_open_mouth():
    shape, y = face_shape(landmarks()), torch.linspace(1.5, 2.6, 500)[None, :, None]
    controls = {name: torch.zeros(1, 1, 1) for name in CONTROLS} | {"jaw": torch.ones(1, 1, 1)}

    _, from_y, _ = undo_mouth(shape, torch.zeros_like(y), y, controls)

    shown = y.flatten()[(from_y - shape.chin).abs().argmin()]
    assert 0.35 < float(shown) - shape.chin < 0.45  # eye distances


def test_the_corners_of_a_spoken_mouth_stay_where_its_opening_has_drawn_them():
    shape = face_shape(landmarks(GAP))
    mouth = replace(shape.mouth, spoken=1.0)
    controls = {name: torch.zeros(1, 1, 1) for name in CONTROLS}
    controls["jaw"] += mouth.gap / OPENING
    controls["width"] += WIDTH_OF_GAP * mouth.gap
    x = mouth.x + mouth.half_width * torch.tensor([[[-1.1, -1.0, 1.0, 1.1]]])
    y = torch.full_like(x, mouth.y)

    from_x, from_y, _ = undo_mouth(replace(shape, mouth=mouth), x, y, controls)

    assert (from_x - x).abs().max() < 0.01
    assert (from_y - y).abs().max() < 0.01


def test_upper_teeth_stay_with_the_skull_and_lower_ones_follow_the_jaw():
    some, whole = (tooth_rows(render(face(), jaw=jaw)) for jaw in (0.75, 1.0))

    def inner_edges(rows: np.ndarray) -> np.ndarray:
        """Last row of the upper teeth, first one of the lower teeth."""
        return rows[[rows_apart(rows), rows_apart(rows) + 1]]

    def rows_apart(rows: np.ndarray) -> int:
        return int(np.diff(rows).argmax())

    upper_shift, lower_shift = (inner_edges(whole) - inner_edges(some)) / UNIT
    assert upper_shift == pytest.approx(0, abs=0.01)
    assert lower_shift == pytest.approx(0.86 * 0.25 * 0.56, abs=0.02)


def test_the_mouth_of_a_grey_picture_is_grey():
    frame = render(face((150, 150, 150)), jaw=1).astype(int)

    assert np.ptp(frame, axis=2).max() <= 1


def test_the_mouth_of_a_coloured_picture_has_nothing_grey():
    image = face()

    frame = render(image, jaw=1).astype(int)

    changed = np.abs(frame - image).max(axis=2) > 25
    assert changed.sum() > 1000
    assert (frame[..., 0] - frame[..., 2])[changed].min() > 5


@pytest.mark.parametrize(("color", "kept"), [((240, 232, 205), True), ((170, 70, 70), False)])
def test_a_picture_keeps_its_own_teeth_but_not_its_tongue(color, kept):
    image = face()
    image[MOUTH_Y : MOUTH_Y + GAP, MOUTH_X - 34 : MOUTH_X + 34] = color

    portrait = WarpRenderer().portrait(torch.from_numpy(image), landmarks(GAP))

    assert (portrait.prepared.region.mouth.upper_teeth.shadow < 1) is kept


def test_a_raised_lip_shows_more_of_the_own_teeth_and_no_second_row():
    image = face()
    image[MOUTH_Y : MOUTH_Y + GAP, MOUTH_X - 34 : MOUTH_X + 34] = (250, 250, 10)

    frame = render(image, GAP, jaw=0.3, sneer=1.0).astype(int)

    column = frame[MOUTH_Y - 30 : MOUTH_Y + 40, MOUTH_X]
    own = (column[:, 0] > 150) & (column[:, 2] < 80)
    inside = (np.abs(column - COLOR).max(axis=1) > 40)[: np.nonzero(own)[0][-1]]
    assert own[: np.nonzero(own)[0][-1]][inside].mean() > 0.9


@pytest.mark.parametrize("upward", [False, True])
def test_teeth_differ_in_width_and_length_and_darken_backwards(upward):
    row = teeth_row(upward, 300, torch.tensor([200.0, 190.0, 170.0]), 0.0)
    sign = 1 if upward else -1
    across = torch.linspace(0.0, 0.44, 400)

    color, _ = row.sample(across.view(1, 1, -1), torch.full((1, 1, 400), 0.07 * sign))
    depth = torch.linspace(0, 0.05, 200).view(1, -1, 1).expand(1, 200, 400) * sign
    _, cover = row.sample(across.view(1, 1, -1).expand(1, 200, 400), depth)

    levels = color[0, 0, 0]
    dips = (levels[1:-1] < levels[:-2]) & (levels[1:-1] <= levels[2:])
    ends = across[1:-1][dips]
    assert len(ends) >= 4
    assert ends.diff(prepend=torch.zeros(1))[:4].std() > 0.006
    assert levels[-40:].mean() < 0.7 * levels[:40].mean()
    assert (cover[0, 0] > 0.5).float().argmax(dim=0).unique().numel() > 5


def test_side_light_falls_on_the_teeth():
    left_lit = teeth_row(False, 120, torch.tensor([200.0, 190.0, 170.0]), -0.3)
    places = torch.tensor([-0.2, 0.2]).view(1, 1, 2)

    color, _ = left_lit.sample(places, torch.full((1, 1, 2), -0.06))

    assert color[0, 0, 0, 0] > 1.15 * color[0, 0, 0, 1]


def test_a_wide_opening_stretches_the_cheeks_above_the_corners_evenly():
    controls = {name: torch.zeros(1, 1, 1) for name in CONTROLS}
    controls["jaw"] += 1
    x, y = torch.meshgrid(
        torch.linspace(-0.9, 0.9, 37), torch.linspace(0.2, 1.04, 300), indexing="xy"
    )

    _, from_y, opening = undo_mouth(face_shape(landmarks()), x[None], y[None], controls)

    shown = from_y.diff(dim=1) / y.diff(dim=0)  # of the picture, over the length in the frame
    assert shown[opening.below_upper[:, 1:] < -0.01].min() > 1 / 2


def test_own_upper_teeth_stay_and_own_lower_ones_follow_the_jaw():
    image, gap = face(), 48
    columns = slice(MOUTH_X - 30, MOUTH_X + 30)
    image[MOUTH_Y : MOUTH_Y + gap, columns] = (30, 12, 10)
    image[MOUTH_Y : MOUTH_Y + 14, columns] = (250, 250, 10)
    image[MOUTH_Y + gap - 14 : MOUTH_Y + gap, columns] = (10, 250, 250)
    opened = gap / UNIT / 0.56

    def ends(jaw: float) -> tuple[int, int]:
        """Last row of the upper teeth, first one of the lower teeth, in the middle."""
        column = render(image, gap, jaw=jaw)[MOUTH_Y - 20 : MOUTH_Y + 130, MOUTH_X].astype(int)
        upper = (column[:, 0] > 120) & (column[:, 2] < 0.5 * column[:, 0])
        lower = (column[:, 2] > 120) & (column[:, 0] < 0.5 * column[:, 2])
        return np.nonzero(upper)[0][-1] + 1 - 20, np.nonzero(lower)[0][0] - 20

    for more in (0.0, 0.2):
        upper, lower = ends(opened + more)
        assert upper == pytest.approx(14, abs=1.5)
        assert lower == pytest.approx(gap - 14 + 0.86 * 0.56 * more * UNIT, abs=1.5)


def test_lips_that_close_meet_in_a_line_without_steps():
    points = [(120, 140), (240, 140), (138, MOUTH_Y), (222, MOUTH_Y + 7)]
    tilted = face_from([*points, (MOUTH_X, MOUTH_Y + 4), (MOUTH_X, MOUTH_Y + 4 + GAP)])
    image = np.full((SIZE, SIZE, 3), 80, np.uint8)
    edge = MOUTH_Y + 4 + GAP / 2 + (np.arange(SIZE) - MOUTH_X) * 7 / 84
    image[np.arange(SIZE)[:, None] > edge] = 180

    portrait = WarpRenderer().portrait(torch.from_numpy(image), tilted)
    frame = next(WarpRenderer().frames(portrait, play()))[0, ..., 0].numpy()

    columns = np.arange(MOUTH_X - 28, MOUTH_X + 29)
    part = frame[MOUTH_Y - 40 : MOUTH_Y + 60, columns]
    above = (180 - part.astype(float)).sum(axis=0) / 100  # of the seam, in pixels
    curve = np.polyval(np.polyfit(columns - MOUTH_X, above, 6), columns - MOUTH_X)
    assert np.abs(above - curve).max() < 0.25


def test_the_lower_lip_rolls_inwards_without_an_edge():
    image = face()
    lip = np.linspace(90, 250, 84).astype(np.uint8)
    image[MOUTH_Y : MOUTH_Y + 14, MOUTH_X - 42 : MOUTH_X + 42, 0] = lip

    frame = render(image, jaw=1).astype(int)

    for x in (-20, 20):
        column = frame[:, MOUTH_X + x]
        edge = np.nonzero(column[: MOUTH_Y + 90, 1] < 100)[0][-1]  # of the painted interior
        assert np.diff(column[edge - 1 : edge + 5, 0]).min() > -4  # brighter outwards, no ridge
