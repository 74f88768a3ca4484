"""Which published file a file is, by its size and its hash."""

import hashlib
import os

import pytest

from moda_core.errors import InputFileError
from moda_core.model_files import identity
from moda_core.model_files.catalog import ModelFile
from moda_core.model_files.identity import human_size, identify, verify
from moda_core.model_files.stamps import Stamps, check_unchanged


@pytest.fixture
def stamps(tmp_path):
    return Stamps(tmp_path / "checked")


@pytest.fixture
def published(monkeypatch, tmp_path):
    """A file as it is published, and what the table says of it."""
    path = tmp_path / "net-200.pth"
    path.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    file = ModelFile("net-200", "motion_model", "a/b", None, "p", "MIT", "", 7, digest)
    monkeypatch.setattr(identity, "known_files", lambda part: (file,))
    return path


def refuse(path, part):
    raise InputFileError(f"'{path}' is something else.")


def accept(path, part):
    return None


def test_a_published_file_is_recognised_by_size_then_by_hash(published, stamps):
    before = identify(published, "motion_model", stamps)
    verify(published, "motion_model", stamps, refuse)
    after = identify(published, "motion_model", stamps)

    assert before == "7 bytes; as long as the file of a/b; its hash is not checked yet"
    assert "as published by a/b" in after


def test_a_flipped_bit_is_found_by_verifying_the_first_time(published, stamps):
    published.write_bytes(b"weightz")

    with pytest.raises(InputFileError, match="it is damaged or another model"):
        verify(published, "motion_model", stamps, accept)

    assert stamps.get(published) is None


@pytest.mark.parametrize("content", [b"weights", b"of no table"])
def test_what_changed_after_a_check_stays_refused_when_it_is_verified(published, stamps, content):
    published.write_bytes(content)
    verify(published, "motion_model", stamps, accept)
    published.write_bytes(content[:-1] + b"?")
    os.utime(published, ns=(0, 0))

    for _ in range(2):
        with pytest.raises(InputFileError, match="has changed since it was checked"):
            verify(published, "motion_model", stamps, accept)
        with pytest.raises(InputFileError, match="has changed since it was checked"):
            check_unchanged([published], stamps)
    assert "it has changed since it was checked" in identify(published, "motion_model", stamps)


def test_a_file_that_no_table_knows_is_judged_by_its_contents(published, stamps):
    published.write_bytes(b"other weights")

    with pytest.raises(InputFileError, match="something else"):
        verify(published, "motion_model", stamps, refuse)
    verify(published, "motion_model", stamps, accept)

    assert "in no list of published files" in identify(published, "motion_model", stamps)


def test_progress_of_verifying_counts_bytes(published, stamps):
    seen = []

    verify(published, "motion_model", stamps, accept, lambda *update: seen.append(update))

    assert seen[-1] == (7, 7)


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (2393098, "2.39 MB"), (1491939512, "1.49 GB")],
)
def test_sizes_are_readable(num_bytes, text):
    assert human_size(num_bytes) == text
