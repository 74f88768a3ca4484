"""Checkpoints that are damaged, hostile or something else: one sentence, and nothing is run."""

import json
import os
import pickle
import random
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from moda_core.errors import InputFileError
from moda_core.weights.checkpoint import read_checkpoint

FORMATS = {
    "safetensors": save_file,
    "zip": torch.save,
    "pickle": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
}


@pytest.fixture
def state():
    generator = torch.Generator().manual_seed(0)
    return {f"layer{i}.weight": torch.randn(5, 7, generator=generator) for i in range(6)}


class TouchesFile:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


class RunsCommand(TouchesFile):
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        return os.system, (f"echo > '{self.path}'",)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("payload", [TouchesFile, RunsCommand])
@pytest.mark.parametrize("written", ["zip", "pickle", "bare"])
def test_a_pickle_with_code_is_refused_and_nothing_runs(tmp_path, payload, written):
    trace, path = tmp_path / "trace", tmp_path / "weights.pth"
    content = {"a.weight": torch.ones(2), "x": payload(trace)}
    if written == "bare":
        path.write_bytes(pickle.dumps(payload(trace)))
    else:
        FORMATS[written](content, path)

    with pytest.raises(InputFileError) as caught:
        read_checkpoint(path)

    assert not trace.exists()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "could run code" in str(caught.value)
    pickle.loads(pickle.dumps(payload(trace)))
    assert trace.exists()  # the payload does what it should not


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html><body>404", "is a web page"),
        (b"\n  <html><head>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS pointer"),
        (b"GGUF\x03\x00\x00\x00", "neither a safetensors file nor a torch checkpoint"),
        (b"\x80\x02x".ljust(257, b"\0") + b"ustar", "is a tar archive"),
        (b'{"error": "Entry not found"}', "neither a safetensors file nor a torch checkpoint"),
        (b"", "is empty"),
    ],
    ids=["web page", "web page with blanks", "pointer", "gguf", "tar", "json", "empty"],
)
def test_what_lies_in_place_of_a_checkpoint_is_called_by_its_name(tmp_path, content, said):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)

    with pytest.raises(InputFileError, match=said):
        read_checkpoint(path)


def test_a_checkpoint_that_was_packed_again_is_read_as_it_was(tmp_path, state):
    torch.save(state, tmp_path / "weights.pth")
    with (
        zipfile.ZipFile(tmp_path / "weights.pth") as stored,
        zipfile.ZipFile(tmp_path / "packed.pth", "w") as packed,
    ):
        for entry in stored.infolist():
            small = entry.filename.endswith("data/0")
            method = zipfile.ZIP_DEFLATED if small else zipfile.ZIP_STORED
            packed.writestr(entry.filename, stored.read(entry), method)

    found = read_checkpoint(tmp_path / "packed.pth")

    assert all(torch.equal(found[key], value) for key, value in state.items())


def test_an_archive_of_other_files_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "weights.pth", "w") as archive:
        archive.writestr("readme.txt", "hello")

    with pytest.raises(InputFileError, match="zip archive of other files"):
        read_checkpoint(tmp_path / "weights.pth")


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_a_compiled_program_is_refused(tmp_path):
    traced = torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(1, 2))
    traced.save(str(tmp_path / "weights.pth"))

    with pytest.raises(InputFileError, match="TorchScript program"):
        read_checkpoint(tmp_path / "weights.pth")


def lying_header(change):
    entry = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} | change
    header = json.dumps({"x": entry}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(16)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [2, 3]},
        {"shape": [2**40, 2**40]},
        {"shape": [-2, -2]},
        {"data_offsets": [0, 1000]},
        {"data_offsets": [8, 24]},
        {"data_offsets": [16, 0]},
        {"dtype": "F64"},
        {"dtype": "F99"},
    ],
    ids=lambda change: str(change),
)
def test_a_header_that_lies_is_refused(tmp_path, change):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(lying_header({}))
    assert read_checkpoint(path)["x"].shape == (2, 2)
    path.write_bytes(lying_header(change))

    with pytest.raises(InputFileError, match=r"weights\.safetensors"):
        read_checkpoint(path)


@pytest.mark.parametrize("written", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
def test_a_file_cut_short_is_refused(tmp_path, state, written, share):
    path = tmp_path / "weights.pth"
    FORMATS[written](state, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(InputFileError, match=r"weights\.pth"):
        read_checkpoint(path)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("written", FORMATS)
def test_random_damage_gives_tensors_or_one_sentence(tmp_path, state, written, mapped):
    path, generator = tmp_path / "weights.pth", random.Random(0)
    FORMATS[written](state, path)
    whole = path.read_bytes()

    refusals = []
    for _ in range(100):
        damaged = bytearray(whole)
        if generator.random() < 0.3:
            del damaged[generator.randrange(len(damaged)) :]
        for _ in range(generator.choice([1, 2, 8]) if damaged else 0):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        path.write_bytes(damaged)
        try:
            assert read_checkpoint(path, mapped=mapped)
        except InputFileError as error:
            refusals.append(str(error))

    assert len(refusals) > 25
    assert all(str(path) in refusal and "\n" not in refusal for refusal in refusals)
