"""Motion that is saved and loaded: nothing is lost, and nothing half-written is left."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from moda_core.editing.idling import idle
from moda_core.editing.retiming import retime
from moda_core.errors import InputFileError, OutputError
from moda_core.motion.files.motion_file import load_motion
from moda_core.motion.files.save import check_motion_output
from moda_core.motion.motion import MOTION_DIM, Motion


@pytest.fixture
def motion():
    generator = torch.Generator().manual_seed(0)
    scales = torch.logspace(-9, 4, MOTION_DIM)
    values = torch.randn(7, MOTION_DIM, generator=generator) * scales
    values[0, :6] = torch.tensor([0.0, -0.0, 1e-45, 3.4028235e38, 0.1, 1 / 3])
    return Motion(values, torch.randn(63, generator=generator), 30000 / 1001)


@pytest.mark.parametrize("name", ["a.safetensors", "a b.SafeTensors"])
def test_a_saved_motion_is_loaded_bit_for_bit(tmp_path, motion, name):
    motion.save(tmp_path / name)

    loaded = load_motion(tmp_path / name)

    assert torch.equal(loaded.values.view(torch.int32), motion.values.view(torch.int32))
    assert torch.equal(loaded.rest, motion.rest)
    assert loaded.fps == motion.fps
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_json_with_numbers_of_10000_and_more_is_loaded_bit_for_bit(tmp_path, motion):
    assert motion.values.max() > 10_000
    motion.save(tmp_path / "A.JSON")

    loaded = load_motion(tmp_path / "A.JSON")

    assert torch.equal(loaded.values.view(torch.int32), motion.values.view(torch.int32))
    assert torch.equal(loaded.rest, motion.rest)
    assert loaded.fps == motion.fps


def test_a_json_file_says_what_its_numbers_are(tmp_path, motion):
    motion.save(tmp_path / "a.json")

    stored = json.loads((tmp_path / "a.json").read_text("utf-8"))

    np.testing.assert_array_equal(np.array(stored["values"], np.float32), motion.values)
    assert len(stored["rest"]) == 63
    assert stored["layout"]["68"] == "yaw"
    assert "left" in stored["layout"]["units"]


def test_json_rounds_usual_values_to_eight_decimals(tmp_path):
    values = torch.linspace(-50, 50, 140).reshape(2, MOTION_DIM) / 3
    values[0, :4] = torch.tensor([1 / 3, -1 / 3, -1e-10, 9999.5])
    motion = Motion(values, torch.zeros(63))

    motion.save(tmp_path / "a.json")

    text = (tmp_path / "a.json").read_text("utf-8")
    assert "0.33333334,    -0.33333334,     0.00000000,  9999.50000000," in text
    torch.testing.assert_close(
        load_motion(tmp_path / "a.json").values, values, atol=5e-9, rtol=1e-7
    )


def test_a_safetensors_file_says_what_its_numbers_are(tmp_path, motion):
    motion.save(tmp_path / "a.safetensors")

    with safe_open(tmp_path / "a.safetensors", "np") as file:
        assert set(file.keys()) == {"values", "rest"}
        assert file.metadata()["version"] == "1"
        assert "degrees" in file.metadata()["units"]
        np.testing.assert_array_equal(file.get_tensor("values"), motion.values)


def test_the_content_decides_and_not_the_suffix(tmp_path, motion):
    motion.save(tmp_path / "a.json")
    motion.save(tmp_path / "a.safetensors")
    (tmp_path / "a.json").rename(tmp_path / "j.safetensors")
    (tmp_path / "a.safetensors").rename(tmp_path / "s.pkl")

    for name in ("j.safetensors", "s.pkl"):
        assert torch.equal(load_motion(tmp_path / name).rest, motion.rest)


def test_a_file_stays_as_it_was_when_saving_fails(tmp_path, motion, monkeypatch):
    path = tmp_path / "a.json"
    motion.save(path)
    whole = path.read_bytes()

    def full_disk(self, content):
        with self.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full_disk)
    with pytest.raises(OutputError, match="No space left"):
        motion.save(path)

    assert path.read_bytes() == whole
    assert len(list(tmp_path.iterdir())) == 1


def test_loaded_motion_outlives_its_file(tmp_path, motion):
    motion.save(tmp_path / "a.safetensors")

    loaded = load_motion(tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").write_bytes(b"")

    assert torch.equal(loaded.values, motion.values)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.mp4", r"Use \.safetensors or \.json"),
        ("a", r"Use \.safetensors or \.json"),
        ("missing/a.json", "does not exist"),
        ("a" * 300 + ".json", "can't be written"),
        ("nul\0.json", "can't be written"),
        ("folder.json", "is a folder"),
    ],
)
def test_places_that_take_no_file_are_named(tmp_path, motion, name, message):
    (tmp_path / "folder.json").mkdir()

    for attempt in (motion.save, check_motion_output):
        with pytest.raises(OutputError, match=message):
            attempt(tmp_path / name)


def test_a_place_is_checked_without_a_trace(tmp_path, motion):
    motion.save(tmp_path / "a.json")
    written = (tmp_path / "a.json").read_bytes()

    check_motion_output(tmp_path / "a.json")
    check_motion_output(tmp_path / "b.safetensors")

    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_bytes() == written


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_neither_saved_nor_loaded(tmp_path, motion, value):
    broken = Motion(motion.values.index_fill(1, torch.tensor([3]), value), motion.rest)
    tensors = {"values": broken.values, "rest": broken.rest}
    metadata = {"format": "moda-motion", "version": "1", "fps": "25"}
    save_file(tensors, tmp_path / "a.safetensors", metadata)

    with pytest.raises(ValueError, match="NaN or infinite"):
        broken.save(tmp_path / "b.json")
    with pytest.raises(InputFileError, match="NaN, infinite"):
        load_motion(tmp_path / "a.safetensors")


@pytest.mark.parametrize("fps", [1, 240])
def test_a_motion_of_the_slowest_and_the_fastest_rate_can_be_played_and_kept(tmp_path, fps):
    motion = retime(Motion(torch.zeros(3, MOTION_DIM), torch.zeros(63), fps), speed=0.5)
    motion.save(tmp_path / "a.json")

    assert load_motion(tmp_path / "a.json").fps == idle(1, fps=fps).fps == fps


@pytest.mark.parametrize("fps", [0.99, 240.1])
def test_other_rates_are_not_saved(tmp_path, fps):
    motion = Motion(torch.zeros(3, MOTION_DIM), torch.zeros(63), fps)

    with pytest.raises(ValueError, match=rf"1 to 240 .* got {fps:g}\. Retime"):
        motion.save(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "gltf"}, 'does not say "format": "moda-motion"'),
        ({"version": 2}, "its version is '2', and only 1"),
        ({"fps": 0}, "frame rate"),
        ({"fps": 0.5}, r"frame rate of 0\.5,.* 1 to 240\. Correct it"),
        ({"fps": 1e9}, r"frame rate of 1e\+09,.* 1 to 240"),
        ({"fps": "25"}, "'fps' is missing, or not"),
        ({"fps": True}, "'fps' is missing, or not"),
        ({"fps": 10**400}, "'fps' is missing, or not"),
        ({"values": [[0.0] * 69]}, r"shape \(N, 70\)"),
        ({"values": []}, r"shape \(N, 70\)"),
        ({"values": [[0.0] * 70, [0.0]]}, "'values' is missing, or not"),
        ({"values": [[{}] * 70]}, "'values' is missing, or not"),
        ({"values": [["1.5"] * 70]}, "'values' is missing, or not"),
        ({"values": [[True] * 70]}, "'values' is missing, or not"),
        ({"values": [[10**400] * 70]}, "'values' is missing, or not"),
        ({"values": [[1e39] * 70]}, "too large"),
        ({"values": None}, "'values' is missing, or not"),
        ({"rest": "0" * 63}, "'rest' is missing, or not"),
        ({"rest": [0.0] * 62}, r"rest of shape \(63,\)"),
    ],
    ids=lambda change: str(change)[:40],
)
def test_json_that_is_no_motion_is_refused(tmp_path, change, message):
    content = {"format": "moda-motion", "version": 1, "fps": 25, "rest": [0.0] * 63}
    content |= {"values": [[0.0] * 70]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content), "utf-8")
    assert len(load_motion(path)) == 1
    path.write_text(json.dumps(content | change), "utf-8")

    with pytest.raises(InputFileError, match=message) as caught:
        load_motion(path)

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello", "unrecognised file type"),
        (b"<!doctype html>", "a web page"),
        (b"\x1f\x8b\x08", "unrecognised file type"),
        (b"{", "is damaged"),
        (b'{"a": ' + b"[" * 100_000, "is damaged"),
        (b"{\xff\xfe}", "is damaged"),
    ],
)
def test_other_files_are_called_by_their_name(tmp_path, content, message):
    (tmp_path / "a.json").write_bytes(content)

    with pytest.raises(InputFileError, match=message):
        load_motion(tmp_path / "a.json")


def test_weights_are_no_motion(tmp_path):
    save_file({"a": torch.zeros(3)}, tmp_path / "a.safetensors")

    with pytest.raises(InputFileError, match="safetensors file, but not of motion"):
        load_motion(tmp_path / "a.safetensors")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputFileError, match="does not exist"):
        load_motion(tmp_path / "a.json")
    with pytest.raises(InputFileError, match="is a folder"):
        load_motion(tmp_path)
    with pytest.raises(InputFileError):
        load_motion("nul\0.json")
