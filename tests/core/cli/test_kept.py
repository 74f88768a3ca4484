"""What is kept from one video to the next, and what is not."""

import shutil

import numpy as np
import pytest
from PIL import Image

from moda_core.cli import talk as command
from moda_core.cli import talk_source
from moda_core.cli.kept import Kept, Shelf, content_digest
from moda_core.cli.talk import TalkSettings, talk
from moda_core.example import PORTRAIT
from moda_core.portrait.find_face import FaceChoice
from tests.sound_files import write_sound

RATE = 16000
POINTS = ((87, 64), (116, 66), (89, 97), (110, 98))
SETTINGS = TalkSettings(face=FaceChoice(POINTS))


@pytest.fixture
def folder(tmp_path):
    """A folder with a portrait, `face.png`, and a fifth of a second of sound, `tone.wav`."""
    Image.open(PORTRAIT).convert("RGB").resize((200, 200)).save(tmp_path / "face.png")
    time = np.arange(RATE // 5) / RATE
    write_sound(tmp_path / "tone.wav", 0.3 * np.sin(2 * np.pi * 150 * time), RATE)
    return tmp_path


@pytest.fixture
def calls(monkeypatch):
    """The names of the slow steps that were taken."""
    taken = []

    def watch(module, name):
        step = getattr(module, name)

        def watched(*arguments):
            taken.append(name)
            return step(*arguments)

        monkeypatch.setattr(module, name, watched)

    watch(command, "load_starter")
    watch(command, "speech_features")
    watch(talk_source, "locate_face")
    watch(talk_source, "prepared_portrait")
    return taken


STEPS = ["locate_face", "load_starter", "prepared_portrait", "speech_features"]


def test_the_second_clip_of_the_same_files_prepares_nothing_and_is_the_same(folder, calls):
    kept, inputs = Kept(), (folder / "face.png", folder / "tone.wav")
    for name in ("first.mp4", "second.mp4"):
        talk(*inputs, folder / name, SETTINGS, kept=kept)
    talk(*inputs, folder / "alone.mp4", SETTINGS)

    assert calls == STEPS + STEPS
    first, second, alone = (
        (folder / f"{name}.mp4").read_bytes() for name in ("first", "second", "alone")
    )
    assert first == second == alone


def test_a_picture_is_recognised_by_its_content_and_not_by_its_name(folder, calls):
    kept = Kept()
    shutil.copy(folder / "face.png", folder / "copy.png")
    talk(folder / "face.png", folder / "tone.wav", folder / "out.mp4", SETTINGS, kept=kept)
    (folder / "face.png").unlink()
    talk(folder / "copy.png", folder / "tone.wav", folder / "out.mp4", SETTINGS, kept=kept)

    Image.open(folder / "copy.png").rotate(2).save(folder / "copy.png")
    talk(folder / "copy.png", folder / "tone.wav", folder / "out.mp4", SETTINGS, kept=kept)

    assert calls == [*STEPS, "locate_face", "prepared_portrait"]


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"start_s": 0.1}, ["speech_features"]),
        ({"channel": "left"}, ["speech_features"]),
        ({"max_side": 100}, ["locate_face", "prepared_portrait"]),
        ({"background": "red"}, ["locate_face", "prepared_portrait"]),
        ({"emotion": "fear"}, []),
    ],
    ids=lambda value: "-".join(map(str, value)),
)
def test_what_another_option_changes_is_made_again(folder, calls, options, steps):
    kept, inputs = Kept(), (folder / "face.png", folder / "tone.wav", folder / "out.mp4")
    talk(*inputs, SETTINGS, kept=kept)
    calls.clear()

    talk(*inputs, TalkSettings(face=FaceChoice(POINTS), **options), kept=kept)

    assert calls == steps


def test_a_shelf_drops_what_was_not_used_for_longest():
    shelf, made = Shelf(2), []
    for key in ("a", "b", "a", "c", "a", "b"):
        shelf.get(lambda key=key: made.append(key), key)

    assert made == ["a", "b", "c", "b"]


def test_a_shelf_holds_at_most_its_limit_and_the_newest_value():
    shelf, made = Shelf(10, size_of=len), []

    def value(text):
        made.append(text)
        return text

    for text in ("aaaa", "bbbb", "cccc", "bbbb", "x" * 20, "cccc"):
        shelf.get(lambda text=text: value(text), text)

    assert made == ["aaaa", "bbbb", "cccc", "x" * 20, "cccc"]


def test_a_digest_follows_the_content_of_a_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"1")
    before = content_digest(path)
    path.write_bytes(b"22")

    assert content_digest(path) != before
