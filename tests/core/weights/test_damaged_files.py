"""2,000 files damaged at random: tensors or one sentence, no code, and noticed if once checked."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from moda_core.errors import InputFileError
from moda_core.weights import checkpoint
from moda_core.weights.checkpoint import read_checkpoint
from tests.core.weights.damaged_reader import WATCHED

NUM_DAMAGES = 2000
PATIENCE_S = 300  # some 10 are needed
MEMORY_LIMIT = 64 << 20  # bytes, thousands of times the size of the files


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, request):
    """What came of each damage, and of a program that does run the code in a file."""
    command = [sys.executable, "-m", "tests.core.weights.damaged_reader"]
    command += [str(tmp_path_factory.mktemp("damaged")), "0", str(NUM_DAMAGES)]
    where = request.config.rootpath
    reader = subprocess.run(command, capture_output=True, text=True, cwd=where, timeout=PATIENCE_S)
    lines = reader.stdout.splitlines()
    assert reader.returncode == 0, f"{lines[-1:]} {reader.stderr[-2000:]}"  # it crashed on that one
    found = [json.loads(line) for line in lines]
    return [line for line in found if "refusals" in line], found[-1]


def test_each_is_read_or_refused_in_one_line_that_names_the_file(outcomes):
    damages, _ = outcomes

    refusals = [(d["name"], r) for d in damages for r in d["refusals"] if r is not None]

    assert len(damages) == NUM_DAMAGES
    assert all(f"{name.replace(' ', '_')}.pth'" in refusal for name, refusal in refusals)
    assert all(refusal.isprintable() and refusal.endswith(".") for _, refusal in refusals)
    assert max(len(refusal) for _, refusal in refusals) < 600


def test_damage_of_every_format_is_both_refused_and_overlooked(outcomes):
    damages, _ = outcomes

    for name in ("safetensors", "zip", "pickle"):
        mapped = [d["refusals"][0] is None for d in damages if d["name"] == name]
        assert 0.02 < sum(mapped) / len(mapped) < 0.5


def test_nothing_in_them_is_ever_run_or_imported(outcomes):
    damages, control = outcomes

    events = [event for damage in damages for event in damage["events"]]

    assert events == []
    assert not any(damage["trace"] for damage in damages)
    assert control["control"]  # code in a file that is trusted does run, and is seen
    assert any(event.startswith(WATCHED) for event in control["events"])


def test_every_change_of_a_checked_file_is_noticed(outcomes):
    damages, _ = outcomes

    assert all(damage["noticed"] or damage["whole"] for damage in damages)
    assert not any(damage["noticed"] and damage["whole"] for damage in damages)


def test_no_damage_makes_reading_take_much_memory(outcomes):
    damages, _ = outcomes
    if damages[0]["memory"] is None:
        pytest.skip("This system does not tell its memory.")

    assert damages[-1]["memory"] - damages[0]["memory"] < MEMORY_LIMIT


@pytest.mark.parametrize("mapped", [True, False])
def test_a_file_too_large_to_be_mapped_is_named(tmp_path, monkeypatch, mapped):
    def fail(*arguments, **settings):
        raise RuntimeError("unable to mmap 1099511627868 bytes: Cannot allocate memory (12)")

    save_file({"x": torch.ones(2)}, tmp_path / "weights.safetensors")
    monkeypatch.setattr(checkpoint, "safe_open", fail)

    with pytest.raises(InputFileError, match=r"weights\.safetensors.*Cannot allocate"):
        read_checkpoint(tmp_path / "weights.safetensors", mapped)


def test_a_file_that_is_deleted_while_it_is_looked_at_is_named(tmp_path, monkeypatch):
    path = tmp_path / "weights.pth"
    torch.save({"x": torch.ones(2)}, path)
    look = checkpoint.weights_format

    def look_and_delete(path):
        found = look(path)
        path.unlink()
        return found

    monkeypatch.setattr(checkpoint, "weights_format", look_and_delete)

    with pytest.raises(InputFileError, match=r"weights\.pth.*No such file"):
        read_checkpoint(path)


@pytest.mark.parametrize("save", [save_file, torch.save], ids=["safetensors", "zip"])
def test_a_key_that_would_break_a_message_is_refused(tmp_path, save):
    save({"x\n\x1b[2J.weight": torch.ones(2)}, tmp_path / "weights.pth")

    with pytest.raises(InputFileError, match="names a tensor") as caught:
        read_checkpoint(tmp_path / "weights.pth")

    assert str(caught.value).isprintable()
