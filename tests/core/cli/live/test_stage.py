"""What the viewers of the live page share: sizes that are fast enough, and pictures."""

import pytest

from moda_core.bundles.load import load_starter
from moda_core.cli.live import stage
from moda_core.cli.live.stage import Stage, fitting_portrait
from moda_core.errors import MoDAError
from moda_core.example import PORTRAIT
from moda_core.portrait.find_face import FaceChoice

SIZES, FACE = (160, 128, 112), FaceChoice()


@pytest.fixture(scope="module")
def starter():
    return load_starter()


@pytest.fixture(scope="module")
def prepared(starter):
    return Stage(starter, starter.portrait(PORTRAIT, limit=160), PORTRAIT, FACE, sizes=SIZES)


@pytest.mark.parametrize(("fast_enough", "expected"), [(0.0, 112), (float("inf"), 160)])
def test_the_largest_size_that_is_fast_enough_is_taken_else_the_smallest(
    monkeypatch, starter, fast_enough, expected
):
    monkeypatch.setattr(stage, "FAST_ENOUGH", fast_enough)

    portrait, size, load = fitting_portrait(starter, PORTRAIT, FACE, SIZES)

    assert size == max(portrait.size) == expected
    assert load > 0


def test_a_size_in_which_the_face_is_too_small_is_not_taken(monkeypatch, starter):
    monkeypatch.setattr(stage, "FAST_ENOUGH", 0.0)

    assert fitting_portrait(starter, PORTRAIT, FACE, (160, 40))[1] == 160
    with pytest.raises(MoDAError, match="too small"):
        fitting_portrait(starter, PORTRAIT, FACE, (40,))


@pytest.mark.parametrize(("size", "expected"), [(512, 160), (160, 128), (129, 128), (112, None)])
def test_the_next_smaller_size_is_the_largest_below(prepared, size, expected):
    assert prepared.smaller(size) == expected


@pytest.mark.parametrize("content", [None, PORTRAIT.read_bytes()])
def test_a_picture_is_prepared_again_in_another_size(prepared, content):
    assert max(prepared.read_portrait(content, 112).size) == 112


def test_a_file_that_is_no_picture_is_named_as_such(prepared):
    with pytest.raises(MoDAError, match="The picture"):
        prepared.read_portrait(b"no picture", 112)
