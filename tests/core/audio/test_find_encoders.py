import json
import os

import pytest
import torch
from safetensors.torch import save_file

from moda_core.audio.find_encoders import find_encoders

KEYS = (
    "feature_extractor.conv_layers.0.conv.weight",
    "feature_projection.projection.weight",
    "encoder.pos_conv_embed.conv.bias",
    "encoder.layer_norm.weight",
    "encoder.layers.0.attention.q_proj.weight",
)


def write_file(path, prefix="", keys=KEYS):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({prefix + key: torch.zeros(1) for key in keys}, path)
    return path


def write_folder(folder, config, weights="model.safetensors"):
    write_file(folder / weights)
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))


@pytest.mark.parametrize("prefix", ["", "hubert.", "wav2vec2."])
def test_encoder_files_are_found_at_any_depth(tmp_path, prefix):
    write_file(tmp_path / "b.safetensors", prefix)
    write_file(tmp_path / "chinese" / "sub" / "A.SafeTensors", prefix)

    assert find_encoders(tmp_path) == ["b.safetensors", "chinese/sub/A.SafeTensors"]


@pytest.mark.parametrize("model_type", ["hubert", "wav2vec2"])
@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
def test_folders_of_transformers_are_found_once(tmp_path, model_type, weights):
    write_folder(tmp_path / "audio" / "chinese-hubert-base", {"model_type": model_type}, weights)

    assert find_encoders(tmp_path) == ["audio/chinese-hubert-base"]


def test_other_files_of_a_folder_of_transformers_are_not_listed(tmp_path):
    write_folder(tmp_path / "hubert", {"model_type": "hubert"}, "pytorch_model.bin")
    write_file(tmp_path / "hubert" / "model.fp32.safetensors")

    assert find_encoders(tmp_path) == ["hubert"]


def test_half_precision_in_a_folder_of_transformers_is_a_choice_of_its_own(tmp_path):
    write_folder(tmp_path / "hubert", {"model_type": "hubert"}, "pytorch_model.bin")
    write_file(tmp_path / "hubert" / "model_fp16.safetensors")

    assert find_encoders(tmp_path) == ["hubert", "hubert/model_fp16.safetensors"]


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "whisper"},
        {"model_type": ["hubert"]},
        {"model_type": {}},
        {},
        [],
        "",
        "{",
        "[" * 100_000,
    ],
)
def test_folders_of_other_or_unknown_models_are_left_out_with_their_weights(tmp_path, config):
    write_folder(tmp_path / "other", config)

    assert find_encoders(tmp_path) == []


def test_weights_that_lie_in_the_folder_itself_are_listed_as_a_file(tmp_path):
    write_folder(tmp_path, {"model_type": "hubert"})

    assert find_encoders(tmp_path) == ["model.safetensors"]


@pytest.mark.parametrize(
    "keys",
    [
        KEYS[1:],
        ["layer1.0.conv1.weight"],
        [f"wavlm.{key}" for key in KEYS],
        [*KEYS, "encoder.layers.0.attention.rel_attn_embed.weight"],  # WavLM
        [f"audio_encoder.wav2vec2.{key}" for key in KEYS],  # a part of something larger
    ],
)
def test_other_networks_are_left_out(tmp_path, keys):
    write_file(tmp_path / "other.safetensors", keys=keys)

    assert find_encoders(tmp_path) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: content[:4],
        lambda content: content[:100],
        lambda content: content[:-1],
        lambda content: b"\xff" * 8 + content[8:],
        lambda content: content[:8] + b"{" + b"\xff" * (len(content) - 9),
        lambda content: b"version https://git-lfs.github.com/spec/v1\n",
        lambda content: b"PK\x03\x04" + content,
    ],
)
def test_broken_files_are_left_out(tmp_path, spoil):
    path = write_file(tmp_path / "broken.safetensors")
    path.write_bytes(spoil(path.read_bytes()))
    write_file(tmp_path / "whole.safetensors")

    assert find_encoders(tmp_path) == ["whole.safetensors"]


def test_broken_links_and_folders_named_like_files_are_left_out(tmp_path):
    (tmp_path / "folder.safetensors").mkdir()
    (tmp_path / "link.safetensors").symlink_to(tmp_path / "gone.safetensors")

    assert find_encoders(tmp_path) == []


def test_linked_folders_are_entered_once(tmp_path):
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "audio_encoders"
    write_file(elsewhere / "hubert.safetensors")
    folder.mkdir()
    (folder / "first").symlink_to(elsewhere, target_is_directory=True)
    (folder / "second").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "back").symlink_to(folder, target_is_directory=True)

    assert find_encoders(folder) == ["first/hubert.safetensors"]


def test_weights_are_not_read(tmp_path):
    path = write_file(tmp_path / "large.safetensors")
    header_size = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + header_size])
    size = 1 << 36  # more bytes than any machine maps or reads at once: the file is sparse
    header[KEYS[0]] = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    for index, key in enumerate(KEYS[1:]):
        bounds = [size + 4 * index, size + 4 * index + 4]
        header[key] = {"dtype": "F32", "shape": [1], "data_offsets": bounds}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    os.truncate(path, 8 + len(text) + size + 4 * (len(KEYS) - 1))

    assert find_encoders(tmp_path) == ["large.safetensors"]


@pytest.mark.parametrize("name", ["gone", "file.txt"])
def test_a_folder_that_is_not_there_holds_nothing(tmp_path, name):
    (tmp_path / "file.txt").write_text("x")

    assert find_encoders(tmp_path / name) == []
