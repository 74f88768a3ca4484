"""The command `models`: lists, fetches, checks and converts."""

import hashlib
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from moda_core.cli import models_command
from moda_core.cli.main import main
from moda_core.errors import InputFileError
from moda_core.model_files import download, identity, stamps
from moda_core.model_files.catalog import named_files
from moda_core.model_files.places import folder_places
from moda_core.model_files.report import report_files
from moda_core.model_files.stamps import check_unchanged, user_stamps
from moda_core.weights.file_format import SAFETENSORS, weights_format
from moda_core.weights.released_files import expected_shapes

from ..model_files.fault_cases import model_file, weights
from ..model_files.hub_server import Fault, HubServer

STITCHING = "stitching_retargeting_module"


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setattr(stamps, "_user_cache", lambda: tmp_path / "cache")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "my models"
    path.mkdir()
    return path


@pytest.fixture
def stitching(folder):
    """The smallest of the released files, with random values."""
    shapes = expected_shapes(STITCHING)
    path = folder / "liveportrait" / f"{STITCHING}.pth"
    path.parent.mkdir()
    torch.save({key: torch.randn(shape) for key, shape in shapes.items()}, path)
    return path


@pytest.fixture
def hub(monkeypatch):
    """A hub with a file of which the table knows all."""
    content = weights()
    file = model_file(content)
    monkeypatch.setattr(models_command, "named_files", lambda names: (file,))
    with HubServer(content) as server:
        fetch = partial(download.fetch_file, endpoint=server.endpoint)
        monkeypatch.setattr(
            download, "fetch_file", lambda *given, endpoint, **rest: fetch(*given, **rest)
        )
        yield server


def run(capsys, folder, *options):
    status = main(["models", *options, "--models", str(folder)])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_it_lists_every_file_and_the_command_that_fetches_them(capsys, folder):
    status, out, err = run(capsys, folder)

    assert (status, err) == (0, "")
    assert out.count("missing; looked in") == 7
    assert out.count("from: https://huggingface.co/") == 7
    assert "licence none stated" in out
    assert out.endswith(f"python run.py models --download --models '{folder}'\n")


def test_nothing_is_fetched_unasked(capsys, folder, hub):
    run(capsys, folder)
    run(capsys, folder, "--verify")

    assert hub.seen == []
    assert list(folder.iterdir()) == []


def test_download_says_the_licence_first_then_fetches_and_remembers_the_hash(capsys, folder, hub):
    status, out, err = run(capsys, folder, "--download")

    target = folder / "moda" / "net-200.safetensors"
    assert status == 0
    assert out.startswith("Licences: https://huggingface.co/owner/name: MIT\n")
    assert hashlib.sha256(target.read_bytes()).hexdigest() == hub.etag
    assert user_stamps().get(target).sha256 == hub.etag
    assert out.endswith("Nothing is missing.\n")
    assert "net-200: 100 %" in err


def test_a_failed_download_is_told_and_goes_on_the_next_time(capsys, folder, hub):
    hub.fault = Fault(methods=("HEAD", "GET"), status=403)

    status, _, err = run(capsys, folder, "--download")

    assert status == 2
    assert "403" in err
    assert "Traceback" not in err
    hub.mend()
    assert run(capsys, folder, "--download")[0] == 0


def test_a_stopped_download_says_that_it_can_go_on(capsys, folder, hub, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(models_command.ProgressBar, "__call__", stop)

    status, _, err = run(capsys, folder, "--download")

    assert status == 130
    assert "the same command goes on from here" in err


def test_too_little_room_on_the_disk_is_told_before_anything_is_fetched(
    capsys, folder, hub, monkeypatch
):
    usage = SimpleNamespace(total=10**9, free=1000)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda place: usage)

    status, _, err = run(capsys, folder, "--download")

    assert status == 2
    assert "has room for 1 kB, but 400 kB are missing" in err
    assert hub.seen == []


def test_a_share_that_tells_nothing_of_its_room_is_not_refused(capsys, folder, hub, monkeypatch):
    usage = SimpleNamespace(total=0, free=0)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda place: usage)

    assert run(capsys, folder, "--download")[0] == 0


def test_verify_judges_a_file_without_a_known_hash_by_its_contents(capsys, stitching):
    folder = stitching.parents[1]

    good = torch.load(stitching)
    torch.save({"other": torch.zeros(2)}, stitching)
    wrong = run(capsys, folder, STITCHING, "--verify")
    torch.save(good, stitching)
    right = run(capsys, folder, STITCHING, "--verify")

    assert wrong[0] == 2
    assert "holds no stitching_retargeting_module" in wrong[2]
    assert right[0] == 0
    assert "in no list of published files" in right[1]


def test_verify_finds_a_flipped_bit_in_a_published_file(capsys, stitching, monkeypatch):
    content = bytearray(stitching.read_bytes())
    published = model_file(bytes(content), part=STITCHING)
    monkeypatch.setattr(identity, "known_files", lambda part: (published,))
    right = run(capsys, stitching.parents[1], STITCHING, "--verify")
    content[len(content) // 2] ^= 1
    stitching.write_bytes(content)

    wrong = run(capsys, stitching.parents[1], STITCHING, "--verify")

    assert "as published by owner/name" in right[1]
    assert wrong[0] == 2
    assert "has changed since it was checked" in wrong[2]


def test_convert_writes_safetensors_beside_the_original(capsys, stitching):
    status, out, _ = run(capsys, stitching.parents[1], STITCHING, "--convert")

    new = stitching.with_suffix(".safetensors")
    assert status == 0
    assert stitching.is_file()
    assert weights_format(new) == SAFETENSORS
    assert f"{STITCHING}: {new}" in out
    assert user_stamps().get(new) is not None


def test_a_conversion_is_made_again_of_an_original_that_changed(capsys, stitching):
    folder = stitching.parents[1]
    run(capsys, folder, STITCHING, "--convert")
    state = {key: tensor + 1 for key, tensor in torch.load(stitching).items()}
    torch.save(state, stitching)
    found = report_files(folder_places(folder), named_files([STITCHING]))[0].found

    status, out, _ = run(capsys, folder, STITCHING, "--convert")

    assert found == stitching
    assert status == 0
    new = stitching.with_suffix(".safetensors")
    assert all(torch.equal(tensor, state[key]) for key, tensor in load_file(new).items())
    assert f"found: {new}" in out


def test_a_damaged_conversion_is_not_blessed_by_converting_again(capsys, stitching):
    folder, new = stitching.parents[1], stitching.with_suffix(".safetensors")
    run(capsys, folder, STITCHING, "--convert")
    content = bytearray(new.read_bytes())
    content[-1] ^= 1
    new.write_bytes(content)

    run(capsys, folder, STITCHING, "--convert")

    with pytest.raises(InputFileError, match="has changed since it was checked"):
        check_unchanged([stitching], user_stamps())


def test_convert_to_half_leaves_what_is_halved_while_it_is_loaded(capsys, stitching):
    status, out, _ = run(capsys, stitching.parents[1], STITCHING, "--convert", "--fp16")

    assert status == 0
    assert "is not halved" in out
    assert list(stitching.parent.iterdir()) == [stitching]


def test_a_damaged_file_is_not_converted(capsys, stitching):
    stitching.write_bytes(stitching.read_bytes()[:-100_000])

    status, out, err = run(capsys, stitching.parents[1], STITCHING, "--convert")

    assert status == 2
    assert "cut short" in err
    assert list(stitching.parent.iterdir()) == [stitching]
    assert f"Missing: {STITCHING}" in out


@pytest.mark.parametrize(
    ("options", "said"),
    [(["net-100"], "no model file 'net-100'"), (["--fp16"], "Add --convert")],
)
def test_wrong_options_are_one_sentence(capsys, folder, options, said):
    status, out, err = run(capsys, folder, *options)

    assert (status, out) == (2, "")
    assert said in err


def test_talk_says_where_missing_files_come_from(capsys, folder, tmp_path):
    status = main(["talk", "face.png", "speech.wav", "--models", str(folder)])

    assert status == 2
    assert f"python run.py models --models '{folder}'" in capsys.readouterr().err
