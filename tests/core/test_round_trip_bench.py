"""The figures of `bench round-trip`, and what its weights are fitted on."""

import numpy as np
import pytest
import torch

from moda_core.face.mesh_points import NUM_POINTS
from moda_core.head.observed_head import ObservedHead
from moda_core.head.seen_pose import SeenPose
from moda_core.head.stored_fits import StoredFits
from moda_core.head.unturned_face import MEASURES, measure
from moda_core.motion.controls import CONTROLS, compose
from moda_core.motion.motion import YAW, Motion
from tests.bench.bench_round_trip import compare, misses, shown_curves, summary
from tests.head_model.fit_read_outs import ANGLES_DEG, TERMS, fit, played_curves, random_motion


def changed(motion, yaw=1.0, **controls):
    """Return a motion of which the yaw is scaled and controls are added to."""
    values, added = motion.values.clone(), torch.zeros(len(motion), len(CONTROLS))
    values[:, YAW] *= yaw
    for name, value in controls.items():
        added[:, CONTROLS.index(name)] = value
    values[:, :63] += compose(added)
    return Motion(values, motion.rest, motion.fps)


def test_the_same_motion_is_seen_whole():
    motion = random_motion(0)

    figures = compare(motion, motion)

    assert set(figures["correlation"].values()) == {1.0}
    assert set(figures["slope"].values()) == {1.0}
    assert misses(figures) == []


def test_a_turn_seen_too_small_is_named():
    motion = random_motion(0)

    figures = compare(motion, changed(motion, yaw=0.5))

    assert figures["slope"]["yaw"] == pytest.approx(0.5, abs=0.05)
    assert [miss.split()[:2] for miss in misses(figures)] == [["yaw", "slope"]]


def test_a_constant_offset_of_the_expression_does_not_count():
    motion = random_motion(1)

    figures = compare(motion, changed(motion, width=0.1))

    assert figures["correlation"]["width"] > 0.99
    assert figures["slope"]["width"] == pytest.approx(1, abs=0.05)


def test_the_jaw_is_the_opening_that_is_shown():
    motion = random_motion(2)

    pressed = shown_curves(changed(motion, close=1.0))["jaw"]

    assert pressed.max() < 0.5 * shown_curves(motion)["jaw"].max()
    assert pressed.min() >= 0


def test_the_summary_tells_medians_and_the_worst():
    motion = random_motion(0)
    shares = {"a": 1.0, "b": 0.9, "c": 0.5}
    by_portrait = {
        name: {"ms_per_frame": share, **compare(motion, changed(motion, yaw=share))}
        for name, share in shares.items()
    }

    figures = summary(by_portrait)

    assert figures["slope"]["yaw"] == by_portrait["b"]["slope"]["yaw"]
    assert figures["slope_range"]["yaw"][0] == by_portrait["c"]["slope"]["yaw"]
    assert list(figures["missed"]) == ["c"]


def test_weights_are_found_again():
    motion = random_motion(3)
    curves = played_curves(motion)
    num_frames, names = len(motion), list(MEASURES)
    measures = np.random.default_rng(0).normal(0, 1e-4, (num_frames, len(MEASURES)))
    measures[:, names.index("irises")] += curves["gaze"] / 25
    angles = np.stack([curves[name] / 1.25 for name in ANGLES_DEG], axis=1)
    pose = SeenPose(angles, np.ones(num_frames), np.zeros((num_frames, 2)))
    observed = ObservedHead(0, StoredFits(num_frames, torch.zeros(40)), measures, pose)

    gaze, roll = (fit(name, [curves], [observed]) for name in ("gaze", "roll"))

    assert gaze["weights"] == pytest.approx([25], rel=0.02)
    assert roll["weights"] == pytest.approx([1.25], rel=0.02)


def test_terms_are_measures():
    used = {name.lstrip("-") for terms in TERMS.values() for term in terms for name in term}

    assert used <= set(MEASURES)


def test_a_shifted_face_measures_the_same():
    points = np.random.default_rng(0).normal(size=(NUM_POINTS, 2))
    shifted = points + np.array([3.0, -2.0])

    assert measure(shifted) == pytest.approx(measure(points))
