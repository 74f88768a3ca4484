"""The released files: what is accepted, what is refused, and in which words."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from moda_core.errors import InputFileError
from moda_core.weights import released_files
from moda_core.weights.released_files import KINDS, expected_shapes, null_audio, read_released
from tests.bench.bench_load import REQUIRED, measure, write_model
from tests.parity.synthetic_weights import TEST_MANIFESTS, checkpoint_state

SMALL = "appearance_feature_extractor"
STITCHING = "stitching_retargeting_module"
GROUPS = ("retarget_shoulder", "retarget_mouth", "retarget_eye")


@pytest.fixture(scope="module")
def appearance():
    return checkpoint_state(SMALL)


@pytest.fixture(scope="module")
def stitching():
    return checkpoint_state(STITCHING)


@pytest.fixture
def tiny_motion_model(tmp_path, monkeypatch):
    """A motion model whose manifest is the tiny one, with both null vectors."""
    shapes = json.loads((TEST_MANIFESTS / "moda_tiny.json").read_text("utf-8"))
    shapes = {key: shape for key, shape in shapes.items() if not key.startswith("null_")}
    manifests = tmp_path / "manifests"
    shutil.copytree(released_files.MANIFESTS, manifests)
    (manifests / "motion_model.json").write_text(json.dumps(shapes))
    monkeypatch.setattr(released_files, "MANIFESTS", manifests)
    return checkpoint_state("moda_tiny")


def saved(state, path):
    write = save_file if path.suffix == ".safetensors" else torch.save
    write(state, path)
    return path


def nested(state, prefix):
    return {
        group: {
            prefix + key.removeprefix(f"{group}."): tensor
            for key, tensor in state.items()
            if key.startswith(group)
        }
        for group in GROUPS
    }


def equal(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def test_the_motion_model_has_its_373_million_parameters():
    shapes = expected_shapes("motion model")

    count = sum(int(np.prod(shape)) for key, shape in shapes.items() if key != "scheduler.sigmas")

    assert count == 372_983_878  # spec B.8


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_comes_back_under_its_released_keys(tmp_path, appearance, suffix):
    path = saved(appearance, tmp_path / f"file{suffix}")

    assert equal(read_released(path, SMALL), appearance)


@pytest.mark.parametrize(
    "written",
    [
        lambda state: nested(state, "module."),
        lambda state: nested(state, ""),
        lambda state: state,
        lambda state: {key.replace(".", ".module.", 1): state[key] for key in state},
        lambda state: {key.replace(".", "_module.", 1): state[key] for key in state},
        lambda state: {"state_dict": nested(state, "module.")},
    ],
    ids=["released", "nested", "flat", "flat with module", "flat with _module", "wrapped"],
)
def test_every_way_of_writing_the_stitching_file_is_read(tmp_path, stitching, written):
    path = saved(written(stitching), tmp_path / "file.pth")

    assert equal(read_released(path, STITCHING), stitching)


def test_the_stitching_group_alone_is_enough(tmp_path, stitching):
    alone = {key: tensor for key, tensor in stitching.items() if key.startswith(GROUPS[0])}
    path = saved(alone, tmp_path / "file.safetensors")

    assert equal(read_released(path, STITCHING), alone)


def test_a_stitching_file_without_the_stitching_group_is_refused(tmp_path, stitching):
    others = {key: tensor for key, tensor in stitching.items() if not key.startswith(GROUPS[0])}
    path = saved(others, tmp_path / "file.safetensors")

    with pytest.raises(InputFileError, match=r"retarget_shoulder\.mlp\.0\.weight is missing"):
        read_released(path, STITCHING)


def test_counts_of_batches_may_be_missing(tmp_path, appearance):
    dropped = {key: value for key, value in appearance.items() if "num_batches" not in key}
    assert len(dropped) < len(appearance)
    path = saved(dropped, tmp_path / "file.safetensors")

    assert equal(read_released(path, SMALL), appearance)


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda s: s.pop("second.bias"), r"second\.bias is missing \(expected shape \(512,\)\)"),
        (lambda s: s.update(extra=torch.zeros(3)), r"extra is unexpected \(shape \(3,\)\)"),
        (
            lambda s: s.update({"second.bias": torch.zeros(7)}),
            r"second\.bias has shape \(7,\) instead of \(512,\)",
        ),
        (
            lambda s: s.update({"second.bias": torch.zeros(512, dtype=torch.int8)}),
            r"second\.bias holds torch\.int8",
        ),
        (lambda s: s["second.bias"][5:6].fill_(torch.nan), r"second\.bias holds NaN or infinite"),
        (lambda s: s["second.bias"][5:6].fill_(-torch.inf), r"second\.bias holds NaN or infinite"),
    ],
    ids=["missing", "unexpected", "shape", "integers", "nan", "infinite"],
)
def test_a_wrong_key_names_itself_and_the_file(tmp_path, appearance, spoil, named):
    state = {key: tensor.clone() for key, tensor in appearance.items()}
    spoil(state)
    path = saved(state, tmp_path / "file.pth")

    with pytest.raises(InputFileError, match=rf"file\.pth.*{named}"):
        read_released(path, SMALL)


def test_a_tensor_that_claims_a_huge_shape_is_refused_before_it_is_filled(tmp_path, appearance):
    huge = torch.zeros(1).expand(10**12)
    path = saved(appearance | {"second.bias": huge}, tmp_path / "file.pth")

    with pytest.raises(InputFileError, match=r"second\.bias has shape \(1000000000000,\)"):
        read_released(path, SMALL, torch.bfloat16)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    "stored", [torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2, torch.float64]
)
@pytest.mark.parametrize("wanted", [torch.float32, torch.bfloat16])
def test_other_types_of_numbers_are_cast(tmp_path, stitching, stored, wanted, suffix):
    state = {key: tensor.to(stored) for key, tensor in stitching.items()}
    path = saved(state, tmp_path / f"file{suffix}")

    loaded = read_released(path, STITCHING, wanted)

    assert equal(loaded, {key: tensor.to(wanted) for key, tensor in state.items()})


@pytest.mark.parametrize("stored", [torch.float16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_nan_is_found_in_small_types_too(tmp_path, stitching, stored):
    state = {key: tensor.clone() for key, tensor in stitching.items()}
    state["retarget_eye.mlp.2.bias"][0] = torch.nan
    state = {key: tensor.to(stored) for key, tensor in state.items()}
    path = saved(state, tmp_path / "file.safetensors")

    with pytest.raises(InputFileError, match=r"retarget_eye\.mlp\.2\.bias holds NaN"):
        read_released(path, STITCHING)


def test_values_that_do_not_fit_the_wanted_type_are_called_so(tmp_path, stitching):
    state = stitching | {"retarget_eye.mlp.2.bias": torch.full((256,), 1e6)}
    path = saved(state, tmp_path / "file.pth")

    with pytest.raises(InputFileError, match=r"too large for torch\.float16"):
        read_released(path, STITCHING, torch.float16)


@pytest.mark.parametrize(
    ("keys", "guess"),
    [
        (["four_stream_blocks.0.streams.0.qkv.weight"], "a starter model"),
        (["blocks4.0.xs_mlp.fc1.weight"], "a MoDA motion model"),
    ],
)
def test_motion_models_are_recognised(tmp_path, keys, guess):
    state = {f"talking_head_dit.{key}": torch.ones(2) for key in keys}
    path = saved(state, tmp_path / "file.pth")

    with pytest.raises(InputFileError, match=f"holds no {SMALL}: it looks like {guess}"):
        read_released(path, SMALL)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_each_released_file_is_recognised_in_the_place_of_another(tmp_path, kind, other):
    if kind == other:
        return
    state = {key: torch.zeros(1) for key in expected_shapes(other)}
    path = saved(state, tmp_path / "file.pth")

    with pytest.raises(InputFileError, match=f"holds no {kind}: it looks like .*{other}"):
        read_released(path, kind)


@pytest.mark.parametrize(
    ("key", "guess"),
    [
        ("encoder.feature_extractor.conv_layers.0.conv.weight", "a HuBERT or wav2vec2"),
        ("cp.resnet.conv1.weight", "the BiSeNet face parser"),
        ("model.diffusion_model.input_blocks.0.0.weight", "a Stable Diffusion checkpoint"),
        ("unet.lora_up.weight", "a LoRA"),
        ("something.else", r"an unknown network \(its first keys are something\.else\)"),
    ],
)
def test_a_file_of_another_model_is_called_by_its_name(tmp_path, key, guess):
    path = saved({key: torch.ones(2)}, tmp_path / "file.safetensors")

    with pytest.raises(InputFileError, match=rf"file\.safetensors.*it looks like {guess}"):
        read_released(path, "motion model")


def test_null_vectors_may_be_there_or_not(tmp_path, tiny_motion_model):
    without = {key: x for key, x in tiny_motion_model.items() if not key.startswith("null_")}
    own = saved(tiny_motion_model, tmp_path / "own.pth")
    none = saved(without, tmp_path / "none.pth")

    assert equal(read_released(own, "motion model"), tiny_motion_model)
    assert equal(read_released(none, "motion model"), without)


def test_the_null_audio_vector_is_the_file_s_own_or_the_stored_one(tiny_motion_model):
    own = null_audio(tiny_motion_model)
    stored = null_audio({})

    assert torch.equal(own, tiny_motion_model["null_audio_feat"].flatten())
    # Standard normals, of which the first ones are known (spec D.4).
    assert stored.shape == (768,)
    assert stored[:3].tolist() == pytest.approx([-1.1209781, 1.314093, 0.8224171], abs=1e-7)
    assert abs(stored.mean()) < 0.1
    assert stored.std() == pytest.approx(1, abs=0.1)


def test_a_tiny_motion_model_is_refused_by_its_shapes(tmp_path):
    path = saved(checkpoint_state("moda_tiny"), tmp_path / "file.pth")

    with pytest.raises(InputFileError, match=r"has shape \(64, 140\) instead of \(768, 140\)"):
        read_released(path, "motion model")


def test_an_unknown_kind_is_an_argument_error(tmp_path):
    with pytest.raises(ValueError, match=r"motion_extractor.*'decoder'"):
        read_released(tmp_path / "file.pth", "decoder")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_loading_the_full_size_model_takes_little_more_memory_than_its_file(tmp_path, suffix):
    path = write_model(tmp_path / f"net-200{suffix}")

    ratios = {dtype: measure(path, dtype)["ratio"] for dtype in ("float32", "bfloat16")}

    assert all(0.9 < ratio < REQUIRED for ratio in ratios.values()), ratios
