import json

import pytest
import torch
from safetensors.torch import save_file

from moda_core.audio.encoder_folder import load_audio_encoder
from moda_core.errors import InputFileError
from tests.bench.stand_in_encoder import TINY_SIZES, random_encoder
from tests.tolerances import assert_rounded

NEW_NORM, OLD_NORM = "conv.parametrizations.weight.original", ("conv.weight_g", "conv.weight_v")
WAVEFORM = 0.2 * torch.randn(6400, generator=torch.Generator().manual_seed(1))
FIRST = "feature_extractor.conv_layers.0.conv.weight"


def published_state(encoder):
    """Return an encoder's weights as transformers writes them, with weight norm."""
    state = {key.removeprefix("network."): value for key, value in encoder.state_dict().items()}
    direction = state.pop("encoder.pos_conv_embed.conv.weight")
    size = direction.norm(dim=(0, 1), keepdim=True)
    state[f"encoder.pos_conv_embed.{NEW_NORM}0"] = size
    state[f"encoder.pos_conv_embed.{NEW_NORM}1"] = 3 * direction  # its length must not matter
    state["masked_spec_embed"] = torch.zeros(encoder.width)
    return state


def with_old_names(state):
    for index, old in enumerate(OLD_NORM):
        state = {key.replace(f"{NEW_NORM}{index}", old): value for key, value in state.items()}
    return state


def write_folder(folder, state, name="pytorch_model.bin", **config):
    folder.mkdir(exist_ok=True)
    config = {"model_type": "hubert", "layerdrop": 0.1, **TINY_SIZES, **config}
    (folder / "config.json").write_text(json.dumps(config))
    save = save_file if name.endswith("safetensors") else torch.save
    save({key: value.contiguous() for key, value in state.items()}, folder / name)
    return folder


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "chinese-hubert-tiny", published_state(random_encoder()))


def assert_same_features(found, expected):
    assert_rounded(found.encode(WAVEFORM), expected.encode(WAVEFORM), 256)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors"])
@pytest.mark.parametrize("rename", [dict, with_old_names])
def test_both_formats_and_both_names_of_weight_norm_are_read(tmp_path, name, rename):
    encoder = random_encoder()
    folder = write_folder(tmp_path / "hubert", rename(published_state(encoder)), name)

    assert_same_features(load_audio_encoder(folder), encoder)


@pytest.mark.parametrize(
    ("kind", "model_type", "config"),
    [
        ("HubertModel", "hubert", {}),
        ("HubertModel", "hubert", {"conv_pos_batch_norm": True}),
        ("HubertForCTC", "hubert", {}),
        ("Wav2Vec2Model", "wav2vec2", {}),
        ("Wav2Vec2ForCTC", "wav2vec2", {}),
        ("Wav2Vec2ForPreTraining", "wav2vec2", {}),
    ],
)
def test_what_transformers_saves_is_read(tmp_path, kind, model_type, config):
    import transformers

    settings = {"hubert": transformers.HubertConfig, "wav2vec2": transformers.Wav2Vec2Config}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        saved = getattr(transformers, kind)(settings[model_type](**TINY_SIZES, **config)).eval()
    saved.save_pretrained(tmp_path)

    found = load_audio_encoder(tmp_path).network

    network = getattr(saved, model_type, saved)
    x = WAVEFORM[None]
    torch.testing.assert_close(found.feature_extractor(x), network.feature_extractor(x))
    x = torch.randn(1, 9, TINY_SIZES["hidden_size"], generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        torch.testing.assert_close(found.encoder(x)[0], network.encoder(x)[0])


def test_vector_for_masked_input_is_optional(tmp_path):
    encoder = random_encoder()
    state = published_state(encoder)
    del state["masked_spec_embed"]

    assert_same_features(load_audio_encoder(write_folder(tmp_path, state)), encoder)


def test_name_and_sizes_are_those_of_the_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)

    encoder = load_audio_encoder(".")

    assert (encoder.name, encoder.num_layers, encoder.width) == ("chinese-hubert-tiny", 2, 16)


@pytest.mark.parametrize(
    ("preprocessor", "normalize"),
    [(None, True), ({}, True), ({"do_normalize": True}, True), ({"do_normalize": False}, False)],
)
def test_preprocessor_file_decides_on_normalization(folder, preprocessor, normalize):
    if preprocessor is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))

    assert load_audio_encoder(folder).normalize is normalize


def test_layers_are_never_dropped(tmp_path):
    dropping = write_folder(tmp_path / "dropping", published_state(random_encoder()), layerdrop=1.0)

    assert load_audio_encoder(dropping).network.config.layerdrop == 0


def test_loading_leaves_the_random_generator_unchanged(folder):
    before = torch.get_rng_state()

    load_audio_encoder(folder)

    assert torch.equal(torch.get_rng_state(), before)


def test_encoder_loaded_in_inference_mode_is_the_same(folder):
    with torch.inference_mode():
        found = load_audio_encoder(folder)

    assert_same_features(found, load_audio_encoder(folder))


@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16, torch.float8_e4m3fn], ids=str)
def test_narrow_weights_are_cast(tmp_path, stored):
    state = {key: value.to(stored) for key, value in published_state(random_encoder()).items()}

    encoder = load_audio_encoder(write_folder(tmp_path, state))

    weight = encoder.network.feature_extractor.conv_layers[0].conv.weight
    assert torch.equal(weight, state[FIRST].float())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_all_weights_have_the_type_asked_for(folder, dtype):
    encoder = load_audio_encoder(folder, dtype=dtype)

    assert {parameter.dtype for parameter in encoder.parameters()} == {dtype}


def spoil(state, key, value):
    return {name: value if name == key else tensor for name, tensor in state.items()} | {key: value}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: {k: v for k, v in s.items() if k != FIRST}, f"{FIRST} is missing"),
        (lambda s: s | {"encoder.extra": torch.zeros(3)}, "encoder.extra is unexpected"),
        (
            lambda s: s | {FIRST: torch.zeros(8, 1, 9)},
            r"conv.weight has shape \(8, 1, 9\) instead of \(8, 1, 10\)",
        ),
        (lambda s: s | {FIRST: torch.full((8, 1, 10), torch.nan)}, f"{FIRST} holds NaN"),
        (lambda s: s | {FIRST: torch.ones(8, 1, 10, dtype=torch.int8)}, "holds torch.int8"),
        (lambda s: {"layer1.0.conv1.weight": torch.zeros(3)}, "looks like a ResNet"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(tmp_path, change, message):
    write_folder(tmp_path, change(published_state(random_encoder())))

    with pytest.raises(InputFileError, match=message) as caught:
        load_audio_encoder(tmp_path)

    assert "pytorch_model.bin" in str(caught.value)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "whisper"}, "'whisper'. Use HuBERT base and wav2vec 2.0 base"),
        ({"model_type": None}, "type None"),
        ({"feat_extract_norm": "layer"}, "feat_extract_norm to 'layer'; a base model has 'group'"),
        ({"do_stable_layer_norm": True}, "do_stable_layer_norm"),
        ({"model_type": "wav2vec2", "add_adapter": True}, "add_adapter"),
        ({"conv_stride": [5, 2, 2, 2, 2, 2, 1]}, "conv_stride"),
        ({"hidden_act": "relu"}, "hidden_act to 'relu'"),
        ({"hidden_size": "wide"}, "hidden_size to 'wide'"),
        ({"hidden_size": -16}, "hidden_size to -16"),
        ({"hidden_size": 10**9}, "hidden_size to 1000000000"),
        ({"model_type": ["hubert"]}, r"type \['hubert'\]"),
        ({"conv_dim": [8, 8]}, "conv_dim"),
        ({"num_attention_heads": 3}, "3 heads and 2 groups do not divide"),
    ],
)
def test_unsupported_configurations_are_refused(folder, config, message):
    given = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(given | config))

    with pytest.raises(InputFileError, match=message):
        load_audio_encoder(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00\x01"])
def test_damaged_configuration_is_refused(folder, text):
    (folder / "config.json").write_text(text)

    with pytest.raises(InputFileError, match=r"config\.json"):
        load_audio_encoder(folder)


def test_other_sample_rates_are_refused(folder):
    (folder / "preprocessor_config.json").write_text(json.dumps({"sampling_rate": 8000}))

    with pytest.raises(InputFileError, match="8000 samples a second instead of 16000"):
        load_audio_encoder(folder)


def test_a_name_can_be_given(folder):
    assert load_audio_encoder(folder, name="the right one").name == "the right one"


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", "no config.json"),
        ("pytorch_model.bin", "no weights. Put model.safetensors or pytorch_model.bin"),
    ],
)
def test_missing_files_are_named(folder, missing, message):
    (folder / missing).unlink()

    with pytest.raises(InputFileError, match=message):
        load_audio_encoder(folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config.json", "neither a safetensors file nor a torch checkpoint"),
        ("pytorch_model.bin", "not a safetensors file. Name the folder"),
        ("gone", "is not a folder"),
    ],
)
def test_other_files_than_safetensors_are_refused(folder, name, message):
    with pytest.raises(InputFileError, match=message):
        load_audio_encoder(folder / name)


def test_name_of_the_released_encoder_is_known_by_a_part_of_the_folders(tmp_path):
    folder = write_folder(tmp_path / "My-Chinese-HuBERT-Base", published_state(random_encoder()))

    assert load_audio_encoder(folder).name == "chinese-hubert-base"


@pytest.mark.parametrize("config", [{}, {"conv_pos_batch_norm": True}])
def test_encoder_holds_tensors_and_devices_only_where_moving_it_reaches_them(tmp_path, config):
    import transformers

    with torch.random.fork_rng():
        torch.manual_seed(0)
        saved = transformers.HubertModel(transformers.HubertConfig(**TINY_SIZES, **config))
    saved.save_pretrained(tmp_path)
    encoder = load_audio_encoder(tmp_path)
    encoder.encode(WAVEFORM)  # may not keep anything either

    encoder.to("meta")

    assert {tensor.device.type for tensor in encoder.state_dict().values()} == {"meta"}
    assert encoder.network.device.type == "meta"
    for module in encoder.modules():
        held = [value for name, value in vars(module).items() if not name.startswith("_")]
        assert not [value for value in held if isinstance(value, (torch.Tensor, torch.device))]
        assert not module._forward_hooks


def test_encoder_that_is_cast_later_is_the_one_that_was_loaded_so(folder):
    later = load_audio_encoder(folder).to(torch.bfloat16)

    at_once = load_audio_encoder(folder, dtype=torch.bfloat16)
    assert torch.equal(later.encode(WAVEFORM), at_once.encode(WAVEFORM))
