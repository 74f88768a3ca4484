"""Conversion to safetensors: the same tensors, a whole file or none, and which file is read."""

import json
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from moda_core.errors import InputFileError, OutputError
from moda_core.model_files import convert
from moda_core.model_files.convert import HALF_PARTS, convert_file
from moda_core.model_files.digest import file_digest
from moda_core.model_files.model_folder import PARTS
from moda_core.weights.checkpoint import read_checkpoint
from moda_core.weights.converted import converted_file
from tests.bench.bench_load import REQUIRED, measure, write_model
from tests.bench.stand_in_encoder import TINY_SIZES, random_encoder
from tests.parity.synthetic_models import stitching
from tests.parity.synthetic_weights import checkpoint_state

CONVERT = """
import json, sys, time
from pathlib import Path
from moda_core.runtime.stopwatch import peak_memory
from moda_core.model_files.convert import convert_file
before, start = peak_memory(), time.perf_counter()
convert_file(Path(sys.argv[1]), "motion_model", half=sys.argv[2] == "float16")
seconds = time.perf_counter() - start
print(json.dumps({"bytes": peak_memory() - before, "seconds": seconds}))
"""
SMALL, STITCHING = "appearance_feature_extractor", "stitching_retargeting_module"


@pytest.fixture
def any_part_halved(monkeypatch):
    """Let the small network stand for the large ones that are converted to half precision."""
    monkeypatch.setattr(convert, "HALF_PARTS", PARTS)


def same_bits(found, expected):
    def bits(tensor):
        return tensor.dtype, tensor.shape, tensor.contiguous().reshape(-1).view(torch.uint8)

    pairs = [(bits(found[key]), bits(value)) for key, value in expected.items()]
    return found.keys() == expected.keys() and all(
        left[:2] == right[:2] and torch.equal(left[2], right[2]) for left, right in pairs
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_library_reads_the_same_bits_from_the_new_file(original, appearance):
    converted = convert_file(original, SMALL)

    assert converted == original.with_suffix(".safetensors")
    assert same_bits(load_file(converted), appearance)
    assert names(original.parent) == [original.name, converted.name]


def test_a_nested_file_keeps_the_keys_that_it_is_read_under(tmp_path):
    path = tmp_path / "stitching.pt"
    torch.save(stitching(), path)

    converted = convert_file(path, STITCHING)

    assert same_bits(load_file(converted), read_checkpoint(path))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_values_keep_the_type_of_the_file(original, appearance, dtype):
    state = {
        key: value.to(dtype) if value.is_floating_point() else value
        for key, value in appearance.items()
    }
    torch.save(state, original)

    assert same_bits(load_file(convert_file(original, SMALL)), state)


def test_views_of_one_memory_become_tensors_of_their_own(original, appearance):
    key = next(key for key, value in appearance.items() if value.ndim == 4)
    weight = appearance[key]
    strided = weight.transpose(2, 3).contiguous().transpose(2, 3)
    torch.save(appearance | {key: strided}, original)

    assert torch.equal(load_file(convert_file(original, SMALL))[key], weight)


def test_float16_is_a_choice_of_its_own_and_keeps_integers(original, appearance, any_part_halved):
    converted = convert_file(original, SMALL, half=True)

    assert converted.name == f"{SMALL}_fp16.safetensors"
    found = load_file(converted)
    for key, value in appearance.items():
        expected = value.half() if value.is_floating_point() else value
        assert found[key].dtype == expected.dtype
        assert torch.equal(found[key], expected)
    assert converted_file(original) == original


def test_the_new_file_says_what_it_was_made_of(original):
    converted = convert_file(original, SMALL)

    with safe_open(converted, framework="pt") as file:
        metadata = file.metadata()
    assert metadata == {
        "format": "pt",
        "converted_from": original.name,
        "source_size": str(original.stat().st_size),
        "source_mtime_ns": str(original.stat().st_mtime_ns),
        "source_sha256": file_digest(original),
    }


def test_values_begin_at_whole_cache_lines_wherever_their_sizes_allow_it(original):
    converted = convert_file(original, SMALL)

    content = converted.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    del header["__metadata__"]
    ranges = [entry["data_offsets"] for entry in header.values()]
    fitting = [first for first, end in ranges if (end - first) % 64 == 0]
    assert 0 < len(fitting) < len(ranges)
    assert all((start + first) % 64 == 0 for first in fitting)


def test_an_encoder_is_converted_under_the_name_that_transformers_reads(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "hubert", **TINY_SIZES}))
    state = with_weight_norm(random_encoder())
    torch.save(state, tmp_path / "pytorch_model.bin")

    converted = convert_file(tmp_path / "pytorch_model.bin", "encoder")
    half = convert_file(tmp_path / "pytorch_model.bin", "encoder", half=True)

    assert converted.name == "model.safetensors"
    assert same_bits(load_file(converted), state)
    assert {k for k, v in load_file(half).items() if v.dtype == torch.float32} == {
        "hubert.encoder.pos_conv_embed.conv.weight_g",
        "hubert.encoder.pos_conv_embed.conv.weight_v",
    }


@pytest.mark.parametrize("part", sorted(set(PARTS) - set(HALF_PARTS)))
def test_what_is_not_chosen_by_its_file_is_not_halved(tmp_path, part):
    path = tmp_path / f"{part}.pth"
    torch.save(checkpoint_state(part) if part == STITCHING else {"x": torch.ones(1)}, path)

    with pytest.raises(InputFileError, match=f"{part} stays in float32"):
        convert_file(path, part, half=True)

    assert names(tmp_path) == [path.name]


def test_what_is_halved_already_is_not_halved_again(original, any_part_halved):
    half = convert_file(original, SMALL, half=True)

    with pytest.raises(InputFileError, match="in float16 already"):
        convert_file(half, SMALL, half=True)


def with_weight_norm(encoder):
    """Return an encoder's weights by the names that transformers' older files have."""
    state = {f"hubert.{key}": value for key, value in encoder.network.state_dict().items()}
    weight = state.pop("hubert.encoder.pos_conv_embed.conv.weight")
    state["hubert.encoder.pos_conv_embed.conv.weight_g"] = weight.norm(dim=(0, 1), keepdim=True)
    state["hubert.encoder.pos_conv_embed.conv.weight_v"] = weight
    return state


def spoil_values(state, value):
    key = next(key for key, tensor in state.items() if tensor.ndim == 4)
    tensor = state[key].clone()
    tensor.view(-1)[5] = value
    return state | {key: tensor}


@pytest.mark.parametrize(
    ("spoil", "half", "said"),
    [
        (lambda state: {"face.weight": torch.ones(2)}, False, "holds no appearance"),
        (lambda state: spoil_values(state, torch.nan), False, "NaN or infinite"),
        (lambda state: spoil_values(state, 1e5), True, r"too large for torch\.float16"),
        (lambda state: dict(list(state.items())[1:]), False, "is missing"),
    ],
    ids=["foreign", "nan", "too large", "incomplete"],
)
def test_what_the_loader_would_refuse_is_not_converted(
    original, appearance, any_part_halved, spoil, half, said
):
    torch.save(spoil(appearance), original)

    with pytest.raises(InputFileError, match=rf"{original.name}.*{said}"):
        convert_file(original, SMALL, half)

    assert names(original.parent) == [original.name]


def test_a_missing_file_and_an_unknown_part_are_named(tmp_path):
    with pytest.raises(InputFileError, match=r"none\.pth' does not exist"):
        convert_file(tmp_path / "none.pth", SMALL)
    with pytest.raises(ValueError, match="'vae'"):
        convert_file(tmp_path / "none.pth", "vae")


def test_a_safetensors_file_needs_no_conversion(tmp_path, appearance):
    save_file(appearance, tmp_path / "file.safetensors")

    with pytest.raises(InputFileError, match="safetensors file already"):
        convert_file(tmp_path / "file.safetensors", SMALL)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
@pytest.mark.parametrize("reason", [KeyboardInterrupt, OSError, RuntimeError, ValueError])
def test_a_cancelled_conversion_leaves_nothing_and_raises_the_same(original, share, reason):
    raised = reason("stop")

    def progress(done, total):
        if done >= share * total:
            raise raised

    with pytest.raises(reason) as caught:
        convert_file(original, SMALL, progress=progress)

    assert caught.value is raised
    assert names(original.parent) == [original.name]


def test_progress_grows_to_its_total(original):
    calls = []

    convert_file(original, SMALL, progress=lambda *call: calls.append(call))

    done, totals = zip(*calls, strict=True)
    assert list(done) == sorted(done)
    assert set(totals) == {done[-1]}


@pytest.mark.parametrize("stage", ["write_tensor", "differs"])
def test_a_failing_disk_is_told_and_leaves_nothing(original, monkeypatch, stage):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(convert, stage, fail)

    with pytest.raises(OutputError, match="No space left"):
        convert_file(original, SMALL)

    assert names(original.parent) == [original.name]


def test_a_byte_that_does_not_come_back_is_noticed(original, monkeypatch):
    def forget(descriptor):
        part = next(original.parent.glob("*.part"))
        with part.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last[0] ^ 1]))

    monkeypatch.setattr(convert.os, "fsync", forget)

    with pytest.raises(OutputError, match="did not come back"):
        convert_file(original, SMALL)

    assert names(original.parent) == [original.name]


def test_a_source_that_changes_meanwhile_is_told(original):
    def progress(done, total):
        os.utime(original, (1, 1))

    with pytest.raises(InputFileError, match="changed while it was converted"):
        convert_file(original, SMALL, progress=progress)

    assert names(original.parent) == [original.name]


@pytest.mark.parametrize("metadata", [None, {"converted_from": "other.pth"}])
def test_a_file_of_other_origin_is_never_replaced(original, metadata):
    target = original.with_suffix(".safetensors")
    save_file({"x": torch.ones(1)}, target, metadata=metadata)
    content = target.read_bytes()

    with pytest.raises(OutputError, match=r"was not converted from"):
        convert_file(original, SMALL)

    assert target.read_bytes() == content


@pytest.mark.slow
def test_converting_and_loading_the_full_size_model_takes_little_more_memory_than_it(tmp_path):
    path = write_model(tmp_path / "net-200.pth")

    ratios = {dtype: measure(path, dtype, CONVERT)["ratio"] for dtype in ("float32", "float16")}
    ratios["load"] = measure(path.with_suffix(".safetensors"), "float32")["ratio"]

    assert all(0.5 < ratio < REQUIRED for ratio in ratios.values()), ratios
