"""Which files the pack's routes may read: those that the host itself shows."""

import importlib

import pytest


@pytest.fixture
def shown_file(host):
    return importlib.import_module(f"{host.pack.__name__}.nodes._user_files").shown_file


@pytest.mark.parametrize(
    ("filename", "subfolder", "kind"),
    [
        ("../secret.png", "", "input"),
        ("secret.png", "..", "input"),
        ("a/../../secret.png", "", "input"),
        ("..\\secret.png", "", "input"),
        ("/etc/passwd", "", "input"),
        ("C:\\secret.png", "", "input"),
        ("secret.png", "/", "input"),
        ("../secret.png [output]", "", "input"),
        ("secret.png", "", "user"),
        ("secret.png", "", ""),
        ("secret.png", "", "input"),
        ("", "", "input"),
        (".", "", "input"),
    ],
)
def test_files_that_the_host_does_not_show_are_refused(host, shown_file, filename, subfolder, kind):
    for folder in (host.base, host.base / "user"):
        (folder / "secret.png").write_bytes(b"")
    try:
        with pytest.raises((ValueError, FileNotFoundError)):
            shown_file(filename, subfolder, kind)
    finally:
        (host.base / "secret.png").unlink()


@pytest.mark.parametrize(
    ("filename", "subfolder", "kind", "place"),
    [
        ("me.png", "", "input", "input/me.png"),
        ("faces/me.png", "", "input", "input/faces/me.png"),
        ("me.png", "faces", "temp", "temp/faces/me.png"),
        ("faces/me.png [output]", "", "input", "output/faces/me.png"),
        ("me..too.png", "", "output", "output/me..too.png"),
    ],
)
def test_files_of_the_hosts_folders_are_found(host, shown_file, filename, subfolder, kind, place):
    path = host.base / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")

    assert shown_file(filename, subfolder, kind).samefile(path)
