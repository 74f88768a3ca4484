"""Nodes that load the files of a folder, for each of which the host runs the graph."""

import wave

import numpy as np
import pytest
from PIL import Image

from ..host.host import ROOT
from .media import read_video
from .starter_graph import POINTS, node

PICTURES, SOUNDS = "MoDALoadPictureFolder", "MoDALoadSoundFolder"
EXAMPLE = ROOT / "moda_core" / "example"


@pytest.fixture
def seen(host):
    """Run a prompt with `TestSeen`; return the result and what the node was given."""
    from .seen_node import CALLS, Seen  # which only a host can import

    host.add(Seen)

    def run(prompt):
        CALLS.clear()
        return host.run(prompt), list(CALLS)

    return run


@pytest.fixture
def folder(host):
    """A folder with pictures of three sizes and two recordings."""
    path = host.input_folder / "mine" / "faces"
    path.mkdir(parents=True)
    for index, name in enumerate(("b.png", "a.JPG", "c.webp")):
        Image.new("RGB", (64 + index, 70), (10 * index, 99, 0)).save(path / name)
    for name, rate in (("x.wav", 8000), ("y.wav", 16000)):
        write_sound(path / name, rate)
    (path / "notes.txt").touch()
    (path / ".hidden.png").touch()
    return path


def write_sound(path, rate, seconds=0.5):
    samples = (8000 * np.sin(np.arange(round(rate * seconds)) / 9)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", "not compressed"))
        file.writeframes(samples.tobytes())


def loading(node_id, folder="mine/faces", skip=0, count=100):
    return node(node_id, folder=folder, skip=skip, count=count)


def menu_of(host, node_id=PICTURES):
    return host.object_info(node_id)["input"]["required"]["folder"][1]["options"]


def graph(**changes):
    links = {"image": ["faces", 0], "name": ["faces", 1], "audio": ["sounds", 0]}
    return {
        "faces": loading(PICTURES, **changes),
        "sounds": loading(SOUNDS),
        "seen": node("TestSeen", **links),
    }


def test_both_outputs_are_lists(host):
    for node_id in (PICTURES, SOUNDS):
        assert host.object_info(node_id)["output_is_list"] == [True, True]


def test_nodes_behind_it_run_once_for_each_picture_in_the_order_of_names(seen, folder):
    result, calls = seen(graph())

    assert result.error is None
    images, audios, names = zip(*calls, strict=True)
    assert names == ("a", "b", "c")
    assert [tuple(image.shape) for image in images] == [(1, 70, n, 3) for n in (65, 64, 66)]
    assert abs(float(images[2][0, 0, 0, 0]) - 20 / 255) < 4 / 255
    assert [audio["sample_rate"] for audio in audios] == [8000, 16000, 16000]  # the last again
    assert audios[0]["waveform"].shape == (1, 1, 4000)


def test_some_are_left_out(seen, folder):
    result, calls = seen(graph(skip=1, count=1))

    assert result.error is None
    assert [name for _, _, name in calls] == ["b", "b"]  # once for each recording


def test_each_picture_becomes_a_video_of_its_own(host):
    path = host.input_folder / "two"
    path.mkdir()
    image = Image.open(EXAMPLE / "portrait.jpg")
    image.save(path / "one.png")
    image.convert("L").save(path / "two.png")
    write_sound(path / "tone.wav", 16000, 0.2)
    prompt = {
        "faces": loading(PICTURES, "two"),
        "sounds": loading(SOUNDS, "two"),
        "renderer": node("MoDALoadRenderer", renderer="starter (built in)", precision="auto"),
        "portrait": node(
            "MoDAExtractIdentity",
            renderer=["renderer", 0],
            image=["faces", 0],
            face_index=0,
            face_order="largest",
            crop_scale=2.3,
            points=POINTS,
            box="",
        ),
        "motion": node(
            "MoDAIdleMotion",
            **{"pose": "first frame", "duration": 0.2, "blinks": 15.0, "glances": 0.6},
            **{"breath": 1.0, "sway": 1.0, "seed": 0},
        ),
        "video": node(
            "MoDARenderVideo",
            renderer=["renderer", 0],
            portrait=["portrait", 0],
            motion=["motion", 0],
            audio=["sounds", 0],
            fps=25.0,
            quality="standard",
        ),
        "save": node(
            "SaveVideo",
            video=["video", 0],
            filename_prefix=["faces", 1],
            format="auto",
            codec="auto",
        ),
    }

    result = host.run(prompt)

    assert result.error is None
    assert result.ran.count("renderer") == 1
    videos = sorted(path.name for path in host.output_folder.glob("*.mp4"))
    assert videos == ["one_00001_.mp4", "two_00001_.mp4"]
    first, second = (read_video(host.output_folder / name).frames for name in videos)
    assert np.ptp(first.astype(int), axis=-1).max() > 100
    assert np.ptp(second.astype(int), axis=-1).max() < 20  # grey


def test_the_menu_has_the_folders_with_files_of_the_kind(host, folder):
    (host.input_folder / "deep" / "empty").mkdir(parents=True)
    assert menu_of(host) == menu_of(host, SOUNDS) == ["mine/faces"]

    Image.new("RGB", (64, 64)).save(host.input_folder / "z.png")
    (host.output_folder / "out.png").touch()
    assert menu_of(host) == ["(input folder)", "mine/faces"]
    assert menu_of(host, SOUNDS) == ["mine/faces"]


def test_the_input_folder_itself_can_be_loaded(host, seen):
    Image.new("RGB", (64, 64)).save(host.input_folder / "z.png")
    prompt = graph(folder="(input folder)")
    del prompt["sounds"], prompt["seen"]["inputs"]["audio"]

    _, calls = seen(prompt)

    assert [name for _, _, name in calls] == ["z"]


def test_that_there_is_no_folder_is_said_in_the_menu_and_when_it_runs(host, seen):
    (option,) = menu_of(host)
    prompt = graph(folder=option)

    result, calls = seen(prompt)

    assert (result.error_type, calls) == ("invalid", [])
    assert "ComfyUI's input folder" in result.error


@pytest.mark.parametrize(
    "name", ["..", "../out", "mine/../..", "/etc", "mine/faces/..", "linked", "gone", "mine/faces/"]
)
def test_only_folders_of_the_input_folder_are_read(host, seen, folder, tmp_path, name):
    for place in (host.base, tmp_path):
        Image.new("RGB", (64, 64)).save(place / "secret.png")
    (host.input_folder / "linked").symlink_to(tmp_path, target_is_directory=True)

    result, calls = seen(graph(folder=name))

    assert (result.error_type, calls) == ("invalid", [])
    assert f"'{name}'" in result.error


def test_leaving_out_all_is_refused_with_the_number_of_files(seen, folder):
    result, calls = seen(graph(skip=3))

    assert (result.error_type, calls) == ("invalid", [])
    assert "3 such files" in result.error


def test_a_file_that_is_no_picture_is_named(seen, folder):
    (folder / "b.png").write_bytes(b"hello, this is no picture")

    result, _ = seen(graph())

    assert (result.error_node, result.error_type) == ("faces", "InputFileError")
    assert "b.png" in result.error


def test_another_file_in_the_folder_is_noticed(seen, folder):
    seen(graph())
    assert seen(graph())[0].ran == []

    Image.new("RGB", (80, 70)).save(folder / "d.png")
    _, calls = seen(graph())

    assert [name for _, _, name in calls] == ["a", "b", "c", "d"]
