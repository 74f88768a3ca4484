"""A folder like no other passes the comparison, and another value in its cases is noticed."""

import copy
import json
import re

import numpy as np
import pytest
import torch

from moda_core.motion.keypoints import refine_motion_info
from tests.parity import e2e_cases, second_face
from tests.parity.__main__ import main, run_file
from tests.parity.compare import compare
from tests.parity.motion_cases import named_entry
from tests.parity.second_folder import CASES, FILES, write_folder

QUICK = (
    "scheduler.npz",
    "dit_tiny.npz",
    "sample_tiny.npz",
    "helpers.npz",
    "helpers_cv410.npz",
    "audio_small.npz",
    "stitching.npz",
)
LARGE = [name for name in FILES if name not in QUICK]
# The shapes of the inputs say these, too.
REPEATED = ("B", "L", "T", "frames", "repeat_L", "shape")
# No weights there; and bounds that the quantile does not reach.
UNUSED = (("salt",), ("cases", "dynamic_threshold", 1), ("cases", "dynamic_threshold", 2))
# Files, the paths of texts in their cases, and what is replaced in these.
QUICK_TEXTS = (
    ("scheduler.npz", ("velocity",), "1.3*", "1.4*"),
    ("scheduler.npz", ("velocity",), "0.25*", "0.2*"),
    ("helpers.npz", ("rotmat",), "31.5", "31"),
    ("dit_tiny.npz", ("model",), "heads 4", "heads 8"),
    ("dit_tiny.npz", ("model",), "hidden 96", "hidden 64"),
    ("audio_small.npz", ("model",), "2 heads", "3 heads"),
    ("audio_small.npz", ("model",), "hubert_smaller/", "hubert_small/"),
    ("audio_small.npz", ("wav",), "16 kHz", "15 kHz"),
    ("audio_small.npz", ("loud",), "0.8*", "0.9*"),
    ("audio_small.npz", ("loud",), "*1900*", "*3000*"),
    ("audio_small.npz", ("loud",), "+0.7", "+0.3"),
    ("sample_tiny.npz", ("noise",), "(41)", "(0)"),
    ("sample_tiny.npz", ("cases", "tail_replicated", "audio_pad_mode"), "replicate", "zero"),
)
LARGE_TEXTS = (
    ("appearance.npz", ("subsample",), "2:40:6", "3:41:6"),
    ("motion_extractor.npz", ("batch2",), "0.6*", "0.65*"),
    ("audio_base.npz", ("prefix",), "another_base/", "hubert_base/"),
    ("warping.npz", ("subsample",), "out[0,::6", "out[0,1::6"),
    ("spade.npz", ("subsample",), "120:150", "200:230"),
    ("e2e.npz", ("frames",), "96:120", "200:224"),
)


@pytest.fixture(scope="module")
def quick_folder(tmp_path_factory):
    """The second folder, of tiny networks alone."""
    path = tmp_path_factory.mktemp("quick")
    write_folder(path, QUICK)
    return path


@pytest.fixture(scope="module")
def large_folder(tmp_path_factory):
    """The second folder, of full-size networks alone."""
    path = tmp_path_factory.mktemp("large")
    write_folder(path, LARGE)
    return path


def numbers(case, path=()):
    """Yield the path of the salt and of every number that a case states."""
    for key, value in case.items() if isinstance(case, dict) else enumerate(case):
        if isinstance(value, (dict, list)) and key not in REPEATED:
            yield from numbers(value, (*path, key))
        elif key == "salt" or (isinstance(value, (int, float)) and key not in REPEATED):
            yield (*path, key)


def stated(name):
    """Return the paths of what a file's cases state, together where only a case's name differs."""
    groups = {}
    for path in numbers(CASES[name]):
        kind = ("cases", *path[2:]) if path[0] == "cases" else path
        groups.setdefault(kind, []).append(path)
    unused = UNUSED if name == "scheduler.npz" else UNUSED[1:]
    return [(name, paths) for kind, paths in groups.items() if kind not in unused]


def at(case, path):
    """Return the value under a path of keys."""
    return at(case[path[0]], path[1:]) if path else case


def other(value):
    """Return another value of the same kind: a salt, a scale, a small count or a seed."""
    if isinstance(value, str):
        return f"another {value}"
    if isinstance(value, float):
        return 1.2 * value
    return value + (1 if value < 100 else 700)


def judged(folder, name, changes):
    """Return the rows of a file whose case has other values under some paths."""
    case = json.loads((folder / "cases.json").read_text("utf-8"))[name]
    for path, value in changes:
        parent, key = at(case, path[:-1]), path[-1]
        assert parent[key] != value
        parent[key] = value
    return run_file(name, {name: case}, folder)


def assert_noticed(rows, paths):
    """Check that something fails, and of every changed clip or sound its own arrays."""
    failed = [array for array, _, _, verdict in rows if verdict != "pass"]
    owners = {path[1] for path in paths if path[0] == "cases"}
    assert failed
    assert not [name for name in owners if not any(array.startswith(name) for array in failed)]


def label(value):
    """Name a parameter by the first of its paths, or as it is."""
    return "-".join(map(str, value[0])) if isinstance(value, list) else value


def assert_passes(folder, capsys, num_arrays):
    """Check that the command finds so many arrays, all of which pass."""
    status = main(folder)

    assert status == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{num_arrays} pass"


def compared_arrays(folder, names):
    """Return how many arrays of files are compared: all but inputs that are only stored."""
    only_stored = re.compile("info_.*|lmk.*|motion_in|parse_in|resize_in")
    cases = json.loads((folder / "cases.json").read_text("utf-8"))
    return sum(not only_stored.fullmatch(array) for name in names for array in cases[name]["tol"])


def test_a_second_folder_passes_whole(quick_folder, capsys):
    assert_passes(quick_folder, capsys, compared_arrays(quick_folder, QUICK))


@pytest.mark.parametrize(
    ("name", "paths"), [each for name in QUICK for each in stated(name)], ids=label
)
def test_another_stated_value_is_noticed(quick_folder, name, paths):
    changes = [(path, other(at(CASES[name], path))) for path in paths]

    rows = judged(quick_folder, name, changes)

    assert_noticed(rows, paths)


@pytest.mark.parametrize(("name", "path", "old", "new"), QUICK_TEXTS)
def test_another_value_in_a_text_is_noticed(quick_folder, name, path, old, new):
    text = at(CASES[name], path)

    rows = judged(quick_folder, name, [(path, text.replace(old, new))])

    assert_noticed(rows, [path])


def motions(case, whole_motion):
    """Return the motion that a case of the whole chain asks for, by one of its two functions."""
    face = refine_motion_info(
        {key: torch.from_numpy(x) for key, x in second_face.face_info().items()}
    )
    with torch.inference_mode():
        return whole_motion(case, face)


@pytest.fixture(scope="module")
def whole():
    """The arrays of the whole chain's motion, as the second folder has them."""
    return motions(CASES["e2e.npz"], second_face.whole_motion)


def test_the_whole_chain_moves_as_its_case_says(whole):
    arrays, _ = motions(CASES["e2e.npz"], e2e_cases.whole_motion)

    assert arrays.keys() < whole.keys()
    for name, values in arrays.items():
        assert compare(values, whole[name], {"abs": 5e-5})[1], name


@pytest.mark.parametrize(
    ("key", "value", "changed"),
    [
        ("noise", "torch.manual_seed(0)", "motion_raw"),
        ("salt", "", "motion_raw"),
        ("emo", 8, "motion_raw"),
        ("cfg_scale", 1.2, "motion_raw"),
        ("steps", 3, "motion_raw"),
        ("audio", {"seed": 1601, "shape": [97, 12, 768]}, "motion_raw"),
        ("add_frames", 16, "motion_trimmed"),
        ("mode", "post", "motion_trimmed"),
    ],
)
def test_the_whole_chain_moves_otherwise_for_another_case(whole, key, value, changed):
    arrays, _ = motions(CASES["e2e.npz"] | {key: value}, e2e_cases.whole_motion)

    assert not compare(arrays[changed], whole[changed], {"abs": 5e-5})[1]


@pytest.mark.slow
def test_a_second_folder_of_full_size_networks_passes_whole(large_folder, capsys):
    assert_passes(large_folder, capsys, compared_arrays(large_folder, LARGE))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    LARGE,
)
def test_other_weights_of_a_full_size_network_are_noticed(large_folder, name):
    rows = judged(large_folder, name, [(("salt",), "another")])

    assert_noticed(rows, [("salt",)])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path", "old", "new"), LARGE_TEXTS)
def test_another_value_in_a_text_of_a_full_size_network_is_noticed(
    large_folder, name, path, old, new
):
    text = at(CASES[name], path)

    rows = judged(large_folder, name, [(path, text.replace(old, new))])

    assert_noticed(rows, [path])


def test_a_window_is_the_clip_of_its_name_if_there_is_one():
    cases = CASES["sample_tiny.npz"]["cases"]

    assert named_entry("bounded", cases) is cases["bounded"]


def test_a_window_without_a_clip_is_described_by_its_name():
    cases = copy.deepcopy(CASES["sample_tiny.npz"]["cases"])
    cases["T37_cfg1.3_emo2"]["audio"]["seed"] = 1

    of_a_known_length = named_entry("T37_cfg2.5_emo7", cases)
    of_an_unknown_length = named_entry("T38_cfg2.5_emo7", cases)

    assert of_a_known_length["audio"] == {"seed": 1, "shape": [37, 12, 768]}
    assert (of_a_known_length["cfg_scale"], of_a_known_length["emo"]) == (2.5, 7)
    assert of_an_unknown_length is None


def test_a_window_that_nothing_describes_is_not_implemented(quick_folder, tmp_path):
    case = json.loads((quick_folder / "cases.json").read_text("utf-8"))["sample_tiny.npz"]
    with np.load(quick_folder / "sample_tiny.npz") as stored:
        arrays = {name: stored[name] for name in ("noise", "null_audio_feat")}
    np.savez(tmp_path / "sample_tiny.npz", subclip_nameless_raw=np.zeros((1, 80, 70)), **arrays)
    case |= {"cases": {}, "tol": {"subclip_nameless_raw": {"abs": 2e-5}}}

    rows = run_file("sample_tiny.npz", {"sample_tiny.npz": case}, tmp_path)

    assert [row[3] for row in rows] == ["not implemented"]
