"""The loaders: what their menus offer, and what a choice loads."""

import pytest

from .starter_graph import starter_prompt

LOADERS = {
    "MoDALoadAudioEncoder": "encoder",
    "MoDALoadMotionModel": "model",
    "MoDALoadRenderer": "renderer",
}
RENDERER_FILES = (
    "appearance_feature_extractor", "motion_extractor", "spade_generator",
    "warping_module", "stitching_retargeting_module",
)  # fmt: skip


def menu_of(host, loader):
    return host.object_info(loader)["input"]["required"][LOADERS[loader]][1]["options"]


@pytest.mark.parametrize("loader", LOADERS)
def test_the_built_in_part_is_offered_first_in_empty_folders(host, loader):
    assert menu_of(host, loader) == ["starter (built in)"]


def test_a_renderer_is_offered_when_its_files_are_all_there(host):
    folder = host.models_folder / "liveportrait" / "people"
    folder.mkdir(parents=True)
    for name in RENDERER_FILES[:-1]:
        (folder / f"{name}.safetensors").touch()
    before = menu_of(host, "MoDALoadRenderer")
    (folder / f"{RENDERER_FILES[-1]}.safetensors").touch()

    assert before == ["starter (built in)"]
    assert menu_of(host, "MoDALoadRenderer") == [*before, "liveportrait/people"]


def test_a_motion_model_in_a_sub_folder_is_offered_with_a_slash(host):
    folder = host.models_folder / "moda" / "released"
    folder.mkdir(parents=True)
    (folder / "net-200.pth").touch()

    assert menu_of(host, "MoDALoadMotionModel")[1:] == ["released/net-200.pth"]


@pytest.mark.parametrize("slash", ["/", "\\"])
def test_either_slash_finds_a_file(host, slash):
    folder = host.models_folder / "moda" / "released"
    folder.mkdir(parents=True)
    (folder / "net-200.pth").write_bytes(b"not a checkpoint")

    choice = f"released{slash}net-200.pth"
    with pytest.raises(Exception, match=r"net-200\.pth") as refused:
        host.call("MoDALoadMotionModel", model=choice)

    assert type(refused.value).__name__ == "InputFileError"
    assert host.node_classes["MoDALoadMotionModel"].validate_inputs(model=choice) is True


def test_a_file_that_is_not_there_is_refused_before_anything_runs(host):
    result = host.run(starter_prompt(model={"model": "other.pth"}))

    assert result.error_type == "invalid"
    assert "'other.pth' was not found" in result.error


def test_a_changed_file_is_loaded_again(host):
    folder = host.models_folder / "moda"
    folder.mkdir(exist_ok=True)
    (folder / "net-200.pth").write_bytes(b"one")
    cls = host.node_classes["MoDALoadMotionModel"]
    first = cls.fingerprint_inputs(model="net-200.pth", precision="auto")
    same = cls.fingerprint_inputs(model="net-200.pth", precision="auto")
    (folder / "net-200.pth").write_bytes(b"other")

    assert first == same
    assert cls.fingerprint_inputs(model="net-200.pth", precision="auto") != first


@pytest.mark.parametrize("loader", LOADERS)
def test_what_is_loaded_has_a_short_name_for_logs(host, loader):
    (loaded,) = host.call(loader)

    assert len(repr(loaded)) < 60
    assert loaded.get_ram_usage() >= 0


def test_the_motion_model_lies_in_one_patcher_and_nothing_is_loaded_yet(host):
    (loaded,) = host.call("MoDALoadMotionModel")

    assert [patcher.model for patcher in loaded.patchers] == [loaded.model.network]
    assert loaded.get_ram_usage() > 1e6
    assert host.loads == []


@pytest.mark.parametrize(
    "node_id", ["MoDALoadAudioEncoder", "MoDALoadMotionModel", "MoDALoadRenderer"]
)
def test_a_menu_that_another_node_fills_is_not_refused(host, node_id):
    node = host.node_classes[node_id]

    assert node.validate_inputs(None) is True
    assert node.fingerprint_inputs(None) == ""
