"""Finding the released files: layouts that people have, preferences, and what is missing."""

import json
from pathlib import Path

import pytest

from moda_core.errors import InputFileError
from moda_core.model_files.model_folder import (
    RENDERER_PARTS,
    find_model_files,
    find_motion_models,
    find_renderers,
    released_motion_models,
)

PARTS = ("appearance_feature_extractor", "motion_extractor", "warping_module", "spade_generator")
STITCHING = "stitching_retargeting_module"
ENCODER = "chinese-hubert-base"


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def add_encoder(folder, name, model_type="hubert", weights="pytorch_model.bin"):
    touch(folder, f"{name}/{weights}")
    (folder / name / "config.json").write_text(json.dumps({"model_type": model_type}))


@pytest.fixture
def released(tmp_path):
    folder = tmp_path / "models"
    touch(folder, "moda/net-200.pth")
    touch(folder, *(f"liveportrait/base_models/{part}.pth" for part in PARTS))
    touch(folder, f"liveportrait/retargeting_models/{STITCHING}.pth")
    add_encoder(folder, f"audio/{ENCODER}")
    return folder


def test_the_released_tree_is_found(released):
    files = find_model_files(released)

    base = released / "liveportrait" / "base_models"
    assert files.motion_model == released / "moda" / "net-200.pth"
    assert files.encoder == released / "audio" / ENCODER
    assert [getattr(files, part) for part in PARTS] == [base / f"{part}.pth" for part in PARTS]
    assert files.stitching_retargeting_module.name == f"{STITCHING}.pth"


def test_a_flat_folder_of_conversions_is_found(tmp_path):
    names = [f"{part}.safetensors" for part in (*PARTS, STITCHING, "moda_net-200_fp16")]
    touch(tmp_path, *names, "spade_generator.txt")
    add_encoder(tmp_path, "Chinese-HuBERT-base-fp16", weights="model.safetensors")

    files = find_model_files(tmp_path)

    assert files.motion_model.name == "moda_net-200_fp16.safetensors"
    assert files.encoder == tmp_path / "Chinese-HuBERT-base-fp16"
    assert files.spade_generator == tmp_path / "spade_generator.safetensors"


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("z/net-200.safetensors", "a/net-200.pth"),
        ("z/z/net-200.pth", "net-200_fp8.safetensors"),
        ("b/net-200.pth", "a/a/net-200.pth"),
        ("a/net-200.pth", "b/net-200.pth"),
        ("z/net-200.pth", "a/net-2000.pth"),
        ("z/z/z/net-200.pth", "animals/net-200.safetensors"),
        ("NET_200.PTH", "net-200.txt"),
    ],
    ids=["safetensors", "exact", "less deep", "by name", "whole number", "people", "case"],
)
def test_of_two_files_the_better_one_is_taken(released, better, worse):
    (released / "moda" / "net-200.pth").unlink()
    touch(released, better, worse)

    assert find_model_files(released).motion_model == released / better


@pytest.mark.parametrize("name", ["Chinese-HuBERT-base", f"models--x--{ENCODER}/snapshots/5f1"])
def test_the_encoder_is_found_by_a_part_of_its_path(released, name):
    (released / "audio" / ENCODER).rename(released / "audio" / "gone")
    add_encoder(released, name)

    assert find_model_files(released).encoder == released / name


@pytest.mark.parametrize("model_type", ["hubert", "wav2vec2"])
def test_another_encoder_is_not_taken_for_the_right_one(released, model_type):
    (released / "audio" / ENCODER).rename(released / "audio" / "other")
    add_encoder(released, "audio/other", model_type)

    with pytest.raises(InputFileError, match=ENCODER):
        find_model_files(released)


def test_files_for_animals_are_not_taken_for_those_of_people(released):
    base = released / "liveportrait" / "base_models"
    base.rename(released / "liveportrait" / "animals")

    with pytest.raises(InputFileError, match="warping_module"):
        find_model_files(released)


def test_an_encoder_without_config_is_found_by_its_name(released):
    (released / "audio" / ENCODER / "config.json").unlink()

    assert find_model_files(released).encoder == released / "audio" / ENCODER


def test_every_missing_file_is_named_with_the_place(released):
    (released / "moda" / "net-200.pth").unlink()
    (released / "liveportrait" / "base_models" / "spade_generator.pth").unlink()

    with pytest.raises(InputFileError) as caught:
        find_model_files(released)

    text = str(caught.value)
    assert "net-200 (" in text
    assert "spade_generator (" in text
    assert str(released) in text
    assert "warping_module" not in text


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_folder_is_refused(tmp_path, name):
    touch(tmp_path, "file")

    with pytest.raises(InputFileError, match=f"{name}' is not a folder"):
        find_model_files(tmp_path / name)


def test_linked_folders_are_entered_and_circles_end(released, tmp_path):
    folder = tmp_path / "links"
    folder.mkdir()
    try:
        (folder / "models").symlink_to(released, target_is_directory=True)
        (released / "back").symlink_to(folder, target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")

    assert find_model_files(folder).motion_model.name == "net-200.pth"


def test_only_the_asked_parts_must_be_there(released):
    (released / "moda" / "net-200.pth").unlink()

    files = find_model_files(released, RENDERER_PARTS)

    assert files.motion_model is None
    assert files.spade_generator.is_file()


def test_the_innermost_folder_with_all_of_the_renderer_is_listed(released):
    assert find_renderers(released) == ["liveportrait"]
    assert find_renderers(released / "liveportrait") == ["."]


def test_a_renderer_that_lacks_a_file_is_not_listed(released):
    (released / "liveportrait" / "base_models" / "spade_generator.pth").unlink()

    assert find_renderers(released) == []


def test_motion_models_are_all_weights_but_those_of_other_parts(released):
    touch(released, "mine/finetuned.safetensors", "notes.txt")

    assert find_motion_models(released) == ["mine/finetuned.safetensors", "moda/net-200.pth"]


def test_an_encoder_in_one_file_is_no_motion_model(released):
    touch(released, "chinese-hubert-base.safetensors")

    assert find_motion_models(released) == ["moda/net-200.pth"]


def test_the_released_model_is_told_by_its_file_name_alone():
    names = ["net-200-notes/other.safetensors", "net-2000.pth", "net-200-fp16.pth", "a/net-200.pth"]

    best = released_motion_models({name: Path(name) for name in names})

    assert best == ["a/net-200.pth", "net-200-fp16.pth"]
