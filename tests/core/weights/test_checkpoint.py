"""Weights: the released layout, strictness, formats and wrappings."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from moda_core.errors import InputFileError, OutputError
from moda_core.mmdit.config import read_config
from moda_core.mmdit.model import MotionMMDiT
from moda_core.mmdit.released_keys import convert_mmdit
from moda_core.runtime.layers import Layers
from moda_core.weights.checkpoint import (
    load_strict,
    read_checkpoint,
    read_safetensors,
    save_safetensors,
)
from tests.parity.motion_cases import TINY

FORMATS = {
    "safetensors": save_file,
    "zip": torch.save,
    "pickle": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
}


@pytest.fixture(scope="module")
def released_shapes(request):
    path = request.config.rootpath / "tests" / "parity" / "manifests" / "moda_tiny.json"
    return json.loads(path.read_text("utf-8"))


@pytest.fixture
def state():
    generator = torch.Generator().manual_seed(0)
    return {f"layer{i}.weight": torch.randn(5, 7, generator=generator) for i in range(6)}


def empty_state(shapes):
    return {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}


def test_every_released_key_finds_its_place(released_shapes):
    converted = convert_mmdit(empty_state(released_shapes), TINY)

    expected = MotionMMDiT(TINY, Layers(device="meta")).state_dict()
    shapes = {key: tensor.shape for key, tensor in converted.items()}
    assert shapes == {key: tensor.shape for key, tensor in expected.items()}


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (
            lambda state: state.pop("final_layer.linear.bias"),
            r"final_layer.linear.bias is missing \(expected shape \(70,\)\)",
        ),
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
        load_strict(MotionMMDiT(config, Layers(device="meta")), state, "net.pth")


def test_a_saved_file_gives_back_tensors_and_configuration(tmp_path):
    path, tensors = tmp_path / "weights.safetensors", {"x": torch.randn(3, 4)}

    save_safetensors(path, tensors, TINY.metadata)

    loaded, metadata = read_safetensors(path)
    assert torch.equal(loaded["x"], tensors["x"])
    assert read_config(metadata) == TINY


@pytest.mark.parametrize(
    "content",
    [b"", b"not weights", b"\xff" * 64, (10**9).to_bytes(8, "little") + b"{}", None],
    ids=["empty", "text", "noise", "header larger than the file", "missing"],
)
@pytest.mark.parametrize("read", [read_safetensors, read_checkpoint])
def test_a_damaged_file_is_named(tmp_path, content, read):
    path = tmp_path / "weights.safetensors"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InputFileError, match=r"weights\.safetensors"):
        read(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OutputError, match="missing"):
        save_safetensors(
            tmp_path / "missing" / "x.safetensors", {"x": torch.zeros(1)}, TINY.metadata
        )


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".bin"])
@pytest.mark.parametrize("written", FORMATS)
def test_the_content_and_not_the_suffix_tells_the_format(tmp_path, state, written, suffix, mapped):
    path = tmp_path / f"weights{suffix}"
    FORMATS[written](state, path)

    loaded = read_checkpoint(path, mapped=mapped)

    assert loaded.keys() == state.keys()
    assert all(torch.equal(loaded[key], tensor) for key, tensor in state.items())


@pytest.mark.parametrize(
    ("wrapped", "keys"),
    [
        (lambda x: {"state_dict": {"a.b": x}, "epoch": 3}, {"a.b"}),
        (lambda x: {"model": {"module.a.b": x, "module.c": x}}, {"a.b", "c"}),
        (lambda x: {"eye": {"module.mlp": x}, "mouth": {"mlp": x}}, {"eye.mlp", "mouth.mlp"}),
        (lambda x: {"state_dict": x, "model.a": x}, {"state_dict", "model.a"}),
        (lambda x: {"submodule.a": torch.nn.Parameter(x)}, {"submodule.a"}),
    ],
    ids=["state_dict", "data parallel", "groups", "a key named like a wrapper", "parameter"],
)
def test_wrappings_are_taken_off(tmp_path, wrapped, keys):
    torch.save(wrapped(torch.ones(2)), tmp_path / "weights.pth")

    loaded = read_checkpoint(tmp_path / "weights.pth")

    assert loaded.keys() == keys
    assert not any(tensor.requires_grad for tensor in loaded.values())


@pytest.mark.parametrize(
    "content",
    [{}, {"epoch": 3}, [1, 2], torch.ones(3), {"state_dict": {}}],
    ids=["empty", "numbers", "list", "bare tensor", "empty wrapper"],
)
def test_a_file_without_named_tensors_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "weights.pth")

    with pytest.raises(InputFileError, match=r"weights\.pth' holds no tensors"):
        read_checkpoint(tmp_path / "weights.pth")


def test_keys_that_differ_by_a_parallel_prefix_alone_are_refused(tmp_path):
    torch.save({"a": torch.ones(2), "module.a": torch.zeros(2)}, tmp_path / "weights.pth")

    with pytest.raises(InputFileError, match="holds a twice"):
        read_checkpoint(tmp_path / "weights.pth")


@pytest.mark.parametrize(
    "odd",
    [torch.ones(2, 2).to_sparse(), torch.ones(2, device="meta")],
    ids=["sparse", "without values"],
)
def test_tensors_that_are_no_plain_arrays_are_refused_by_name(tmp_path, odd):
    torch.save({"a.weight": odd}, tmp_path / "weights.pth")

    with pytest.raises(InputFileError, match=r"weights\.pth.*(a\.weight is not a plain|damaged)"):
        read_checkpoint(tmp_path / "weights.pth")
