"""Nodes that save and load motion."""

import importlib
import json
import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from .acted_motion import acted_motion
from .starter_graph import node


@pytest.fixture
def motion(parts):
    return acted_motion(parts, 30)


def idle():
    """Return a node that makes motion from nothing."""
    values = {"pose": "first frame", "duration": 1.0, "blinks": 15.0, "glances": 0.6}
    return node("MoDAIdleMotion", **values, breath=1.0, sway=1.0, seed=0)


def saving(**inputs):
    values = {"filename_prefix": "motion/MoDA", "format": "safetensors", **inputs}
    return {"idle": idle(), "save": node("MoDASaveMotion", motion=["idle", 0], **values)}


def saved(host, result):
    (shown,) = result.ui["save"]["motions"]
    assert shown["type"] == "output"
    return host.output_folder / shown["subfolder"] / shown["filename"]


def menu_of(host):
    return host.object_info("MoDALoadMotion")["input"]["required"]["file"][1]["options"]


def loading(name):
    return {"load": node("MoDALoadMotion", file=name),
            "plot": node("MoDAPreviewMotion", motion=["load", 0])}  # fmt: skip


@pytest.mark.parametrize(("format", "precision"), [("safetensors", 0), ("json", 6e-9)])
def test_what_is_saved_can_be_loaded(host, format, precision):
    result = host.run(saving(format=format))
    (choice,) = menu_of(host)

    loaded = host.run(loading(choice))

    assert (result.error, loaded.error) == (None, None)
    assert choice == f"motion/MoDA_00001_.{format} [output]"
    motion = result.outputs["save"][0]
    found = loaded.outputs["load"][0].values
    torch.testing.assert_close(found, motion.values, atol=precision, rtol=10 * precision)
    assert torch.equal(loaded.outputs["load"][0].rest, motion.rest)
    assert loaded.outputs["load"][0].fps == motion.fps


def test_the_file_lies_where_the_prefix_says(host):
    path = saved(host, host.run(saving(filename_prefix="deep/er/face")))

    assert path == host.output_folder / "deep" / "er" / "face_00001_.safetensors"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("prefix", ["motion/MoDA", "motion//MoDA", "./motion/x/../MoDA"])
def test_no_file_is_written_over(host, prefix):
    for format in ("safetensors", "json", "safetensors"):
        host.clear_cache()
        host.run(saving(format=format, filename_prefix=prefix))

    names = sorted(path.name for path in (host.output_folder / "motion").iterdir())
    assert names == [
        "MoDA_00001_.safetensors", "MoDA_00002_.json", "MoDA_00003_.safetensors"
    ]  # fmt: skip


def test_a_prefix_that_ends_in_a_slash_writes_nothing_over(host):
    paths = []
    for _ in range(3):
        host.clear_cache()
        paths.append(saved(host, host.run(saving(filename_prefix="faces/"))))

    assert [path.name for path in paths] == [f"faces_0000{n}_.safetensors" for n in (1, 2, 3)]
    assert all(path.parent == host.output_folder and path.is_file() for path in paths)


def test_a_number_that_is_taken_is_skipped(host, monkeypatch):
    import folder_paths

    def first_number(prefix, folder):
        return folder, prefix, 1, "", prefix

    (host.output_folder / "face_00001_.json").write_text("mine")
    monkeypatch.setattr(folder_paths, "get_save_image_path", first_number)

    path = saved(host, host.run(saving(filename_prefix="face", format="json")))

    assert path.name == "face_00002_.json"
    assert (host.output_folder / "face_00001_.json").read_text() == "mine"


@pytest.mark.parametrize("prefix", ["taken/face", "face\0", "x" * 300])
def test_a_place_that_takes_no_file_is_named_in_a_sentence(host, prefix):
    (host.output_folder / "taken").touch()

    result = host.run(saving(filename_prefix=prefix))

    assert (result.error_node, result.error_type) == ("save", "OutputError")
    assert f"'{prefix[:60]}' (" in result.error
    assert result.error.rstrip().endswith("Use another name.")


@pytest.mark.parametrize("prefix", ["../out", "/out", "a/../../out", "", "  ", ".", "a/.."])
def test_nothing_is_written_outside_the_output_folder(host, prefix):
    result = host.run(saving(filename_prefix=prefix))

    assert result.error_node == "save"
    assert "ComfyUI's output folder" in result.error
    assert list(host.output_folder.iterdir()) == []


def test_motion_that_is_no_number_is_not_saved(host, motion):
    broken = replace(motion, values=motion.values * float("nan"))

    with pytest.raises(ValueError, match="The motion can't be saved"):
        host.call("MoDASaveMotion", motion=broken)


def test_that_there_is_no_file_is_said_in_the_menu_and_when_it_runs(host):
    options = menu_of(host)

    result = host.run(loading(options[0]))

    assert options == ["no motion file yet"]
    assert result.error_type == "invalid"
    assert "MoDA Save Motion" in result.error


def test_the_menu_has_the_motion_files_of_the_input_and_the_output_folder(host):
    for folder in (host.input_folder, host.output_folder):
        (folder / "deep" / "folder.json").mkdir(parents=True)
        for name in ("b.json", "a.safetensors", "deep/C.PKL", "speech.wav", "face.png"):
            (folder / name).touch()

    options = menu_of(host)

    names = ["a.safetensors", "b.json", "deep/C.PKL"]
    assert options == [*names, *(f"{name} [output]" for name in names)]


def test_the_names_are_the_hosts_own(host):
    import folder_paths

    for folder in (host.input_folder, host.output_folder):
        (folder / "deep").mkdir()
        (folder / "deep" / "a.json").write_text(folder.name)

    found = [Path(folder_paths.get_annotated_filepath(name)) for name in menu_of(host)]

    assert [path.read_text() for path in found] == ["input", "output"]


@pytest.mark.parametrize(
    "name",
    [
        "../secret.json",
        "../secret.json [output]",
        "../secret.json [temp]",
        "a/../../secret.json",
        "linked/secret.json",
        "gone.json",
        "/etc/passwd",
        "mine.txt",
    ],
)
def test_only_motion_files_of_the_input_and_the_output_folder_are_read(host, name):
    (host.base / "secret.json").write_text("{}")
    (host.input_folder / "a").mkdir()
    (host.input_folder / "mine.txt").touch()
    (host.input_folder / "linked").symlink_to(host.base, target_is_directory=True)

    result = host.run(loading(name))

    assert result.error_type == "invalid"
    assert f"'{name}' was not found" in result.error


def test_another_file_of_the_same_name_is_loaded_again(host, motion):
    path = saved(host, host.run(saving(format="json", filename_prefix="face")))
    prompt = loading("face_00001_.json [output]")
    content = json.loads(path.read_text())
    host.run(prompt)
    assert host.run(prompt).ran == []

    content["fps"] = 30
    path.write_text(json.dumps(content))
    os.utime(path, ns=(1, 1))

    result = host.run(prompt)
    assert "load" in result.ran
    assert result.outputs["load"][0].fps == 30


def test_a_liveportrait_template_is_read(host):
    frame = {"exp": np.zeros((1, 21, 3), np.float32), "scale": np.ones((1, 1), np.float32)}
    frame |= {"t": np.zeros((1, 3), np.float32), "R": np.eye(3, dtype=np.float32)[None]}
    template = {"n_frames": 3, "output_fps": 25, "motion": [frame] * 3, "c_eyes_lst": []}
    (host.input_folder / "laugh.pkl").write_bytes(pickle.dumps(template))

    (motion,) = host.call("MoDALoadMotion", file="laugh.pkl")

    assert (len(motion), motion.fps) == (3, 25)


def test_a_pickle_that_would_run_something_is_refused(host):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(host.base / "evil"),))

    (host.input_folder / "evil.pkl").write_bytes(pickle.dumps({"motion": Evil()}))
    errors = importlib.import_module(f"{host.pack.__name__}.moda_core.errors")

    with pytest.raises(errors.InputFileError, match="is not a motion file"):
        host.call("MoDALoadMotion", file="evil.pkl")

    assert not (host.base / "evil").exists()
