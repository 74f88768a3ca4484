"""Regions of the face, and motion mixed from several."""

import pytest
import torch

from moda_core.editing.mixing import mix
from moda_core.motion.controls import CONTROLS, compose
from moda_core.motion.motion import EXPRESSION, HEAD, YAW
from moda_core.motion.regions import (
    MOTION_REGIONS,
    REGION_CONTROLS,
    REGION_KEYPOINTS,
    region_matrix,
)
from tests.tolerances import assert_rounded

from .direct_cases import (
    acted_motion,
    assert_same_motion,
    changed_dims,
    control,
    dims,
    random_motion,
)


def test_regions_share_out_every_control_and_every_keypoint_once():
    controls = [name for names in REGION_CONTROLS.values() for name in names]
    keypoints = [keypoint for own in REGION_KEYPOINTS.values() for keypoint in own]

    assert sorted(controls) == sorted(CONTROLS)
    assert sorted(keypoints) == list(range(21))


def test_regions_add_up_to_the_whole():
    total = sum(region_matrix({region: 1.0}) for region in MOTION_REGIONS)

    torch.testing.assert_close(total, torch.eye(70, dtype=torch.float64), atol=1e-12, rtol=0)
    assert torch.equal(region_matrix(dict.fromkeys(MOTION_REGIONS, 1.0)), torch.eye(70).double())


@pytest.mark.parametrize("region", REGION_CONTROLS)
def test_a_control_belongs_to_its_region_whole(region):
    matrix = region_matrix({region: 1.0})[EXPRESSION, EXPRESSION]

    for index, name in enumerate(CONTROLS):
        movement = compose(torch.eye(12)[index]).double()
        expected = movement if name in REGION_CONTROLS[region] else torch.zeros_like(movement)
        assert_rounded(movement @ matrix, expected, 12, scale=movement.abs().max())


def test_a_mixed_mouth_speaks_and_leaves_the_rest_of_the_face():
    speech = acted_motion(jaw=torch.rand(60), smile=0.8, blink_left=0.5, brow=1.0)
    base = acted_motion(jaw=0.1, blink_left=torch.rand(60), frown=0.6, gaze=-0.4)

    mixed = mix(base, mouth=speech)

    for name in CONTROLS:
        source = speech if name in REGION_CONTROLS["mouth"] else base
        torch.testing.assert_close(control(mixed, name), control(source, name), atol=1e-5, rtol=0)


def test_a_mixed_mouth_leaves_what_only_eyes_and_brows_move():
    base, speech = random_motion(), random_motion(seed=1)

    changed = changed_dims(mix(base, mouth=speech), base)

    # A smile lifts the lower lids, 13 and 16; nothing of the mouth reaches further up.
    assert not changed & set(dims(1, 2, 11, 15, 18))
    assert set(dims(6, 12, 14, 17, 19, 20)) <= changed


def test_weights_move_in_proportion_from_one_motion_to_the_other():
    base, other = random_motion(), random_motion(seed=1)

    half = mix(base, eyes=other, head=other, weights={"eyes": 0.5, "head": 0.25})
    full = mix(base, eyes=other, head=other)

    face = (base.values[:, :63] + full.values[:, :63]) / 2
    head = base.values[:, HEAD] * 0.75 + other.values[:, HEAD] * 0.25
    assert_same_motion(half.values[:, :63], face, EXPRESSION)
    assert_same_motion(half.values[:, HEAD], head, HEAD)
    assert torch.equal(full.values[:, HEAD], other.values[:, HEAD])


def test_expressions_count_from_their_own_rest():
    rest = 0.05 * torch.randn(63, generator=torch.Generator().manual_seed(3))
    base, stranger = acted_motion(), acted_motion(rest=rest, jaw=0.7, smile=0.4)

    mixed = mix(base, mouth=stranger)

    torch.testing.assert_close(control(mixed, "jaw"), torch.full((60,), 0.7), atol=1e-5, rtol=0)
    torch.testing.assert_close(control(mixed, "smile"), torch.full((60,), 0.4), atol=1e-5, rtol=0)
    assert torch.equal(mixed.rest, base.rest)


def test_each_region_may_come_from_another_motion():
    parts = dict(
        zip(MOTION_REGIONS, (random_motion(seed=seed) for seed in range(1, 5)), strict=True)
    )

    mixed = mix(random_motion(), **parts)

    for region, names in REGION_CONTROLS.items():
        for name in names:
            wanted = control(parts[region], name)
            torch.testing.assert_close(control(mixed, name), wanted, atol=1e-4, rtol=0)
    assert torch.equal(mixed.values[:, HEAD], parts["head"].values[:, HEAD])


@pytest.mark.parametrize(("num_frames", "fps"), [(50, 12.5), (96, 24), (239, 59.94), (400, 50)])
def test_a_motion_that_is_not_shorter_is_not_repeated(num_frames, fps):
    base, turning = random_motion(100), acted_motion(num_frames, fps=fps)
    turning.values[:, YAW] = torch.linspace(0, 20, num_frames)[:, None]

    held, looped = (mix(base, head=turning, loop=loop) for loop in (False, True))

    assert torch.equal(looped.values, held.values)
    assert looped.values[:, YAW].diff(dim=0).min() >= 0  # no jump back to 0


def test_a_shorter_motion_of_another_rate_is_held_or_repeated():
    jaw = torch.linspace(0, 1, 60)
    short = acted_motion(60, fps=30, jaw=jaw)  # two seconds

    held = control(mix(acted_motion(125), mouth=short), "jaw")
    looped = control(mix(acted_motion(125), mouth=short, loop=True), "jaw")

    torch.testing.assert_close(held[:50], torch.arange(50) * 1.2 / 59, atol=1e-4, rtol=0)
    assert held[50:].sub(1).abs().max() < 1e-4
    # Half a second of the two is shared by the end and the beginning.
    torch.testing.assert_close(looped[:50], looped[75:], atol=1e-4, rtol=0)
    assert looped.diff().abs().max() < 0.15  # no jump from 1 to 0
    assert looped.max() - looped.min() > 0.5
