"""Where model files are looked for: a folder, the environment, ComfyUI and its list."""

import os

import pytest

from moda_core.errors import InputFileError
from moda_core.model_files.catalog import named_files
from moda_core.model_files.places import command_line_places, folder_places, kind_places


@pytest.fixture
def comfyui(tmp_path):
    pack = tmp_path / "ComfyUI" / "custom_nodes" / "ComfyUI-MoDA"
    pack.mkdir(parents=True)
    return pack.parents[1]


def places_of(comfyui):
    return command_line_places(None, comfyui / "custom_nodes" / "ComfyUI-MoDA")


def test_one_folder_is_searched_for_everything(tmp_path):
    places = folder_places(tmp_path)
    net, encoder, warp = named_files(["net-200", "chinese-hubert-base", "warping_module"])

    assert {places.of_part(file.part) for file in (net, encoder, warp)} == {(tmp_path,)}
    assert places.target(net) == tmp_path / "moda" / "net-200.pth"
    assert places.target(encoder).parent == tmp_path / "audio_encoders" / "chinese-hubert-base"
    assert places.target(warp) == tmp_path / "moda" / "liveportrait" / "warping_module.pth"


def test_the_pack_finds_the_comfyui_around_it(comfyui):
    places, models = places_of(comfyui), comfyui / "models"

    assert places.of_part("motion_model") == (models / "moda",)
    assert places.of_part("encoder") == (models / "moda", models / "audio_encoders")
    assert places.of_part("spade_generator") == (models / "liveportrait", models / "moda")


def test_a_named_folder_comes_before_the_environment_and_that_before_comfyui(
    comfyui, tmp_path, monkeypatch
):
    monkeypatch.setenv("MODA_MODELS", str(tmp_path / "environment"))
    pack = comfyui / "custom_nodes" / "ComfyUI-MoDA"

    named = command_line_places(tmp_path / "named", pack)

    assert named.of_part("encoder") == (tmp_path / "named",)
    assert places_of(comfyui).of_part("encoder") == (tmp_path / "environment",)


def test_without_any_folder_the_user_is_asked_for_one(tmp_path):
    with pytest.raises(InputFileError, match=r"--models FOLDER, or set MODA_MODELS"):
        command_line_places(None, tmp_path)


def test_comfyuis_list_adds_places_in_its_order(comfyui, tmp_path):
    (comfyui / "extra_model_paths.yaml").write_text(
        f"mine:\n  base_path: {tmp_path / 'disk'}\n  moda: one\n  audio_encoders: |\n    two\n"
        "    three\n  checkpoints: other\nrelative:\n  moda: four\nempty:\n"
    )

    places, models = places_of(comfyui), comfyui / "models"

    disk = tmp_path / "disk"
    assert places.search["moda"] == (disk / "one", comfyui / "four", models / "moda")
    own = models / "audio_encoders"
    assert places.search["audio_encoders"] == (own, disk / "two", disk / "three")


def test_a_default_in_the_list_comes_first_and_gets_new_files(comfyui, tmp_path):
    (comfyui / "extra_model_paths.yaml").write_text(
        f"mine:\n  base_path: {tmp_path}\n  is_default: true\n  audio_encoders: ears\n"
    )

    places = places_of(comfyui)

    assert places.search["audio_encoders"][0] == tmp_path / "ears"
    (encoder,) = named_files(["chinese-hubert-base"])
    assert places.target(encoder).is_relative_to(tmp_path / "ears")


@pytest.mark.parametrize("text", ["a: [", "a: 3", "- a", "a:\n  base_path: 3"])
def test_a_broken_list_is_named(comfyui, text):
    (comfyui / "extra_model_paths.yaml").write_text(text)

    with pytest.raises(InputFileError, match=r"extra_model_paths\.yaml' can't be read"):
        places_of(comfyui)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the root may write anywhere")
def test_new_files_go_where_they_can_be_written(tmp_path):
    locked, free = tmp_path / "locked", tmp_path / "free"
    locked.mkdir(mode=0o500)

    places = kind_places({"moda": [locked, free]})

    assert places.targets["moda"] == free
