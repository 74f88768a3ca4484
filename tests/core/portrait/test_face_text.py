"""Points and boxes of a face, parsed from text."""

import pytest

from moda_core.portrait.face_text import box, points


def test_points_are_pairs_between_spaces():
    assert points("1,2 3,4.5  5,6 7,8") == [(1, 2), (3, 4.5), (5, 6), (7, 8)]


def test_a_box_is_four_numbers():
    assert box("10,20,30.5,40") == (10, 20, 30.5, 40)


@pytest.mark.parametrize(
    ("parse", "text", "remedy"),
    [
        (points, "1,2 3,4 5,6", "4 or 6 pairs x,y"),
        (points, "1 2 3 4", "4 or 6 pairs x,y"),
        (points, "left right", "x,y pairs"),
        (box, "1,2,3", "x,y,width,height"),
        (box, "1,2,0,4", "above 0"),
    ],
)
def test_other_texts_are_refused_with_what_they_were_and_the_form(parse, text, remedy):
    with pytest.raises(ValueError, match=remedy) as raised:
        parse(text)

    assert text in str(raised.value)
