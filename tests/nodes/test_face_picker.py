"""The routes that the face picker asks, and what nodes tell it of a run."""

import asyncio
import importlib
import io
import json
import os
import sys
from types import SimpleNamespace

import av
import numpy as np
import pytest
import torch
from PIL import Image

from ..host.host import ROOT
from .starter_graph import POINTS, starter_prompt

EXAMPLE = ROOT / "moda_core" / "example"
FIRST, SECOND = EXAMPLE / "portrait.jpg", EXAMPLE / "second_portrait.jpg"
TOLERANCE = 8.0  # pixels, of the same face in a picture that was compressed again


@pytest.fixture
def module(host):
    """The module of the routes' answers."""
    return importlib.import_module(f"{host.pack.__name__}.nodes.face_picker")


@pytest.fixture
def ask(module):
    """Ask for faces; returns the status and the answer as JSON brings it to the page."""

    def ask(**query):
        status, answer = module.faces_answer(query)
        return status, json.loads(json.dumps(answer))

    return ask


@pytest.fixture
def three(host):
    """A picture of three faces in the input folder: a small one, the largest, and a middle one."""
    sheet = Image.new("RGB", (1100, 600), "gray")
    for path, side, left in ((FIRST, 250, 0), (SECOND, 520, 280), (FIRST, 300, 800)):
        sheet.paste(Image.open(path).resize((side, side)), (left, 40))
    sheet.save(host.input_folder / "three.png")
    return "three.png"


def write_clip(path, frames):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", 25)
        stream.height, stream.width = frames[0].shape[:2]
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        container.mux(stream.encode(None))


def centers(answer):
    return [x + width / 2 for x, _, width, _ in (face["box"] for face in answer["faces"])]


def test_every_face_is_found_and_numbered_in_the_order_of_the_node(ask, three):
    status, answer = ask(filename=three, face_order="left to right")

    xs = [centers(answer)[index] for index in answer["order"]]
    assert status == 200
    assert answer["size"] == [1100, 600]
    assert answer["is_complete"]
    assert len(xs) == 3
    assert xs == sorted(xs)


@pytest.mark.parametrize("order", ["largest", "left to right", "center"])
@pytest.mark.parametrize("box", ["", "0,0,560,600"])
def test_the_numbers_are_those_of_a_run(host, parts, ask, three, order, box):
    image = torch.from_numpy(np.array(Image.open(host.input_folder / three)) / 255.0).float()[None]
    _, answer = ask(filename=three, face_order=order, box=box)

    for number, index in enumerate(answer["order"]):
        portrait = host.call(
            "MoDAExtractIdentity",
            renderer=parts.renderer,
            image=image,
            face_order=order,
            face_index=number,
            box=box,
        )[0]
        expected = answer["faces"][index]["points"]["left_eye"]
        assert portrait.landmarks.left_eye == pytest.approx(expected, abs=0.1)
    assert len(answer["order"]) == (3 if not box else 2)


def test_a_quick_look_says_that_small_faces_were_left_out(ask, three):
    _, quick = ask(filename=three, quick="1")
    _, thorough = ask(filename=three)
    _, again = ask(filename=three, quick="1")

    assert not quick["is_complete"]
    assert thorough["is_complete"]
    assert again == thorough


def test_a_picture_is_searched_once_until_its_file_changes(host, ask, module, three, monkeypatch):
    calls = []
    find_faces = module.find_faces
    monkeypatch.setattr(
        module, "find_faces", lambda *a, **k: calls.append(1) or find_faces(*a, **k)
    )

    for order in ("largest", "center"):
        ask(filename=three, face_order=order)
    once = len(calls)
    os.utime(host.input_folder / three, ns=(1, 1))
    ask(filename=three)

    assert (once, len(calls)) == (1, 2)


def test_only_the_last_pictures_are_remembered(host, ask, module, monkeypatch):
    kept = module.SeenPictures()
    monkeypatch.setattr(module, "_seen", kept)
    monkeypatch.setattr(module, "find_faces", lambda image, every: [])
    for index in range(module.MOST_KEPT + 3):
        Image.new("RGB", (20, 20)).save(host.input_folder / f"{index}.png")
        ask(filename=f"{index}.png")

    assert len(kept._kept) == module.MOST_KEPT


def test_only_the_last_runs_are_remembered(module, ask, monkeypatch):
    monkeypatch.setattr(module, "_runs", module.RunPictures())
    monkeypatch.setattr(module, "find_faces", lambda image, every: [])
    picture = torch.zeros(20, 20, 3, dtype=torch.uint8)
    runs = [
        json.loads(module.seen_picture(picture)["moda_seen"][0])
        for _ in range(module.MOST_KEPT + 1)
    ]

    assert [ask(**run)[0] for run in runs] == [404] + [200] * module.MOST_KEPT


def test_the_picture_is_a_jpeg_of_a_bounded_size(host, module):
    Image.open(FIRST).resize((3000, 2250)).save(host.input_folder / "large.jpg")

    status, content = module.picture_answer({"filename": "large.jpg"})

    with Image.open(io.BytesIO(content)) as image:
        assert (status, image.format) == (200, "JPEG")
        assert image.size == (module.PREVIEW_SIDE, module.PREVIEW_SIDE * 3 // 4)


def test_a_part_of_a_large_picture_keeps_its_own_pixels(host, module):
    picture = Image.open(FIRST).resize((3000, 2250))
    picture.save(host.input_folder / "large.png")
    query = {"filename": "large.png"}

    status, content = module.picture_answer({**query, "part": "1000,500,400,300"})

    with Image.open(io.BytesIO(content)) as image:
        expected = np.array(picture.crop((1000, 500, 1400, 800)), float)
        assert (status, image.size) == (200, (400, 300))
        assert np.abs(np.array(image) - expected).mean() < 4
    for part in ("5000,5000,10,10", "-5,0,10,10", "0,0,10", "0,0,0,0"):
        assert module.picture_answer({**query, "part": part})[0] == 400


def test_a_part_of_a_video_is_of_the_frame_with_a_face(host, module):
    face = np.array(Image.open(FIRST).resize((400, 400)))
    write_clip(host.input_folder / "late.mp4", [np.zeros_like(face)] * 3 + [face] * 3)

    query = {"filename": "late.mp4", "media": "video", "part": "100,100,200,200"}
    _, content = module.picture_answer(query)

    with Image.open(io.BytesIO(content)) as image:
        assert np.abs(np.array(image) - face[100:300, 100:300].astype(float)).mean() < 12


def test_a_masked_picture_is_seen_as_load_image_gives_it(host, ask):
    picture = Image.open(FIRST).convert("RGBA")
    picture.putalpha(0)  # as the mask editor saves it: covered, with its colors
    picture.save(host.input_folder / "painted.png")

    assert len(ask(filename="painted.png")[1]["faces"]) == 1


def test_the_examples_are_asked_for_by_name(ask):
    status, answer = ask(filename="both side by side", type="example")

    assert (status, len(answer["faces"]), answer["size"]) == (200, 2, [1126, 608])
    assert ask(filename="nobody", type="example")[0] == 400


def test_a_video_shows_the_first_frame_with_a_face(host, ask):
    face = np.array(Image.open(FIRST).resize((400, 400)))
    frames = [np.full_like(face, 90)] * 3 + [face] * 3
    write_clip(host.input_folder / "late.mp4", frames)

    _, answer = ask(filename="late.mp4", media="video", node="MoDATrackFace")

    assert answer["size"] == [400, 400]
    assert len(answer["faces"]) == 1
    assert answer["problem"] == ""


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"face_index": "7"}, "7"),
        ({"points": "1,2 3,4"}, "1,2 3,4"),
        ({"points": "210,180 300,182 225,90 290,91"}, "mouth below the eyes"),
        ({"points": "9210,180 9300,182 9225,290 9290,291"}, "left_eye"),
        ({"box": "1,2,3"}, "1,2,3"),
    ],
)
def test_what_a_run_would_refuse_is_said_in_its_words(ask, three, values, named):
    status, answer = ask(filename=three, **values)

    assert status == 200
    assert named in answer["problem"]


@pytest.mark.parametrize("values", [{}, {"points": POINTS}, {"face_index": "1"}])
def test_what_a_run_accepts_is_no_problem(ask, values):
    _, answer = ask(filename="both side by side", type="example", **values)

    assert answer["problem"] == ""


@pytest.mark.parametrize(
    ("name", "subfolder", "kind"),
    [
        ("../secret.png", "", "input"),
        ("secret.png", "..", "input"),
        ("secret.png", "a/../..", "input"),
        ("..\\secret.png", "", "input"),
        ("C:\\secret.png", "", "input"),
        ("", "", "input"),
        ("a\0b.png", "", "input"),
        ("three.png", "", "models"),
        ("three.png", "", "user"),
        ("three.png [models]", "", "models"),
    ],
)
def test_other_places_than_the_hosts_folders_are_refused(host, ask, three, name, subfolder, kind):
    Image.open(FIRST).save(host.base / "secret.png")

    status, answer = ask(filename=name, subfolder=subfolder, type=kind)

    assert status == 400
    assert answer["error"].endswith(".")


def test_absolute_paths_are_refused(host, ask, three):
    for query in (
        {"filename": str(host.input_folder / three)},
        {"filename": three, "subfolder": str(host.input_folder)},
    ):
        assert ask(**query)[0] == 400


@pytest.mark.parametrize("name", ["nothing.png", "sub/nothing.png", "nothing.png [output]"])
def test_a_file_that_is_not_there_is_named(ask, name):
    status, answer = ask(filename=name)

    assert status == 404
    assert "nothing.png" in answer["error"]


def test_a_note_of_the_folder_counts(host, ask):
    (host.output_folder / "mine").mkdir()
    Image.open(FIRST).save(host.output_folder / "mine" / "a.png")

    assert ask(filename="mine/a.png [output]")[0] == 200
    assert ask(filename="a.png", subfolder="mine", type="output")[0] == 200
    assert ask(filename="mine/a.png")[0] == 404


@pytest.mark.parametrize("media", ["picture", "video"])
def test_a_file_of_another_kind_is_refused(host, ask, media):
    (host.input_folder / "notes.png").write_text("no picture")

    status, answer = ask(filename="notes.png", media=media)

    assert status == 400
    assert "notes.png" in answer["error"]


class Server:
    """The host's server with its routes, as aiohttp's table of them."""

    def __init__(self):
        self.routes, self.handlers = self, {}

    def route(self, method, path):
        return lambda handler: self.handlers.setdefault((method, path), handler)


def test_the_routes_answer_a_request(host, monkeypatch, three):
    import server

    web = SimpleNamespace(
        json_response=lambda found, status: (status, json.dumps(found)),
        Response=lambda body, content_type: (content_type, body),
    )
    monkeypatch.setitem(sys.modules, "aiohttp", SimpleNamespace(web=web))
    monkeypatch.setattr(server.PromptServer, "instance", Server(), raising=False)
    asyncio.run(asyncio.run(host.pack.comfy_entrypoint()).get_node_list())
    handlers = server.PromptServer.instance.handlers

    def get(path, **query):
        request = SimpleNamespace(rel_url=SimpleNamespace(query=query))
        return asyncio.run(handlers["GET", path](request))

    status, text = get("/moda/faces", filename=three)
    assert (status, len(json.loads(text)["faces"])) == (200, 3)
    assert get("/moda/faces", filename="../x")[0] == 400
    assert get("/moda/face_picture", filename=three)[0] == "image/jpeg"
    assert get("/moda/face_picture", filename="no.png")[0] == 404


def test_a_run_tells_where_the_picture_is_that_it_saw(host, ask):
    result = host.run(starter_prompt(portrait={"points": ""}))

    [text] = result.ui["portrait"]["moda_seen"]
    status, answer = ask(**json.loads(text))
    _, original = ask(filename="Eileen Collins", type="example")
    assert (status, answer["size"]) == (200, original["size"])
    assert centers(answer) == pytest.approx(centers(original), abs=TOLERANCE)


def test_the_mask_of_a_run_numbers_only_the_faces_inside_it(module, ask, three, host):
    image = torch.from_numpy(np.array(Image.open(host.input_folder / three)))
    mask = torch.zeros(image.shape[:2])
    mask[:, 760:] = 1

    [text] = module.seen_picture(image, mask)["moda_seen"]
    _, answer = ask(**json.loads(text))

    assert len(answer["faces"]) == 3
    assert [centers(answer)[index] > 760 for index in answer["order"]] == [True]
