"""The parts put together: loading the starter, and parts that do not fit each other."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from moda_core.audio.features import AudioFeatures
from moda_core.bundles.pipeline import perform
from moda_core.bundles.starter import STARTER_ENCODER, STARTER_WEIGHTS, load_starter_model
from moda_core.errors import InputFileError
from moda_core.liveportrait.model import RELEASED_RENDERER
from moda_core.model_files.model_folder import ENCODER
from moda_core.motion.controls import CONTROLS, read, rest_expression
from moda_core.sampling.options import SamplingOptions
from moda_core.sampling.request import SamplingRequest
from moda_core.sampling.style_context import StyleContext
from moda_core.weights.checkpoint import read_safetensors
from tests.bench.stand_ins import stand_in_model

PORTRAIT = SimpleNamespace(identity=torch.zeros(63), renderer="any")


@pytest.fixture(scope="module")
def model():
    return load_starter_model()


def features(num_frames, encoder=STARTER_ENCODER):
    return AudioFeatures(torch.zeros(num_frames, 4, 64), encoder, num_frames / 25)


def test_silence_gives_one_frame_for_each_of_the_features_with_the_mouth_shut(model):
    motion = perform(model, features(60), PORTRAIT)

    jaw = read(motion.offset)[:, CONTROLS.index("jaw")]
    assert len(motion) == 60
    assert motion.fps == 25
    assert jaw.mean() < 0.03


def test_loading_leaves_the_global_generator_alone():
    state = torch.get_rng_state()

    load_starter_model()

    assert torch.equal(torch.get_rng_state(), state)


def test_two_loads_sample_the_same_motion():
    first, second = (perform(load_starter_model(), features(20), PORTRAIT) for _ in range(2))

    assert torch.equal(first.values, second.values)


def test_features_of_another_encoder_are_refused_by_both_names(model):
    with pytest.raises(ValueError, match=r"log-mel.*hubert"):
        perform(model, features(5, "hubert"), PORTRAIT)


def test_portraits_of_another_renderer_are_refused_by_both_names(model):
    portrait = SimpleNamespace(identity=torch.zeros(63), renderer="warp")

    with pytest.raises(ValueError, match=r"'LivePortrait'.*'warp'"):
        perform(replace(model, renderer="LivePortrait"), features(5), portrait)


def test_the_models_own_start_and_finish_are_used(model):
    rest = torch.full((63,), 0.5)
    other = replace(
        model,
        start=lambda portrait: (torch.zeros(1, 1, 70), rest),
        finish=lambda motion, features, seed: motion * 0 + seed,
    )

    request = SamplingRequest(SamplingOptions(num_steps=1, seed=9))
    motion = perform(other, features(5), PORTRAIT, request=request)

    assert torch.equal(motion.rest, rest)
    assert (motion.values == 9).all()


def test_the_rest_of_a_motion_is_not_the_shared_one(model):
    request = SamplingRequest(SamplingOptions(num_steps=1))
    motion = perform(model, features(5), PORTRAIT, request=request)

    motion.rest.zero_()

    assert rest_expression().abs().max() > 0


@pytest.mark.parametrize(
    ("metadata", "drop", "message"),
    [
        ({}, (), "no configuration"),
        ({"config": "{}"}, (), "no configuration"),
        ({"config": "[1]"}, (), "no configuration"),
        (None, ("motion_mean",), "motion_mean"),
        (None, ("talking_head_dit.final_layer.linear.bias",), "final_layer.linear.bias is missing"),
    ],
)
def test_files_of_something_else_are_refused_by_name(tmp_path, metadata, drop, message):
    tensors, stored = read_safetensors(STARTER_WEIGHTS)
    path = tmp_path / "other.safetensors"
    kept = {key: value for key, value in tensors.items() if key not in drop}
    save_file(kept, path, metadata=stored if metadata is None else metadata)

    with pytest.raises(InputFileError, match=f"other.safetensors.*{message}"):
        load_starter_model(path=path)


def test_the_stored_configuration_is_json():
    _, metadata = read_safetensors(STARTER_WEIGHTS)

    assert json.loads(metadata["config"])["audio_width"] == 64


def test_a_preview_shows_the_clip_growing_in_the_units_of_motion(model):
    shown = []

    perform(model, features(200), PORTRAIT, preview=shown.append)

    assert [values.shape[1] for values in shown] == [70] * len(shown)
    lengths = [len(values) for values in shown]
    assert len(lengths) >= 2
    assert lengths == sorted(set(lengths))
    assert lengths[-1] < 200
    scale = shown[-1][:, 63]
    assert (scale - model.stats.mean[63]).abs().max() < 0.2


def released_case():
    """Return a stand-in for the released model, speech with silence around it, and a portrait."""
    info = {"exp": torch.zeros(1, 63), "scale": torch.ones(1, 1), "t": torch.zeros(1, 3)}
    info |= {angle: torch.full((1, 1), 3.0) for angle in ("pitch", "yaw", "roll")}
    face = SimpleNamespace(prepared=SimpleNamespace(face=SimpleNamespace(info=info)))
    portrait = SimpleNamespace(identity=torch.zeros(63), renderer=RELEASED_RENDERER, **vars(face))
    values = torch.randn(100, 12, 768, generator=torch.Generator().manual_seed(0))
    return stand_in_model(), AudioFeatures(values, ENCODER, 3.6, (3, 7)), portrait


@pytest.mark.parametrize("windows", ["chain", "joint"])
@pytest.mark.parametrize("bundle", ["starter", "released"])
def test_both_bundles_continue_a_reference(model, bundle, windows):
    case = (model, features(90), PORTRAIT) if bundle == "starter" else released_case()
    request = SamplingRequest(SamplingOptions(num_steps=2, windows=windows))
    free = perform(*case, request)
    reference = perform(*case, request.with_options(seed=7))
    context = StyleContext(reference, case[1], duration_s=1.0)

    continued = perform(*case, replace(request, context=context))

    assert len(continued) == 90
    assert continued.values.isfinite().all()
    assert not torch.equal(continued.values, free.values)
