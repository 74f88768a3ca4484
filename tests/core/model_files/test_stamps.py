"""What is remembered of checked files, and what a change to them means."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from moda_core.errors import InputFileError
from moda_core.model_files import stamps as stamps_module
from moda_core.model_files.convert import convert_file
from moda_core.model_files.stamps import Stamps, check_unchanged, user_stamps
from moda_core.weights.released_files import expected_shapes

CONTENT = b"weights" * 100
PART = "stitching_retargeting_module"
ROOT = Path(__file__).resolve().parents[3]


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "models" / "net-200.pth"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def stamps(tmp_path):
    return Stamps(tmp_path / "user" / "checked")


@pytest.fixture
def digests(monkeypatch):
    """The files whose hash was worked out."""
    read = []
    digest = stamps_module.file_digest
    monkeypatch.setattr(
        stamps_module, "file_digest", lambda path, *rest: read.append(path) or digest(path, *rest)
    )
    return read


def touch_later(path):
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))


def test_a_stamp_lasts_over_processes_and_is_found_by_any_path(file, stamps):
    stamps.record_new(file, sha256(CONTENT))
    detour = file.parent / ".." / "models" / file.name

    found = Stamps(stamps.folder).get(detour)

    assert (found.sha256, found.size) == (sha256(CONTENT), len(CONTENT))


def test_an_unchanged_file_is_not_read_again(file, stamps, digests):
    stamps.record_new(file, sha256(CONTENT))

    check_unchanged([file], stamps)

    assert digests == []


def test_a_file_that_was_never_checked_passes_unread(file, stamps, digests):
    check_unchanged([file], stamps)

    assert digests == []
    assert stamps.get(file) is None


def test_a_file_that_was_copied_back_is_read_once(file, stamps, digests):
    stamps.record_new(file, sha256(CONTENT))
    touch_later(file)

    assert stamps.get(file) is None
    check_unchanged([file], stamps)
    check_unchanged([file], stamps)

    assert digests == [file]
    assert stamps.get(file).sha256 == sha256(CONTENT)


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT[:-1] + b"x", CONTENT + b"x"])
def test_other_content_is_refused_until_it_is_restored(file, stamps, content):
    stamps.record_new(file, sha256(CONTENT))
    file.write_bytes(content)
    touch_later(file)

    with pytest.raises(InputFileError, match="has changed since it was checked") as caught:
        check_unchanged([file], stamps)

    assert str(file) in str(caught.value)
    assert sha256(content)[:16] in str(caught.value)
    file.write_bytes(CONTENT)
    check_unchanged([file], stamps)


def test_a_file_of_ones_own_passes_once_the_note_that_the_message_names_is_deleted(file, stamps):
    stamps.record_new(file, sha256(CONTENT))
    file.write_bytes(b"my own model")
    with pytest.raises(InputFileError) as caught:
        check_unchanged([file], stamps)

    (note,) = stamps.folder.iterdir()
    assert f"delete '{note}'" in str(caught.value)
    note.unlink()

    check_unchanged([file], stamps)


def test_a_file_that_is_gone_passes(file, stamps):
    stamps.record_new(file, sha256(CONTENT))
    file.unlink()

    check_unchanged([file], stamps)

    assert stamps.get(file) is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"path": "/a"}', '{"path": "", "size": 1, "mtime_ns": 1, "sha256": null,'
     ' "date": ""}', "\xff"],
)  # fmt: skip
def test_a_damaged_note_counts_as_none_and_is_replaced(file, stamps, text):
    stamps.record_new(file, sha256(CONTENT))
    (note,) = stamps.folder.iterdir()
    note.write_text(text, "latin-1")

    assert stamps.get(file) is None
    check_unchanged([file], stamps)
    stamps.record_new(file, sha256(CONTENT))

    assert stamps.get(file) is not None


def test_processes_do_not_lose_one_anothers_notes(tmp_path, stamps):
    program = (
        "import sys; from pathlib import Path; from moda_core.model_files.stamps import Stamps\n"
        "stamps = Stamps(Path(sys.argv[1]))\n"
        "for path in Path(sys.argv[2]).glob(sys.argv[3]): stamps.record_new(path, '0' * 64)"
    )
    models = tmp_path / "models"
    models.mkdir()
    paths = [models / f"{kind}{index}" for kind in "ab" for index in range(60)]
    for path in paths:
        path.touch()

    given = [str(stamps.folder), str(models)]
    processes = [
        subprocess.Popen([sys.executable, "-c", program, *given, f"{kind}*"], cwd=ROOT)
        for kind in "ab"
    ]

    assert [process.wait() for process in processes] == [0, 0]
    assert all(stamps.get(path) for path in paths)


def test_a_file_that_changes_while_it_is_read_is_not_remembered(file, stamps):
    with pytest.raises(InputFileError, match="changed while it was read"):
        stamps.digest(file, lambda done, total: file.write_bytes(CONTENT + b"more"))

    assert stamps.get(file) is None


def test_notes_that_cannot_be_written_are_left(file, tmp_path, caplog):
    (tmp_path / "user").write_text("a file where the folder should be")
    stamps = Stamps(tmp_path / "user" / "checked")

    stamps.record_new(file, sha256(CONTENT))

    assert "can't be written" in caplog.text
    assert stamps.get(file) is None


def test_nothing_is_written_beside_the_model(file, stamps):
    stamps.record_new(file, sha256(CONTENT))
    touch_later(file)
    check_unchanged([file], stamps)

    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_the_command_line_keeps_its_notes_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert user_stamps().folder.is_relative_to(tmp_path)


def test_a_user_without_a_home_has_a_place_for_notes(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", homeless)

    assert user_stamps().folder.is_absolute()


@pytest.fixture
def original(tmp_path):
    path = tmp_path / "models" / f"{PART}.pth"
    path.parent.mkdir()
    torch.save({key: torch.zeros(shape) for key, shape in expected_shapes(PART).items()}, path)
    return path


def flip_last_bit(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(0, 0))


def test_a_changed_conversion_is_refused_though_the_original_was_chosen(original, stamps):
    conversion = convert_file(original, PART)
    stamps.record_new(conversion, sha256(conversion.read_bytes()))
    check_unchanged([original], stamps)
    flip_last_bit(conversion)

    with pytest.raises(InputFileError, match=conversion.name):
        check_unchanged([original], stamps)


def test_the_files_of_a_folder_are_checked(original, stamps):
    stamps.record_new(original, sha256(original.read_bytes()))
    check_unchanged([original.parent], stamps)
    flip_last_bit(original)

    with pytest.raises(InputFileError, match="has changed since"):
        check_unchanged([original.parent], stamps)
