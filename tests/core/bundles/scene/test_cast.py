"""The people of a scene, and what can't be one."""

from dataclasses import replace

import pytest
import torch

from moda_core.bundles.scene.cast import Cast, Speaker
from moda_core.warp.warp_renderer import WarpRenderer
from tests.bench.stand_ins import stand_in_renderer
from tests.two_people import NAMES, two_people, two_speakers


@pytest.fixture(scope="module")
def cast():
    return two_speakers(WarpRenderer())


def test_speakers_are_added_in_front(cast):
    anna, ben = cast.speakers

    assert Cast((anna,)).with_speaker(ben).names == NAMES
    assert (len(cast), cast.size) == (2, (563, 304))


@pytest.mark.parametrize("name", ["anna", " Anna ", "ANNA"])
def test_a_name_used_twice_is_refused(cast, name):
    with pytest.raises(ValueError, match=f"{name.strip()}.*twice"):
        Cast((cast.speakers[0],)).with_speaker(replace(cast.speakers[1], name=name))


@pytest.mark.parametrize("name", ["", " ", "Anna+Ben", "a, b", "a;b", "#1", 41 * "n"])
def test_a_name_that_a_list_of_turns_could_not_hold_is_refused(cast, name):
    with pytest.raises(ValueError, match="1 to 40"):
        replace(cast.speakers[0], name=name)


@pytest.mark.parametrize("name", ["Nobody", "end", "F", "seconds"])
def test_a_name_with_a_meaning_of_its_own_is_refused(cast, name):
    with pytest.raises(ValueError, match=f"'{name}'.*meaning"):
        replace(cast.speakers[0], name=name)


def test_no_speaker_is_refused():
    with pytest.raises(ValueError, match="no speaker"):
        Cast(())


def test_portraits_of_two_renderers_are_refused(cast):
    image, faces = two_people()
    other = stand_in_renderer("cpu").portrait(image, faces[1])

    with pytest.raises(ValueError, match=r"starter.*LivePortrait"):
        Cast((cast.speakers[0], Speaker("Ben", other)))


@pytest.mark.parametrize("gap", [0, 20])
def test_portraits_of_two_pictures_are_refused(cast, gap):
    image, faces = two_people(gap)
    other = WarpRenderer().portrait(255 - image, faces[1])

    with pytest.raises(ValueError, match="Anna and Ben are of different pictures, 563x304"):
        Cast((cast.speakers[0], Speaker("Ben", other)))


def test_equal_pictures_need_not_be_one_in_memory(cast):
    image, faces = two_people()
    other = WarpRenderer().portrait(image.clone(), faces[1])

    assert Cast((cast.speakers[0], Speaker("Ben", other))).names == NAMES


def test_one_face_for_two_people_is_refused(cast):
    with pytest.raises(ValueError, match="Anna and Ben have the same face"):
        Cast((cast.speakers[0], replace(cast.speakers[0], name="Ben")))


def test_a_mask_of_another_size_is_refused(cast):
    with pytest.raises(ValueError, match=r"\(304, 563\)"):
        replace(cast.speakers[0], mask=torch.ones(10, 10))
