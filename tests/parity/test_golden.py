"""The stored reference outputs are met within their tolerances, and worse ones would be noticed."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.parity.__main__ import main, run_file
from tests.parity.compare import compare

GOLDEN = Path(__file__).with_name("golden")
CASES = json.loads((GOLDEN / "cases.json").read_text("utf-8"))
SLOW = ("dit_base.npz",)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in CASES],
)
def test_every_implemented_array_is_within_its_tolerance(name):
    rows = run_file(name, CASES, GOLDEN)

    verdicts = {verdict for _, _, _, verdict in rows}

    assert "pass" in verdicts
    assert not [row for row in rows if row[3] in ("FAIL", "not implemented")]


@pytest.mark.parametrize(
    ("actual", "tolerance", "passed"),
    [
        ([1.0, 2.0], {"abs": 1e-6}, True),
        ([1.0, 2.1], {"abs": 1e-6}, False),
        ([1.0, 2.1], {"abs": 0.2}, True),
        ([1.0, float("nan")], {"abs": 1.0}, False),
        ([1.0], {"abs": 1.0}, False),
        ([1.0, 2.002], {"rel": 1e-2, "floor": 1.0}, True),
        ([1.0, 2.1], {"rel": 1e-2, "floor": 1.0}, False),
        ([1.0, 2.0], {"exact": True}, True),
        ([1.0, 2.0 + 1e-9], {"exact": True}, False),
        ([1.0, 2.1], {"exact_share": 0.5, "abs": 0.2}, True),
        ([1.0, 2.1], {"exact_share": 0.9, "abs": 0.2}, False),
        ([1.0, 2.3], {"exact_share": 0.5, "abs": 0.2}, False),
    ],
)
def test_comparison_by_kind_of_tolerance(actual, tolerance, passed):
    assert compare(np.array(actual), np.array([1.0, 2.0]), tolerance)[1] is passed


def test_another_folder_with_other_values_is_judged_by_its_own_numbers(tmp_path):
    case = json.loads(json.dumps(CASES["scheduler.npz"]))
    case["x_init"]["seed"] += 1
    with np.load(GOLDEN / "scheduler.npz") as stored:
        golden = dict(stored)
    x = np.random.Generator(np.random.PCG64(case["x_init"]["seed"])).standard_normal((1, 8, 4))
    x = x.astype(np.float32)
    for num_steps in (1, 2, 5, 10, 20, 50):
        trajectory, clean = [x], []
        for step in range(num_steps):
            velocity = np.sin(1.7 * trajectory[-1]) + 0.1 * step
            sigma = golden[f"N{num_steps}_sigma"][step]
            clean.append(trajectory[-1] - velocity * sigma)
            trajectory.append(trajectory[-1] + velocity * golden[f"N{num_steps}_dt"][step])
        golden[f"N{num_steps}_traj"] = np.stack(trajectory)
        golden[f"N{num_steps}_pred_x0"] = np.stack(clean)
    np.savez(tmp_path / "scheduler.npz", **golden)

    own = run_file("scheduler.npz", {"scheduler.npz": case}, tmp_path)
    foreign = run_file("scheduler.npz", CASES, tmp_path)

    assert {row[3] for row in own} == {"pass"}
    assert {row[0] for row in foreign if row[3] == "FAIL"} >= {"N10_traj", "N1_pred_x0"}


def test_an_array_that_nothing_computes_fails(tmp_path, capsys):
    case = json.loads(json.dumps(CASES["stitching.npz"]))
    case["tol"]["nose"] = {"abs": 1e-5}
    (tmp_path / "cases.json").write_text(json.dumps({"stitching.npz": case}))
    (tmp_path / "stitching.npz").write_bytes((GOLDEN / "stitching.npz").read_bytes())

    assert main(tmp_path) == 1
    assert "3 pass, 1 not implemented" in capsys.readouterr().out


def test_a_folder_without_one_of_its_files_fails(tmp_path, capsys):
    (tmp_path / "cases.json").write_text(json.dumps({"scheduler.npz": CASES["scheduler.npz"]}))

    assert main(tmp_path) == 1
    assert "missing" in capsys.readouterr().out
