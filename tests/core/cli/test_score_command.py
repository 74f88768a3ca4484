"""The command `score`."""

import json

import pytest
import torch
from PIL import Image

from moda_core.bundles.load import load_starter
from moda_core.cli.main import main
from moda_core.example import PORTRAIT, SPEECH


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A small video of the bundled portrait that says the bundled speech, 1.2 s of it."""
    folder = tmp_path_factory.mktemp("score")
    picture = folder / "face.png"
    Image.open(PORTRAIT).convert("RGB").resize((240, 240)).save(picture)
    arguments = ["talk", str(picture), str(SPEECH), "--start", "1", "--seconds", "1.2"]
    assert main([*arguments, "--steps", "2", "-o", str(folder / "talk.mp4")]) == 0
    return folder / "talk.mp4"


@pytest.fixture(scope="module")
def silent_video(tmp_path_factory):
    path = tmp_path_factory.mktemp("silent") / "still.mp4"
    starter = load_starter()
    portrait = starter.portrait(PORTRAIT)
    motion = starter.perform(portrait, starter.encode((torch.zeros(1, 6400), 16000)))
    starter.write_video(path, portrait, motion)
    return path


def test_it_prints_a_table_and_writes_json_and_a_picture(video, tmp_path, capsys):
    figures, picture, phones = (tmp_path / name for name in ("s.json", "s.png", "phones.txt"))
    phones.write_text("p 0.3\na 0.4\n", "utf-8")
    options = ["--json", str(figures), "--picture", str(picture), "--phones", str(phones)]

    status = main(["score", str(video), *options])

    printed = capsys.readouterr().out
    found = json.loads(figures.read_text("utf-8"))
    assert status == 0
    assert printed.startswith(f"score {found['score']:.3f}")
    assert found["frames"] == 30
    assert found["figures"]["closures"] in (0, 1)
    assert 0.9 < found["figures"]["flicker"] <= 1
    assert Image.open(picture).width == 1024
    assert str(figures) in printed
    assert str(picture) in printed


def test_a_video_without_sound_is_refused(silent_video, capsys):
    assert main(["score", str(silent_video)]) == 2

    message = capsys.readouterr().err
    assert str(silent_video) in message
    assert "no sound" in message


@pytest.mark.parametrize(
    ("option", "name", "expected"),
    [
        ("--picture", "score.gif", "score.gif"),
        ("--json", "missing/score.json", "does not exist"),
        ("--phones", "missing.txt", "missing.txt"),
    ],
)
def test_what_can_not_be_used_is_named_before_any_work(
    video, tmp_path, capsys, monkeypatch, option, name, expected
):
    monkeypatch.setattr("moda_core.cli.score_command.score_video", pytest.fail)

    assert main(["score", str(video), option, str(tmp_path / name)]) == 2
    assert expected in capsys.readouterr().err


def test_a_wrong_line_of_phones_is_named_with_its_file(video, tmp_path, capsys):
    phones = tmp_path / "phones.txt"
    phones.write_text("p 0.3\nhello there\n", "utf-8")

    assert main(["score", str(video), "--phones", str(phones)]) == 2

    message = capsys.readouterr().err
    assert str(phones) in message
    assert "Line 2" in message


def test_the_video_itself_is_not_overwritten(video, capsys):
    before = video.read_bytes()

    assert main(["score", str(video), "--json", str(video)]) == 2
    assert video.read_bytes() == before
