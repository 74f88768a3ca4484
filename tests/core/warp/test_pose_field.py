import math

import pytest
import torch

from moda_core.head.head_model import NECK, PIVOT, head_model
from moda_core.head.placed_head import place_head
from moda_core.warp.drive import Pose
from moda_core.warp.head_field import head_field, moving_box
from moda_core.warp.pose_field import pose_shift, sample_places, undo_pose
from tests.heads import rotation, seen_landmarks, synthetic_head

PICTURE = (520, 520)
TURNS = [
    {"yaw": 20},
    {"yaw": -20},
    {"pitch": 12},
    {"pitch": -12},
    {"roll": 13},
    {"yaw": 18, "pitch": 10},
]


def field_of(head):
    landmarks = seen_landmarks(head)
    placed = place_head(head, landmarks)
    box = moving_box(placed, PICTURE)
    return head_field(placed, landmarks, box, torch.zeros(1, dtype=torch.float64))[0], box


def pose(**values: float) -> Pose:
    """A pose of one frame; angles in degrees."""
    rest = {"pitch": 0.0, "yaw": 0.0, "roll": 0.0, "scale": 1.0, "shift_x": 0.0, "shift_y": 0.0}
    values = {
        name: math.radians(values[name]) if name in ("pitch", "yaw", "roll") else values[name]
        for name in values
    }
    return Pose(
        **{
            name: torch.full((1, 1, 1), value, dtype=torch.float64)
            for name, value in (rest | values).items()
        }
    )


def in_pixels(places: torch.Tensor, box) -> torch.Tensor:
    return places * torch.tensor(box.size[::-1]).view(2, 1, 1) / 2


@pytest.mark.parametrize("turn", TURNS, ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_undoing_a_turn_inverts_it(turn, seed):
    head, box = field_of(synthetic_head(seed))

    before = undo_pose(head, pose(**turn))

    again = before + sample_places(pose_shift(head, pose(**turn)), before)
    miss = in_pixels(again - head.cells, box).norm(dim=1)
    assert (miss > 0.5).double().mean() < 0.003


@pytest.mark.parametrize("turn", TURNS, ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_no_cell_folds(turn, seed):
    head, _ = field_of(synthetic_head(seed))

    after = head.cells + pose_shift(head, pose(**turn))

    right, down = after.diff(dim=3)[:, :, :-1], after.diff(dim=2)[..., :-1]
    area = right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0]
    assert int((area <= 0).sum()) <= 1


@pytest.mark.parametrize("yaw", [-37, -17, 17, 37])
@pytest.mark.parametrize("turn", [-20, -5, 5, 20])
def test_a_head_that_is_turned_aside_turns_without_folds_and_back(turn, yaw):
    head, box = field_of(synthetic_head(yaw=yaw))

    before = undo_pose(head, pose(yaw=turn))

    shift = pose_shift(head, pose(yaw=turn))
    after, again = head.cells + shift, before + sample_places(shift, before)
    right, down = after.diff(dim=3)[:, :, :-1], after.diff(dim=2)[..., :-1]
    assert int((right[:, 0] * down[:, 1] <= right[:, 1] * down[:, 0]).sum()) <= 1
    assert (in_pixels(again - head.cells, box).norm(dim=1) > 0.5).double().mean() < 0.003


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_the_face_moves_as_the_head_that_turns(turn):
    person, model = synthetic_head(), head_model()
    head, box = field_of(person)
    points = model.at_landmarks(model.vertices(person.shape, person.moves))
    yaw, pitch, roll = (turn.get(axis, 0.0) for axis in ("yaw", "pitch", "roll"))
    pivot, neck = torch.tensor(PIVOT).double(), torch.tensor(NECK).double()
    turned = (points - pivot) @ rotation(yaw=-yaw, pitch=-pitch).T + pivot
    turned = (turned - neck) @ rotation(roll=roll).T + neck
    expected = person.to_pixels(turned) - person.to_pixels(points)

    half = torch.tensor(box.size[::-1]).double() / 2
    places = (person.to_pixels(points) - torch.tensor([box.left, box.top])) / half - 1
    shift = sample_places(pose_shift(head, pose(**turn)), places.T[None, :, None])
    moved = in_pixels(shift[0], box)[:, 0].T

    miss = (moved - expected).norm(dim=1) / seen_landmarks(person).eye_distance
    assert float(miss.median()) < 0.03
    assert float(miss.quantile(0.9)) < 0.08


def test_a_head_that_is_turned_aside_turns_little_further_but_back():
    head, box = field_of(synthetic_head(yaw=-40))  # its nose is left in the picture

    further, back = (
        float(in_pixels(pose_shift(head, pose(yaw=yaw))[0], box)[0].abs().amax())
        for yaw in (24, -24)
    )

    assert further < 0.6 * back


def test_nothing_moves_beyond_the_heads_reach():
    head, _ = field_of(synthetic_head())
    still = head.share == 0

    before = undo_pose(head, pose(yaw=20, pitch=8, roll=9, scale=1.04, shift_x=0.2))

    assert still.any()
    assert torch.equal(before[0][:, still], head.cells[0][:, still])


def test_shift_and_size_move_the_head_in_the_picture():
    head, box = field_of(synthetic_head())
    middle = head.share.shape[0] // 2, head.share.shape[1] // 2

    right = in_pixels(pose_shift(head, pose(shift_x=0.1))[0], box)[:, middle[0], middle[1]]
    larger = in_pixels(pose_shift(head, pose(scale=1.04))[0], box)

    unit = seen_landmarks(synthetic_head()).eye_distance
    assert right.tolist() == pytest.approx([0.1 * unit, 0], abs=0.015 * unit)
    assert float(larger[0, middle[0], 0]) < 0 or float(larger[0, middle[0], 5:].max()) > 0
    assert float(larger[0, :, middle[1] + 10].mean()) > float(larger[0, :, middle[1] - 10].mean())
