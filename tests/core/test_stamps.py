"""What is remembered of checked files, and what a change to them means."""

import hashlib
import os

import pytest

from moda_core.errors import InputFileError
from moda_core.model_files import stamps as stamps_module
from moda_core.model_files.stamps import Stamps, user_stamps

CONTENT = b"weights" * 100


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
    return Stamps(tmp_path / "user" / "checked.json")


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
    stamps.record(file, sha256(CONTENT))
    detour = file.parent / ".." / "models" / file.name

    found = Stamps(stamps.path).get(detour)

    assert (found.sha256, found.size) == (sha256(CONTENT), len(CONTENT))


def test_an_unchanged_file_is_not_read_again(file, stamps, digests):
    stamps.record(file, sha256(CONTENT))

    stamps.check(file)

    assert digests == []


def test_a_file_that_was_never_checked_passes_unread(file, stamps, digests):
    stamps.check(file)

    assert digests == []
    assert stamps.get(file) is None


def test_a_file_that_was_copied_back_is_read_once(file, stamps, digests):
    stamps.record(file, sha256(CONTENT))
    touch_later(file)

    assert stamps.get(file) is None
    stamps.check(file)
    stamps.check(file)

    assert digests == [file]
    assert stamps.get(file).sha256 == sha256(CONTENT)


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT[:-1] + b"x", CONTENT + b"x"])
def test_other_content_is_refused_until_it_is_restored(file, stamps, content):
    stamps.record(file, sha256(CONTENT))
    file.write_bytes(content)
    touch_later(file)

    with pytest.raises(InputFileError, match="has changed since it was checked") as caught:
        stamps.check(file)

    assert str(file) in str(caught.value)
    assert sha256(content)[:16] in str(caught.value)
    file.write_bytes(CONTENT)
    stamps.check(file)


def test_a_forgotten_file_passes(file, stamps):
    stamps.record(file, "0" * 64)
    file.write_bytes(b"other")

    stamps.forget(file)

    stamps.check(file)


def test_a_file_that_is_gone_passes(file, stamps):
    stamps.record(file, sha256(CONTENT))
    file.unlink()

    stamps.check(file)

    assert stamps.get(file) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"/a": 3}', '{"/a": {"size": 1}}', "\xff"])
def test_a_damaged_list_counts_as_empty_and_is_replaced(file, stamps, text):
    stamps.path.parent.mkdir()
    stamps.path.write_text(text, "latin-1")

    assert stamps.get(file) is None
    stamps.record(file, sha256(CONTENT))

    assert stamps.get(file) is not None


def test_a_list_that_cannot_be_written_is_left(file, tmp_path, caplog):
    (tmp_path / "user").write_text("a file where the folder should be")
    stamps = Stamps(tmp_path / "user" / "checked.json")

    stamps.record(file, sha256(CONTENT))

    assert "can't be written" in caplog.text
    assert stamps.get(file) is None


def test_nothing_is_written_beside_the_model(file, stamps):
    stamps.record(file, sha256(CONTENT))
    touch_later(file)
    stamps.check(file)

    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_the_command_line_keeps_its_list_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert user_stamps().path.parent.parent == tmp_path
