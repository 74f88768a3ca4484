"""The expression set by hand, and the picture of it that the page asks for."""

import asyncio
import importlib
import json
import os
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from .acted_motion import EXPRESSION
from .starter_graph import node, starter_prompt

SLIDERS = ("jaw", "smile", "pucker", "blink_left", "blink_right", "brows", "gaze_x", "gaze_y")
ANGLES = ("pitch", "yaw", "roll")
LIP, SMILE, LEFT_LID = 58, 53, 34  # dims of keypoints 19, 17 and 11


@pytest.fixture
def preview(host):
    """The module of the route, with no face prepared."""
    module = importlib.import_module(f"{host.pack.__name__}.nodes.expression_preview")
    module._face.cache_clear()
    return module


@pytest.fixture
def photo(host, parts):
    """The name of a picture in the input folder."""
    write_photo(host.input_folder / "me.png", parts)
    return "me.png"


def write_photo(path, parts, light=1.0):
    pixels = (parts.image[0] * 255 * light).round().byte().numpy()
    Image.fromarray(pixels).save(path)


def asked(picture=None, face=None, **values):
    everything = dict.fromkeys((*SLIDERS, *ANGLES), 0.0) | {"neutralise": False} | values
    return {"picture": picture or {}, "values": everything} | ({"face": face} if face else {})


def pixels_of(answer):
    image = Image.open(BytesIO(answer))
    assert image.format == "JPEG"
    return np.asarray(image).astype(int)


def test_alone_it_is_one_frame_from_rest(host):
    (motion,) = host.call("MoDAExpression", jaw=0.5, yaw=-10.0)

    assert (len(motion), motion.fps) == (1, 25)
    moved = motion.values[0, EXPRESSION] - motion.rest
    assert moved[LIP - 1 : LIP].abs().max() < 1e-6 < moved[LIP]
    assert motion.values[0, -3:].tolist() == [0.0, -10.0, 0.0]


def test_with_a_motion_every_frame_changes_by_the_same(host, parts):
    (motion,) = host.call("MoDAExpression", motion=parts.motion, smile=0.5, pitch=3.0)

    change = motion.values - parts.motion.values
    torch.testing.assert_close(change, change[:1].expand_as(change), rtol=0, atol=1e-5)
    assert change[0, 67] == pytest.approx(3.0, abs=1e-4)
    assert torch.equal(motion.rest, parts.motion.rest)


def test_by_default_nothing_changes(host, parts):
    (motion,) = host.call("MoDAExpression", motion=parts.motion)

    assert torch.equal(motion.values, parts.motion.values)


def test_neutralising_lowers_the_corners_of_a_smiling_face(host, parts):
    (rest,) = host.call("MoDAExpression", portrait=parts.portrait)
    (neutral,) = host.call("MoDAExpression", portrait=parts.portrait, neutralise=True)

    assert not torch.equal(rest.values, neutral.values)
    assert neutral.values[0, LEFT_LID] == rest.values[0, LEFT_LID]


def test_neutralising_needs_a_portrait(host):
    with pytest.raises(ValueError, match="Link 'portrait'"):
        host.call("MoDAExpression", neutralise=True)


def expression_prompt(host, **values):
    prompt = starter_prompt()
    inputs = host.object_info("MoDAExpression")["input"]["required"]
    defaults = {name: options["default"] for name, (_, options) in inputs.items()}
    prompt = {key: prompt[key] for key in ("example", "renderer", "portrait")}
    prompt["face"] = node("MoDAExpression", **defaults | values, portrait=["portrait", 0])
    prompt["frames"] = node(
        "MoDARenderFrames",
        renderer=["renderer", 0],
        portrait=["portrait", 0],
        motion=["face", 0],
        fps=25.0,
    )
    frames = host.object_info("MoDARenderFrames")["input"]["required"]
    links = ("renderer", "portrait", "motion")
    prompt["frames"]["inputs"] |= {
        name: entry[1]["default"] for name, entry in frames.items() if name not in links
    }
    prompt["plot"] = node("PreviewImage", images=["frames", 0])
    return prompt


def test_a_run_shows_the_picture_and_tells_the_page_which_face_it_saw(host, preview):
    result = host.run(expression_prompt(host, jaw=1.0))

    assert result.error is None
    seen = json.loads(result.ui["face"]["moda_face"][0])
    assert (host.temp_folder / seen["filename"]).is_file()
    assert max(pixels_of(preview.expression_picture(asked(seen))).shape) == 256


def test_the_page_gets_the_example_where_nothing_is_linked(preview):
    rest, opened = (
        pixels_of(preview.expression_picture(asked(jaw=jaw, neutralise=neutralise)))
        for jaw, neutralise in ((0.0, False), (1.0, True))
    )

    assert rest.shape == (256, 256, 3)
    assert np.abs(rest - opened).max() > 60


def test_the_page_gets_the_example_that_it_names(preview):
    names = [{"example": name} for name in preview.PICTURES]

    answers = {preview.expression_picture(asked(name)) for name in names}

    assert len(answers) >= 2
    with pytest.raises(ValueError, match="Ada"):
        preview.expression_picture(asked({"example": "Ada"}))


def test_a_face_is_prepared_once_for_a_file(preview, photo, monkeypatch):
    found = []
    monkeypatch.setattr(
        preview,
        "previewed_face",
        lambda *values, own=preview.previewed_face: found.append(values) or own(*values),
    )
    for jaw in (0.0, 0.2, 0.4):
        preview.expression_picture(asked({"filename": photo}, jaw=jaw))
    preview.expression_picture(asked({"filename": photo}, {"face_order": "center"}))

    assert len(found) == 2


def test_a_changed_file_is_seen_anew(host, parts, preview, photo):
    before = pixels_of(preview.expression_picture(asked({"filename": photo})))
    write_photo(host.input_folder / photo, parts, light=0.5)
    os.utime(host.input_folder / photo, ns=(1, 1))

    after = pixels_of(preview.expression_picture(asked({"filename": photo})))

    assert after.mean() < 0.7 * before.mean()


def test_the_chosen_face_is_shown(host, preview):
    alone = pixels_of(preview.expression_picture(asked({"example": "Eileen Collins"})))
    both, order = {"example": "both side by side"}, {"face_order": "left to right"}

    left, right = (
        pixels_of(preview.expression_picture(asked(both, {"face_index": index, **order})))
        for index in (0, 1)
    )

    assert np.abs(left - alone).mean() < 5
    assert np.abs(left[: len(right)] - right[: len(left)]).mean() > 20


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"face_index": 7}, "face"),
        ({"points": "1,2"}, "4 or 6 pairs"),
        ({"box": "x"}, "x,y,width,height"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_choice_is_told_in_a_sentence(preview, given, told):
    with pytest.raises(ValueError, match=told):
        preview.expression_picture(asked(face=given))


def test_a_picture_without_a_face_is_told_and_not_searched_again(host, preview, monkeypatch):
    Image.new("RGB", (300, 300), (90, 90, 90)).save(host.input_folder / "wall.png")
    for _ in range(2):
        with pytest.raises(ValueError, match="face"):
            preview.expression_picture(asked({"filename": "wall.png"}))
        monkeypatch.setattr(preview, "previewed_face", None)


@pytest.mark.parametrize("name", [*SLIDERS, *ANGLES])
@pytest.mark.parametrize("value", [99, None, "x", float("nan")])
def test_a_wrong_value_is_told(preview, name, value):
    with pytest.raises(ValueError):
        preview.expression_picture(asked(**{name: value}))


@pytest.mark.parametrize("request_", [{}, [], None, "x", {"picture": 1, "values": {}}])
def test_a_request_of_another_form_is_told(preview, request_):
    with pytest.raises(ValueError):
        preview.expression_picture(request_)


def test_other_files_are_refused(host, preview):
    Image.new("RGB", (300, 300)).save(host.base / "user" / "secret.png")

    with pytest.raises(ValueError, match="not the name of a file"):
        preview.expression_picture(asked({"filename": "../user/secret.png"}))


def test_the_route_answers_with_a_picture_or_a_sentence(preview):
    pytest.importorskip("aiohttp")

    def answer(value):
        async def read():
            return value

        return asyncio.run(preview.answer_expression(SimpleNamespace(json=read)))

    picture, refusal = answer(asked()), answer({})

    assert (picture.status, picture.content_type) == (200, "image/jpeg")
    assert refusal.status == 400
    assert "request" in refusal.text
