"""Points and boxes of a face, parsed from text."""

import pytest

from moda_core.face.face_text import parse_box, parse_points


def test_points_are_pairs_between_spaces():
    assert parse_points("1,2 3,4.5  5,6 7,8") == [(1, 2), (3, 4.5), (5, 6), (7, 8)]


def test_a_box_is_four_numbers():
    assert parse_box("10,20,30.5,40") == (10, 20, 30.5, 40)


@pytest.mark.parametrize(
    ("parse", "text", "remedy"),
    [
        (parse_points, "1,2 3,4 5,6", "4 or 6 pairs x,y"),
        (parse_points, "1 2 3 4", "4 or 6 pairs x,y"),
        (parse_points, "left right", "x,y pairs"),
        (parse_box, "1,2,3", "x,y,width,height"),
        (parse_box, "1,2,0,4", "above 0"),
    ],
)
def test_other_texts_are_refused_with_what_they_were_and_the_form(parse, text, remedy):
    with pytest.raises(ValueError, match=remedy) as raised:
        parse(text)

    assert text in str(raised.value)
