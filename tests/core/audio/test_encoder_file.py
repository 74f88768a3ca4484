import os

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from moda_core.audio import encoder_file
from moda_core.audio.encoder_config import BASES
from moda_core.audio.encoder_file import encoder_name, encoder_prefix, identify_encoder, read_shapes
from moda_core.audio.encoder_folder import load_audio_encoder
from moda_core.errors import InputFileError
from tests.bench.stand_in_encoder import TINY_SIZES

WAVEFORM = 0.2 * torch.randn(6400, generator=torch.Generator().manual_seed(1))
KINDS = {"hubert": transformers.HubertConfig, "wav2vec2": transformers.Wav2Vec2Config}


@pytest.fixture
def tiny_bases(monkeypatch):
    """Take tiny models for base models."""
    for kind, base in BASES.items():
        monkeypatch.setitem(encoder_file.BASES, kind, base | TINY_SIZES)


def save_tiny(folder, kind, model_type, **config):
    """Save a random model as transformers does; return the folder, which has a configuration."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = getattr(transformers, kind)(KINDS[model_type](**TINY_SIZES, **config))
    model.save_pretrained(folder)
    return folder


def save_alone(folder, path, change=dict):
    """Write the weights of a folder as a file of their own."""
    state = change(load_file(folder / "model.safetensors"))
    save_file({key: value.contiguous() for key, value in state.items()}, path)
    return path


def meta_shapes(kind, config):
    with torch.device("meta"):
        network = getattr(transformers, kind)(config)
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


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
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_lone_file_gives_the_features_of_its_folder(
    tmp_path, tiny_bases, kind, model_type, config, dtype
):
    folder = save_tiny(tmp_path / "folder", kind, model_type, **config)
    path = save_alone(folder, tmp_path / "alone.safetensors")

    found = load_audio_encoder(path, dtype=dtype)

    expected = load_audio_encoder(folder, dtype=dtype)
    assert torch.equal(found.encode(WAVEFORM), expected.encode(WAVEFORM))
    assert (found.name, found.normalize) == ("alone", True)


@pytest.mark.parametrize("prefix", ["", "hubert.", "wav2vec2."])
def test_prefix_makes_no_difference_to_the_features(tmp_path, tiny_bases, prefix):
    folder = save_tiny(tmp_path / "folder", "Wav2Vec2Model", "wav2vec2")

    def with_prefix(state):
        return {prefix + key: value for key, value in state.items()} | {
            "lm_head.weight": torch.zeros(3)
        }

    path = save_alone(folder, tmp_path / "alone.safetensors", with_prefix)

    found = load_audio_encoder(path)

    assert torch.equal(found.encode(WAVEFORM), load_audio_encoder(folder).encode(WAVEFORM))


@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16])
def test_narrow_files_are_cast(tmp_path, tiny_bases, stored):
    folder = save_tiny(tmp_path / "folder", "HubertModel", "hubert")
    path = save_alone(
        folder,
        tmp_path / "alone.safetensors",
        lambda state: {key: value.to(stored) for key, value in state.items()},
    )

    encoder = load_audio_encoder(path)

    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}


def test_a_tensor_of_another_shape_is_named(tmp_path, tiny_bases):
    folder = save_tiny(tmp_path / "folder", "HubertModel", "hubert")
    key = "encoder.layers.1.feed_forward.intermediate_dense.weight"
    path = save_alone(
        folder, tmp_path / "alone.safetensors", lambda s: s | {key: torch.zeros(17, 16)}
    )

    with pytest.raises(InputFileError, match=rf"{key} has shape \(17, 16\) instead of \(16, 16\)"):
        load_audio_encoder(path)


@pytest.mark.parametrize(
    ("kind", "config", "model_type"),
    [
        ("HubertModel", transformers.HubertConfig(), "hubert"),
        ("HubertForCTC", transformers.HubertConfig(), "hubert"),
        ("Wav2Vec2Model", transformers.Wav2Vec2Config(), "hubert"),  # which has the same keys
        ("Wav2Vec2ForCTC", transformers.Wav2Vec2Config(), "wav2vec2"),
    ],
)
def test_base_models_are_identified_by_their_shapes(kind, config, model_type):
    found = identify_encoder(meta_shapes(kind, config), "x")

    assert found.model_type == model_type
    assert found.architecture == BASES[model_type]
    assert found.normalize


LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
}


@pytest.mark.parametrize(
    ("kind", "config", "message"),
    [
        (
            "HubertModel",
            transformers.HubertConfig(**LARGE),
            "24 layers of 1024 channels behind convolutions with layer norm, where a base model "
            "has 12 layers of 768 channels behind convolutions with group norm",
        ),
        (
            "Wav2Vec2ForCTC",
            transformers.Wav2Vec2Config(**LARGE | {"feat_extract_norm": "group"}),
            "24 layers of 1024 channels behind convolutions with group norm",
        ),
        (
            "HubertModel",
            transformers.HubertConfig(feat_extract_norm="layer"),
            "12 layers of 768 channels behind convolutions with layer norm",
        ),
        ("HubertModel", transformers.HubertConfig(num_hidden_layers=2), "2 layers of 768"),
        ("WavLMModel", transformers.WavLMConfig(), "a speech encoder of another kind"),
        ("Data2VecAudioModel", transformers.Data2VecAudioConfig(), "another kind or under other"),
        ("ResNetModel", transformers.ResNetConfig(), "no speech encoder: it looks like an unknown"),
    ],
)
def test_other_encoders_are_refused_with_what_is_supported(kind, config, message):
    with pytest.raises(InputFileError, match=message) as caught:
        identify_encoder(meta_shapes(kind, config), "some/file.safetensors")

    assert "some/file.safetensors" in str(caught.value)
    assert "Use HuBERT base and wav2vec 2.0 base" in str(caught.value)


def test_scalars_under_the_right_names_are_refused(tmp_path):
    path = tmp_path / "odd.safetensors"
    save_file({key: torch.tensor(0.0) for key in encoder_file.REQUIRED}, path)

    with pytest.raises(InputFileError, match="1 layers of 1 channels"):
        load_audio_encoder(path)


def header(text):
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"\x80\x02}q\x00.", "not a safetensors file. Name the folder"),
        (header(b"{"), "unreadable header"),
        (header(b"{\xff}"), "unreadable header"),
        (header(b'{"a": 1}'), "unreadable header"),
        (header(b'{"a": {"shape": 3, "data_offsets": [0, 4]}}'), "unreadable header"),
        (header(b'{"a": {"shape": [3]}}'), "unreadable header"),
        (header(b"{}"), "no speech encoder"),
        (
            header(b'{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}') + bytes(11),
            "12 bytes of weights, but 11 follow",
        ),
        (b"\xff" * 8 + b"{", "damaged or cut short"),
    ],
)
def test_files_that_are_no_safetensors_are_refused(tmp_path, content, message):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)

    with pytest.raises(InputFileError, match=message) as caught:
        load_audio_encoder(path)

    assert str(path) in str(caught.value)


def test_shapes_are_those_of_the_file(tmp_path):
    path = tmp_path / "some.safetensors"
    save_file({"a": torch.zeros(2, 3), "b.c": torch.zeros(())}, path, {"format": "pt"})

    assert read_shapes(path) == {"a": (2, 3), "b.c": ()}


def test_header_of_absurd_size_is_not_read(tmp_path):
    path = tmp_path / "odd.safetensors"
    size = 200_000_000  # the file is sparse
    path.write_bytes(size.to_bytes(8, "little") + b"{")
    os.truncate(path, size + 8)

    with pytest.raises(InputFileError, match=f"it would take {size} bytes"):
        read_shapes(path)


def test_keys_of_an_encoder_inside_of_something_larger_do_not_count():
    assert encoder_prefix([f"audio_encoder.{key}" for key in encoder_file.REQUIRED]) is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("chinese-hubert-base", "chinese-hubert-base"),
        ("TencentGameMate/Chinese-HuBERT-Base/snapshot", "chinese-hubert-base"),
        ("audio\\chinese-hubert-base\\model", "chinese-hubert-base"),
        ("chinese-hubert-base_fp16.safetensors", "chinese-hubert-base"),
        ("chinese-hubert-large", "chinese-hubert-large"),
        ("wav2vec2/wav2vec2-base-960h.v1", "wav2vec2-base-960h.v1"),
        ("wav2vec2\\base.v1.SafeTensors", "base.v1"),
        ("hubert/", "hubert"),
    ],
)
def test_name_is_the_released_one_or_that_of_the_last_part(path, name):
    assert encoder_name(path) == name
