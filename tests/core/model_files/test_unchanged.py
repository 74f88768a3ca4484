"""Files that changed after a check are refused before they are loaded."""

import hashlib
import os

import pytest
import torch

from moda_core.errors import InputFileError
from moda_core.model_files.convert import convert_file
from moda_core.model_files.stamps import Stamps
from moda_core.model_files.unchanged import check_unchanged
from moda_core.weights.released_files import expected_shapes

PART = "stitching_retargeting_module"


@pytest.fixture
def stamps(tmp_path):
    return Stamps(tmp_path / "checked")


@pytest.fixture
def original(tmp_path):
    path = tmp_path / "models" / f"{PART}.pth"
    path.parent.mkdir()
    torch.save({key: torch.zeros(shape) for key, shape in expected_shapes(PART).items()}, path)
    return path


def record(stamps, path):
    stamps.record_new(path, hashlib.sha256(path.read_bytes()).hexdigest())


def flip_last_bit(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(0, 0))


def test_a_changed_conversion_is_refused_though_the_original_was_chosen(original, stamps):
    conversion = convert_file(original, PART)
    record(stamps, conversion)
    check_unchanged([original], stamps)
    flip_last_bit(conversion)

    with pytest.raises(InputFileError, match=conversion.name):
        check_unchanged([original], stamps)


def test_the_files_of_a_folder_are_checked(original, stamps):
    record(stamps, original)
    check_unchanged([original.parent], stamps)
    flip_last_bit(original)

    with pytest.raises(InputFileError, match="has changed since"):
        check_unchanged([original.parent], stamps)
