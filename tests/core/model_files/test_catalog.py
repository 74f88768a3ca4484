"""The table of published files agrees with itself and with what the loaders expect."""

import json
import re
from math import prod
from pathlib import Path

import pytest

from moda_core.model_files.catalog import (
    RENDERER_GROUP,
    TABLE,
    choices,
    known_files,
    named_files,
    published_files,
)
from moda_core.model_files.model_folder import PARTS, RENDERER_PARTS
from moda_core.weights.released_files import expected_shapes

KNOWN = [file for part in PARTS for file in known_files(part)]
FILES = list(dict.fromkeys([*published_files(), *KNOWN]))
ENCODER_SHAPES = Path(__file__).parents[2] / "parity" / "manifests" / "hubert_base.json"
BYTES = 4  # of a float32
NAMES_SIZE = 400  # bytes that a file needs for each tensor beside its values


def shapes_of(part):
    if part == "encoder":
        return json.loads(ENCODER_SHAPES.read_text("utf-8"))
    return expected_shapes(part.replace("motion_model", "motion model"))


@pytest.fixture(params=FILES, ids=lambda file: file.url.rpartition("resolve/")[2][:8] + file.name)
def file(request):
    return request.param


def test_there_is_one_file_to_fetch_for_each_part():
    assert tuple(file.part for file in published_files()) == PARTS


def test_revisions_and_hashes_are_whole(file):
    assert file.revision is None or re.fullmatch("[0-9a-f]{40}", file.revision)
    assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256)
    assert file.size or file.weights_size
    assert re.fullmatch(r"[\w-]+/[\w-]+", file.repo_id)


def test_no_two_files_have_one_hash():
    hashes = [file.sha256 for file in KNOWN]

    assert len(set(hashes)) == len(hashes)


def test_sizes_are_those_of_the_weights_and_a_little_for_their_names(file):
    shapes = shapes_of(file.part)
    num_weights = sum(prod(shape) for shape in shapes.values())

    excess = file.about_size - BYTES * num_weights

    allowed = NAMES_SIZE * (len(shapes) + 100)
    if file.path.endswith("stitching_retargeting_module.pth"):
        allowed += 1_500_000  # the published file keeps other values too
    assert 0 <= excess < allowed


def test_targets_lie_below_a_kind_of_models_and_not_in_another_packs_folder():
    targets = [file.target for file in published_files()]

    assert {target.split("/")[0] for target in targets} == {"moda", "audio_encoders"}
    assert all(".." not in target and "\\" not in target for target in targets)
    assert len(set(targets)) == len(targets)


def test_the_address_has_the_pinned_revision():
    (file,) = named_files(["warping_module"])

    assert file.url == (
        "https://huggingface.co/KlingTeam/LivePortrait/resolve/"
        "82a4fa6735ca58432b6ce39301b4b9ee066dea47/liveportrait/base_models/warping_module.pth"
    )
    assert "/resolve/main/" in named_files(["net-200"])[0].url


def test_names_choose_files():
    assert named_files([]) == published_files()
    assert [file.part for file in named_files([RENDERER_GROUP])] == list(RENDERER_PARTS)
    assert [file.name for file in named_files(["net-200", "net-200"])] == ["net-200"]
    assert set(choices()) == {*(file.name for file in published_files()), RENDERER_GROUP}


def test_an_unknown_name_is_refused_with_the_right_ones():
    with pytest.raises(ValueError, match=r"no model file 'net-100'.*net-200, chinese"):
        named_files(["net-100"])


def test_the_table_is_readable_text():
    text = TABLE.read_text("utf-8")

    assert text.endswith("}\n")
    assert text.isascii()
