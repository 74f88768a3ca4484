"""Weights: the released layout, strictness, and files that are not what they seem."""

import json
from dataclasses import replace

import pytest
import torch

from moda_core.checkpoint import (
    convert_mmdit,
    load_strict,
    read_config,
    read_safetensors,
    save_safetensors,
)
from moda_core.errors import InputFileError, OutputError
from moda_core.mmdit.model import MotionMMDiT
from tests.parity.motion_cases import TINY


@pytest.fixture(scope="module")
def released_shapes(request):
    path = request.config.rootpath / "tests" / "parity" / "manifests" / "moda_tiny.json"
    return json.loads(path.read_text("utf-8"))


def empty_state(shapes):
    return {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}


def test_every_released_key_finds_its_place(released_shapes):
    converted = convert_mmdit(empty_state(released_shapes), TINY)

    expected = MotionMMDiT(TINY, device="meta").state_dict()
    shapes = {key: tensor.shape for key, tensor in converted.items()}
    assert shapes == {key: tensor.shape for key, tensor in expected.items()}


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda state: state.pop("final_layer.linear.bias"), "final_layer.linear.bias is missing"),
        (lambda state: state.update(extra=torch.zeros(1)), "extra is unexpected"),
        (
            lambda state: state.update({"final_layer.linear.bias": torch.zeros(7)}),
            r"final_layer.linear.bias has shape \(7,\) instead of \(70,\)",
        ),
    ],
)
def test_a_wrong_key_is_named_with_its_file(spoil, named):
    config = replace(TINY, num_four_stream=1, num_double_stream=1, num_single_stream=1)
    state = dict(MotionMMDiT(config).state_dict())
    spoil(state)

    with pytest.raises(InputFileError, match=f"net.pth.*{named}"):
        load_strict(MotionMMDiT(config, device="meta"), state, "net.pth")


def test_a_saved_file_gives_back_tensors_and_configuration(tmp_path):
    path, tensors = tmp_path / "weights.safetensors", {"x": torch.randn(3, 4)}

    save_safetensors(path, tensors, TINY)

    loaded, metadata = read_safetensors(path)
    assert torch.equal(loaded["x"], tensors["x"])
    assert read_config(metadata) == TINY


@pytest.mark.parametrize(
    "content",
    [b"", b"not weights", b"\xff" * 64, (10**9).to_bytes(8, "little") + b"{}", None],
    ids=["empty", "text", "noise", "header larger than the file", "missing"],
)
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "weights.safetensors"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InputFileError, match=r"weights\.safetensors"):
        read_safetensors(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OutputError, match="missing"):
        save_safetensors(tmp_path / "missing" / "x.safetensors", {"x": torch.zeros(1)}, TINY)
