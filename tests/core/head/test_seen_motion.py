"""Motion from tracks of synthetic heads, whose pose and expression are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moda_core.face.face_track import FaceTrack, StoredMeshes
from moda_core.face.head_square import head_square
from moda_core.face.smooth_squares import smooth_squares
from moda_core.head.head_fit import CAMERA_DISTANCE
from moda_core.head.head_model import NECK, head_model
from moda_core.head.seen_controls import ANGLE_GAINS
from moda_core.head.seen_motion import HOLD_S, see_motion
from moda_core.motion.controls import CONTROLS, OPENING, TRANSLATION_UNIT, read, rest_expression
from moda_core.motion.motion import PITCH, ROLL, SCALE, TRANSLATION, YAW, released_stats
from tests.heads import rotation, seen_landmarks, synthetic_head

FPS = 25
SEED = 3
MEAN = released_stats().mean


def head(pitch=0.0, yaw=0.0, roll=0.0, **moves):
    """Return the test's person; angles have the signs of `Motion`, moves are those of the model."""
    fit = synthetic_head(SEED)
    names, values = head_model().move_names, fit.moves.clone()
    for name, value in moves.items():
        values[names.index(name)] = value
    turn = rotation(roll=roll) @ rotation(yaw=-yaw, pitch=-pitch)
    return replace(fit, rotation=turn, moves=values)


def track_of(heads, times=None, restarts=(), noise=0.0):
    """Return the track that a perfect network would give; None stands for a lost face."""
    times = np.arange(len(heads)) / FPS if times is None else np.asarray(times)
    random, meshes, places = np.random.default_rng(0), StoredMeshes(), []
    known = {id(each): each and seen_landmarks(each).mesh for each in heads}
    for each in heads:
        mesh = known[id(each)]
        if mesh is not None:
            mesh = mesh + noise * random.normal(size=mesh.shape)
        meshes.append(mesh)
        places.append(None if mesh is None else head_square(mesh))
    confidence = np.array([0.0 if each is None else 0.95 for each in heads])
    squares = smooth_squares(times, places, confidence, restarts)
    return FaceTrack(times, meshes, confidence, tuple(restarts), tuple(squares))


def control(seen, name):
    """Return a control (N,) of a seen motion."""
    return read(seen.values[:, :63] - rest_expression())[:, CONTROLS.index(name)].numpy()


def eyes_shut(share):
    return {"eyeBlinkLeft": share, "eyeBlinkRight": share}


@pytest.mark.parametrize(
    ("axis", "dim"), [("pitch", PITCH), ("yaw", YAW), ("roll", ROLL)], ids=["pitch", "yaw", "roll"]
)
def test_turns_have_the_signs_and_sizes_of_motion(axis, dim):
    angles = 10 * np.sin(np.arange(50) / 8)

    seen = see_motion(track_of([head(**{axis: angle}) for angle in angles]))

    turned = seen.values[:, dim].squeeze(1).numpy()
    slope = np.polyfit(angles, turned, 1)[0]
    others = [other for other in (PITCH, YAW, ROLL) if other != dim]
    assert slope == pytest.approx(ANGLE_GAINS[axis], rel=0.15)
    assert np.corrcoef(angles, turned)[0, 1] > 0.995
    assert turned[seen.reference] == pytest.approx(0, abs=1e-4)
    for other in others:
        assert float(seen.values[:, other].std()) < 1.0


def test_the_reference_is_frontal_with_open_eyes_and_closed_lips():
    heads = [head(yaw=20)] * 5 + [head(jawOpen=0.6)] * 5 + [head(**eyes_shut(1.0))] * 3
    heads += [head()] * 2 + [head(pitch=12, yaw=-10)] * 5 + [head(roll=20)] * 5

    seen = see_motion(track_of(heads))

    assert seen.reference in (13, 14)


def test_the_reference_is_at_the_pictures_own_pose():
    heads = [head(yaw=angle, roll=angle / 2) for angle in np.linspace(-12, 3, 20)]

    seen = see_motion(track_of(heads))

    pose = seen.values[seen.reference, 63:]
    assert pose[:4].numpy() == pytest.approx(MEAN[63:67].numpy(), abs=1e-4)
    assert pose[4:].numpy() == pytest.approx(np.zeros(3), abs=1e-4)


def test_place_and_size_are_relative_to_the_head_in_the_reference():
    still, unit = head(), 150.0 * 0.587
    heads = [still] * 10
    heads += [replace(still, centre=still.centre + torch.tensor([0.2 * unit, 0.1 * unit]))] * 10
    heads += [replace(still, scale=1.1 * still.scale)] * 10

    seen = see_motion(track_of(heads))

    moved = (seen.values[15, TRANSLATION] - seen.values[5, TRANSLATION]) * TRANSLATION_UNIT
    grown = seen.values[25, SCALE] / seen.values[5, SCALE]
    assert moved[:2].numpy() == pytest.approx([0.2, 0.1], rel=0.1)
    assert float(grown) == pytest.approx(1.1, rel=0.01)


def test_a_roll_about_the_neck_is_no_translation():
    still, neck = head(), torch.tensor(NECK, dtype=torch.float64)
    heads = []
    for angle in 8 * np.sin(np.arange(40) / 6):
        turned = head(roll=angle)
        size = still.scale * CAMERA_DISTANCE / (CAMERA_DISTANCE - float(neck[2]))
        shift = size * (neck - turned.rotation @ neck)[:2]
        heads.append(replace(turned, centre=still.centre + shift))

    seen = see_motion(track_of(heads))

    moved = (seen.values[:, TRANSLATION] - MEAN[TRANSLATION]) * TRANSLATION_UNIT
    assert float(moved.abs().max()) < 0.03


def test_an_opened_jaw_opens_the_lips_as_far_in_any_pose():
    opened = [0.0] * 8 + [0.2] * 8 + [0.4] * 8
    frontal = see_motion(track_of([head(jawOpen=share) for share in opened]))
    aside = [head()] * 4 + [head(yaw=18, jawOpen=share) for share in opened]

    turned = control(see_motion(track_of(aside)), "jaw")[4:]

    jaw = control(frontal, "jaw")
    gaps = []
    for share in (0.2, 0.4):
        mesh = seen_landmarks(head(jawOpen=share)).mesh
        left, right = mesh[[33, 133]].mean(axis=0), mesh[[362, 263]].mean(axis=0)
        gaps.append((mesh[14, 1] - mesh[13, 1]) / np.hypot(*(right - left)[:2]))
    assert jaw[[12, 20]] * OPENING == pytest.approx(gaps, rel=0.25)
    assert turned[[12, 20]] == pytest.approx(jaw[[12, 20]], rel=0.15)


def test_a_blink_is_as_short_and_as_deep_as_it_is():
    shares = np.zeros(40)
    shares[20:23] = 0.6, 1.0, 0.5

    seen = see_motion(track_of([head(**eyes_shut(share)) for share in shares]))

    for name in ("blink_left", "blink_right"):
        blink = control(seen, name)
        assert blink[21] > 0.9
        assert np.abs(np.delete(blink, range(20, 23))).max() < 0.1


def test_left_and_right_are_the_pictures():
    heads = [head()] * 20
    heads[10] = head(eyeBlinkLeft=1.0)  # the person's left eye is the picture's right one

    seen = see_motion(track_of(heads))

    assert control(seen, "blink_right")[10] > 0.9
    assert abs(control(seen, "blink_left")[10]) < 0.15


@pytest.mark.parametrize(
    ("moves", "name"),
    [
        ({"mouthSmileLeft": 0.6, "mouthSmileRight": 0.6}, "smile"),
        ({"browInnerUp": 0.7, "browOuterUpLeft": 0.7, "browOuterUpRight": 0.7}, "brow"),
        ({"mouthStretchLeft": 0.7, "mouthStretchRight": 0.7}, "width"),
        ({"browInnerUp": 0.8}, "worry"),
    ],
    ids=["smile", "brow", "width", "worry"],
)
def test_an_expression_is_seen_as_its_control(moves, name):
    seen = see_motion(track_of([head()] * 15 + [head(**moves)] * 8))

    assert control(seen, name)[20] > 0.25
    assert abs(control(seen, name)[5]) < 0.05


def test_a_lost_face_is_held_then_rests_and_continues_without_a_jump():
    turned = head(yaw=10, roll=8)
    heads = [head()] * 10 + [turned] * 10 + [None] * 60 + [turned] * 10

    seen = see_motion(track_of(heads))

    yaw, roll = (seen.values[:, dim].squeeze(1).numpy() for dim in (YAW, ROLL))
    held = 20 + int(HOLD_S * FPS) - 1
    assert yaw[20:held] == pytest.approx(np.full(held - 20, yaw[19]), abs=0.1)
    assert np.abs(yaw[40:60]).max() < 0.05
    assert np.abs(np.diff(roll[18:82])).max() < 1.5


def test_a_face_that_comes_late_or_leaves_is_at_rest_or_held():
    heads = [None] * 40 + [head()] * 10 + [head(yaw=12)] * 10 + [None] * 40

    seen = see_motion(track_of(heads))

    yaw = seen.values[:, YAW].squeeze(1).numpy()
    assert np.abs(yaw[:40]).max() < 0.1
    assert yaw[61] == pytest.approx(yaw[59], abs=0.1)
    assert abs(yaw[-1]) < 0.05


def test_a_lost_frame_in_a_movement_is_interpolated():
    angles = np.linspace(-10, 10, 40)
    heads = [head(yaw=angle) for angle in angles]
    heads[20] = None

    yaw = see_motion(track_of(heads)).values[:, YAW].squeeze(1).numpy()

    assert np.diff(yaw)[18:22] == pytest.approx(np.full(4, np.diff(yaw).mean()), rel=0.3)


def test_a_cut_to_another_place_and_size_does_not_jump():
    near = replace(head(yaw=8), scale=220.0, centre=torch.tensor([400.0, 300.0]).double())
    heads = [head()] * 20 + [near] * 30

    seen = see_motion(track_of(heads, restarts=[20]))

    pose = seen.values[:, 63:].numpy()
    assert np.abs(np.diff(pose[:, 5])).max() < 2.0
    assert pose[-1, :4] == pytest.approx(MEAN[63:67].numpy(), abs=0.02)
    assert pose[-1, 5] == pytest.approx(8 * ANGLE_GAINS["yaw"], rel=0.2)


def test_noise_of_landmarks_is_reduced_and_a_closure_stays_sharp():
    heads = [head(jawOpen=0.25)] * 15 + [head()] + [head(jawOpen=0.25)] * 15 + [head()] * 4

    seen = see_motion(track_of(heads, noise=0.5))

    jaw = control(seen, "jaw")
    assert jaw[15] < 0.4 * np.median(jaw[:15])
    assert float(seen.values[:15, YAW].std()) < 0.3


def test_uneven_times_are_resampled_at_their_own_times():
    times = np.cumsum(np.random.default_rng(1).uniform(0.02, 0.07, 60))
    heads = [head(yaw=10 * np.sin(2 * time)) for time in times]

    motion = see_motion(track_of(heads, times)).motion(30.0)

    wanted = np.arange(len(motion)) / 30
    inside = (wanted > times[2]) & (wanted < times[-3])
    expected = np.sin(2 * wanted[inside])
    yaw = motion.values[:, YAW].squeeze(1).numpy()[inside]
    assert motion.fps == 30
    assert np.corrcoef(expected, yaw)[0, 1] > 0.995


def test_the_motion_lasts_as_long_as_the_clip():
    seen = see_motion(track_of([head()] * 30))

    assert len(seen.motion()) == 30
    assert len(seen.motion(50.0)) == 60
    assert torch.equal(seen.motion(num_frames=40).values[29:], seen.values[-1:].expand(11, -1))


def test_a_clip_of_one_frame_is_at_rest():
    seen = see_motion(track_of([head(yaw=5, jawOpen=0.3)]))

    assert seen.values[0, 63:].numpy() == pytest.approx([*MEAN[63:67].tolist(), 0, 0, 0], abs=1e-4)
    assert control(seen, "jaw")[0] > 0.2
    assert abs(control(seen, "width")[0]) < 1e-3
    assert len(seen.motion()) == 1


def test_fits_are_those_of_the_frames_in_little_memory():
    heads = [head(yaw=5, jawOpen=0.3), None, head(yaw=-5)]

    fits = see_motion(track_of(heads)).fits

    assert fits[1] is None
    assert float(fits[0].rotation[0, 2]) * float(fits[2].rotation[0, 2]) < 0
    assert float(fits[0].moves[head_model().move_names.index("jawOpen")]) > 0.15
    assert len(fits) == 3


def test_progress_is_told_for_each_part(monkeypatch):
    monkeypatch.setattr("moda_core.head.observed_head.PART", 2)
    told = []

    see_motion(track_of([head()] * 5), lambda done, total: told.append((done, total)))

    assert told == [(2, 5), (4, 5), (5, 5)]


def test_a_track_without_a_face_is_refused():
    track = track_of([head(), head()])
    empty = replace(track, confidence=np.zeros(2))

    with pytest.raises(ValueError, match="face"):
        see_motion(empty)
