"""Which file is read: an original, or what was made of it."""

import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from moda_core.liveportrait.load import load_network
from moda_core.model_files.convert import convert_file
from moda_core.weights.converted import converted_file, is_outdated

from ..conftest import SMALL


def test_converting_again_does_nothing_until_the_original_changes(original, appearance):
    target = convert_file(original, SMALL)
    first = target.stat().st_mtime_ns
    assert convert_file(original, SMALL).stat().st_mtime_ns == first
    other = {key: value.clone() for key, value in appearance.items()}
    key = next(iter(other))
    other[key] += 1
    torch.save(other, original)
    os.utime(original, (2e9, 2e9))

    convert_file(original, SMALL)

    assert torch.equal(load_file(target)[key], other[key])


def test_the_conversion_is_read_in_place_of_its_original(original, monkeypatch):
    assert converted_file(original) == original
    target = convert_file(original, SMALL)
    expected = load_network(original, SMALL).state_dict()
    assert converted_file(original) == target
    content = original.stat()
    original.write_bytes(bytes(content.st_size))  # cannot be read any more
    os.utime(original, ns=(content.st_mtime_ns, content.st_mtime_ns))

    found = load_network(original, SMALL).state_dict()

    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], value) for key, value in expected.items())


def older(path):
    os.utime(path, (10**9, 10**9))


def longer(path):
    stat = path.stat()
    path.write_bytes(path.read_bytes() + b"\0")
    os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("change", [older, longer, lambda path: path.unlink()])
def test_a_conversion_of_another_state_of_the_file_is_not_read(original, change):
    convert_file(original, SMALL)

    change(original)

    assert converted_file(original) == original


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff" * 99, b"\x02" + bytes(7) + b"{}", b"<html>404</html>"]
)
def test_a_damaged_conversion_is_not_read(original, content):
    target = convert_file(original, SMALL)

    target.write_bytes(target.read_bytes()[:-1] if content is None else content)

    assert converted_file(original) == original


def test_choosing_the_file_does_not_need_torch():
    code = (
        "import sys, moda_core.weights.converted as c; c.converted_file('x.pth');"
        "sys.exit('torch' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_conversion_is_outdated_once_its_original_has_changed(original):
    converted = convert_file(original, SMALL)
    before = is_outdated(converted)
    older(original)

    assert not before
    assert is_outdated(converted)
    original.unlink()
    assert not is_outdated(converted)  # all that is left


def test_a_file_of_other_origin_is_never_outdated(original):
    foreign = original.with_suffix(".safetensors")
    save_file({"x": torch.ones(1)}, foreign, metadata={"converted_from": "elsewhere.pth"})

    assert not is_outdated(foreign)
    assert not is_outdated(original)
