"""LivePortrait's motion templates: pickles that are read, and never run."""

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from moda_core.errors import InputFileError
from moda_core.motion.files.motion_file import load_motion
from moda_core.motion.files.template import rotation_angles
from moda_core.motion.keypoints import rotation_matrix, transform_keypoints
from moda_core.motion.motion import motion_info, previous_motion, released_stats
from tests.tolerances import assert_rounded

from ..editing.direct_cases import assert_same_motion

NUM_FRAMES = 5
PROTOCOLS = range(6)


@pytest.fixture
def infos():
    """Motion info of a performer whose face is larger than the mean one."""
    random = np.random.default_rng(0)
    return [
        {
            "exp": random.normal(0, 0.02, (1, 21, 3)),
            "scale": random.uniform(1.4, 1.6, (1, 1)),
            "t": random.normal(0, 0.1, (1, 3)),
            "kp": random.normal(0, 0.3, (1, 21, 3)),
            **{axis: random.uniform(-60, 60, (1, 1)) for axis in ("pitch", "yaw", "roll")},
        }
        for _ in range(NUM_FRAMES)
    ]


def tensors(info):
    return {key: torch.from_numpy(value).float() for key, value in info.items()}


def template(infos, **changes):
    """As LivePortrait writes it."""
    frames = []
    for info in map(tensors, infos):
        rotation = rotation_matrix(info["pitch"], info["yaw"], info["roll"])
        frame = {"scale": info["scale"], "R": rotation, "exp": info["exp"], "t": info["t"]}
        frame |= {"kp": info["kp"], "x_s": transform_keypoints(info)}
        frames.append({key: value.numpy().astype(np.float32) for key, value in frame.items()})
    ratios = {"c_eyes_lst": [np.ones((1, 2), np.float32)] * len(infos)}
    ratios["c_lip_lst"] = [np.ones((1, 1), np.float32)] * len(infos)
    return {"n_frames": len(infos), "output_fps": 30, "motion": frames} | ratios | changes


def load(tmp_path, content, protocol=4):
    path = tmp_path / "template.pkl"
    raw = content if isinstance(content, bytes) else pickle.dumps(content, protocol)
    path.write_bytes(raw)
    return load_motion(path)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_template_moves_the_keypoints_of_its_performer_as_in_its_video(tmp_path, infos, protocol):
    stored = template(infos)

    motion = load(tmp_path, stored, protocol)

    _, ratio = previous_motion(tensors(infos[0]), released_stats())
    driving = motion_info(motion.values, ratio)
    for i, frame in enumerate(stored["motion"]):
        info = {key: value[i : i + 1] for key, value in driving.items()}
        keypoints = transform_keypoints(info | {"kp": torch.from_numpy(frame["kp"])})
        assert_rounded(keypoints, frame["x_s"], 64)
    assert motion.fps == 30
    np.testing.assert_allclose(motion.rest, stored["motion"][0]["exp"].reshape(63))


def test_a_template_starts_at_the_mean_scale(tmp_path, infos):
    motion = load(tmp_path, template(infos))

    previous, _ = previous_motion(tensors(infos[0]), released_stats())
    first = released_stats().denormalize(previous[0, 0])
    assert_same_motion(motion.values[:1], first[None], roundings=64)


def as_tensors(value):
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, dict):
        return {key: as_tensors(each) for key, each in value.items()}
    return [as_tensors(each) for each in value] if isinstance(value, list) else value


def with_rotation_of_the_driver(stored):
    frames = [{("R_d" if k == "R" else k): v for k, v in f.items()} for f in stored["motion"]]
    return stored | {"motion": frames}


def landmarks(stored):
    return [np.zeros((203, 2), np.float32) for _ in stored["motion"]]


WRITTEN = {
    # From 2024-07-19 to 08-02 the driver's ratios were tensors.
    "tensors in another key": lambda stored: stored | {"c_d_eyes_lst": [torch.rand(1, 2)] * 3},
    "tensors in motion": as_tensors,
    "doubles": lambda stored: (
        stored
        | {
            "motion": [
                {k: torch.from_numpy(v).double() for k, v in f.items()} for f in stored["motion"]
            ]
        }
    ),
    "views of one tensor": lambda stored: (
        stored
        | {
            "motion": [
                f | {"exp": e}
                for f, e in zip(
                    stored["motion"],
                    torch.from_numpy(np.concatenate([f["exp"] for f in stored["motion"]])).split(1),
                    strict=True,
                )
            ]
        }
    ),
    "turned tensors": lambda stored: (
        stored
        | {
            "motion": [
                f | {"R": torch.from_numpy(f["R"].transpose(0, 2, 1).copy()).mT}
                for f in stored["motion"]
            ]
        }
    ),
    "OrderedDict": lambda stored: OrderedDict(
        stored, motion=[OrderedDict(frame) for frame in stored["motion"]]
    ),
    "rate as an array": lambda stored: stored | {"output_fps": np.float64(30)},
    "rate as a tensor": lambda stored: stored | {"output_fps": torch.tensor(30)},
    "other types": lambda stored: (
        stored
        | {"note": ("a", None, b"", True, {1, 2}, frozenset("ab"), -(2**70), 1.5), "é": {"a": []}}
    ),
    "list with landmarks": lambda stored: [
        with_rotation_of_the_driver(stored)["motion"],
        landmarks(stored),
    ],
    "list of tensors": lambda stored: [
        as_tensors(with_rotation_of_the_driver(stored)["motion"]),
        as_tensors(landmarks(stored)),
    ],
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", WRITTEN)
def test_templates_as_other_programs_wrote_them_give_the_same_motion(
    tmp_path, infos, kind, protocol
):
    stored = template(infos)
    content = WRITTEN[kind](stored)

    motion = load(tmp_path, content, protocol)

    assert torch.equal(motion.values, load(tmp_path, stored).values)
    assert motion.fps == (25 if isinstance(content, list) else 30)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tensors_of_bfloat16_have_their_values(tmp_path, infos, protocol):
    stored = template(infos, more=torch.rand(100_000).bfloat16())
    halves = [{**f, "exp": torch.from_numpy(f["exp"]).bfloat16()} for f in stored["motion"]]
    floats = [{**f, "exp": f["exp"].float().numpy()} for f in halves]

    motion = load(tmp_path, stored | {"motion": halves}, protocol)

    assert torch.equal(motion.values, load(tmp_path, stored | {"motion": floats}).values)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"output_fps": 0}, "frame rate above 0, got 0"),
        ({"output_fps": float("nan")}, "'output_fps' is nan"),
        ({"more": Path("a")}, "pathlib"),
        ({"more": torch.device("cpu")}, "torch.device"),
        ({"more": torch.zeros(1, dtype=torch.complex64)}, "torch.ComplexFloatStorage"),
        ({"more": np.array(["a"])}, "not numbers"),
        ({"more": {1: 2}}, "keys that are not text"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused_for_its_own_reason(tmp_path, infos, change, reason):
    with pytest.raises(InputFileError, match=reason):
        load(tmp_path, template(infos, **change), 4)


def test_early_templates_with_another_name_for_the_rotation_are_read(tmp_path, infos):
    stored = template(infos)
    early = [{("R_d" if key == "R" else key): v for key, v in f.items()} for f in stored["motion"]]

    found = load(tmp_path, {"n_frames": NUM_FRAMES, "motion": early})

    assert torch.equal(found.values, load(tmp_path, stored).values)
    assert found.fps == 25


def test_templates_with_angles_are_read(tmp_path, infos):
    stored = template(infos)
    for frame, info in zip(stored["motion"], infos, strict=True):
        del frame["R"]
        frame |= {axis: info[axis].astype(np.float32) for axis in ("pitch", "yaw", "roll")}
    by_rotation = load(tmp_path, template(infos)).values

    motion = load(tmp_path, stored)

    assert_same_motion(motion.values, by_rotation, roundings=64)


def test_angles_are_those_that_the_rotation_was_made_of():
    random = np.random.default_rng(0)
    angles = random.uniform([-179, -89, -179], [179, 89, 179], (500, 3))
    rotation = rotation_matrix(*torch.from_numpy(angles).unbind(1)).numpy()

    found = np.stack(rotation_angles(rotation), axis=1)

    np.testing.assert_allclose(found, angles, atol=1e-8)


@pytest.mark.parametrize("yaw", [90.0, -90.0])
def test_at_a_right_angle_the_same_rotation_is_found(yaw):
    angles = torch.tensor([[20.0], [yaw], [35.0]], dtype=torch.float64)
    rotation = rotation_matrix(*angles).numpy()

    found = rotation_angles(rotation)

    again = rotation_matrix(*map(torch.from_numpy, found)).numpy()
    np.testing.assert_allclose(again, rotation, atol=1e-9)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("R", np.zeros((1, 3, 3), np.float32), "matrix 2 is not a rotation"),
        ("R", -np.eye(3, dtype=np.float32)[None], "matrix 2 is not a rotation"),
        ("R", np.full((1, 3, 3), np.nan, np.float32), "matrix 2 is not a rotation"),
        ("R", None, "'R' of a frame is missing"),
        ("exp", np.zeros((1, 20, 3), np.float32), "'exp' of a frame has 60 numbers"),
        ("exp", np.full((1, 21, 3), np.inf, np.float32), "NaN, infinite"),
        ("exp", [0.0] * 63, "'exp' of a frame is missing or not an array"),
        ("scale", np.zeros((1, 1), np.float32), "scale of a frame is not above 0"),
        ("t", "left", "'t' of a frame is missing or not an array"),
        ("scale", 10**400, "'scale' of a frame is missing or not an array"),
    ],
)
def test_a_broken_frame_is_named(tmp_path, infos, key, value, message):
    stored = template(infos)
    stored["motion"][2][key] = value

    with pytest.raises(InputFileError, match=message):
        load(tmp_path, stored)


@pytest.mark.parametrize(
    "content",
    [None, [], {}, {"motion": []}, {"motion": 3}, {"motion": [3]}, {"motion": {}}, 7, b"x"],
    ids=str,
)
def test_other_pickles_are_no_templates(tmp_path, content):
    with pytest.raises(InputFileError, match="is not a motion file") as caught:
        load(tmp_path, content)

    assert "\n" not in str(caught.value)


def test_containers_that_hold_themselves_are_no_template(tmp_path):
    frames = []
    frames.append(frames)
    stored = {"motion": frames, "more": "x" * 200}
    stored["self"] = stored

    with pytest.raises(InputFileError, match="not a frame"):
        load(tmp_path, stored)


@pytest.mark.parametrize(
    "rate", [10**400, "25", None, np.ones(2)], ids=["huge", "text", "none", "2"]
)
def test_a_rate_that_is_no_number_is_named(tmp_path, infos, rate):
    with pytest.raises(InputFileError, match="'output_fps'"):
        load(tmp_path, template(infos, output_fps=rate))


def test_frames_that_repeat_one_memo_entry_are_not_believed(tmp_path, infos):
    stored = template(infos)
    stored["motion"] = stored["motion"][:1] * 10_000

    with pytest.raises(InputFileError, match="10000 frames in"):
        load(tmp_path, stored)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("moda_core.motion.files.motion_file.MAX_BYTES", 100)

    with pytest.raises(InputFileError, match="at most 100 are read"):
        load(tmp_path, b"\x80\x04" + b"N" * 200 + b".")
