"""Points and boxes of a face, parsed from text and written."""

import json
from pathlib import Path

import pytest

from moda_core.face.face_text import EXTRA_NAMES, format_points, parse_box, parse_points

CASES = Path(__file__).resolve().parents[2] / "web" / "points_cases.json"
FOUR = {"left_eye": (1, 2), "right_eye": (3, 4.5), "left_mouth": (5, 6), "right_mouth": (7, 8)}


@pytest.mark.parametrize(
    "case", json.loads(CASES.read_text("utf-8")), ids=lambda case: case["text"]
)
def test_the_cases_of_the_page_are_read_alike(case):
    if case["points"] is None:
        with pytest.raises(ValueError):
            parse_points(case["text"])
    else:
        assert parse_points(case["text"]) == {k: tuple(v) for k, v in case["points"].items()}


def test_four_points_are_pairs_between_spaces():
    assert parse_points("1,2 3,4.5  5,6 7,8") == FOUR


def test_six_points_have_the_lips_last():
    points = parse_points("1,2 3,4.5 5,6 7,8 9,10 11,12")

    assert points == {**FOUR, "upper_lip": (9, 10), "lower_lip": (11, 12)}


def test_other_points_are_named_at_any_place():
    points = parse_points("chin:9,30 1,2 3,4.5 jaw_left:-1,20.5 5,6 7,8")

    assert points == {**FOUR, "chin": (9, 30), "jaw_left": (-1, 20.5)}


@pytest.mark.parametrize("name", EXTRA_NAMES)
def test_every_extra_name_is_known(name):
    assert parse_points(f"1,2 3,4.5 5,6 7,8 {name}:1,1") == {**FOUR, name: (1, 1)}


@pytest.mark.parametrize("lips", [{}, {"upper_lip": (8.25, 10), "lower_lip": (8, 11.1)}])
def test_written_points_are_read_again_to_a_tenth(lips):
    points = {**FOUR, **lips, "nose": (1234.56, 5000), "chin": (0.04, 7)}

    again = parse_points(format_points(points))

    assert list(again) == list(points)
    for name, pair in points.items():
        assert again[name] == pytest.approx(pair, abs=0.0501)


def test_written_points_are_short():
    assert format_points({**FOUR, "chin": (9.0, 30.04)}) == "1,2 3,4.5 5,6 7,8 chin:9,30"


def test_points_of_the_largest_pictures_keep_their_tenths():
    assert format_points({"left_eye": (12345.67, 30000.0)}) == "12345.7,30000"


def test_a_box_is_four_numbers():
    assert parse_box("10,20,30.5,40") == (10, 20, 30.5, 40)


@pytest.mark.parametrize(
    ("parse", "text", "remedy"),
    [
        (parse_points, "", "4 or 6 pairs x,y"),
        (parse_points, "1,2 3,4 5,6", "4 or 6 pairs x,y"),
        (parse_points, "1,2 3,4 5,6 7,8 9,9", "4 or 6 pairs x,y"),
        (parse_points, "1,2 3,4 5,6 chin:7,8", "4 or 6 pairs x,y"),
        (parse_points, "1 2 3 4", "not a pair x,y"),
        (parse_points, "left", "not a pair x,y"),
        (parse_points, "chin:7", "not a pair x,y"),
        (parse_box, "1,2,3", "x,y,width,height"),
        (parse_box, "1,2,0,4", "above 0"),
    ],
)
def test_other_texts_are_refused_with_what_they_were_and_the_form(parse, text, remedy):
    with pytest.raises(ValueError, match=remedy) as raised:
        parse(text)

    assert text.split(" ")[0] in str(raised.value)


@pytest.mark.parametrize("name", ["ear", "left_eye", ""])
def test_an_unknown_name_is_refused_with_those_there_are(name):
    with pytest.raises(ValueError, match=rf"'{name}'.*nose, chin, .*jaw_right"):
        parse_points(f"1,2 3,4 5,6 7,8 {name}:7,8")


def test_a_name_given_twice_is_refused():
    with pytest.raises(ValueError, match=r"'chin' is given twice"):
        parse_points("1,2 3,4 5,6 7,8 chin:7,8 chin:7,9")
