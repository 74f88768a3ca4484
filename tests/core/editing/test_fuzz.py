"""Random timelines, scripts and motion files: a result or one sentence, and nothing is run."""

import json
import os
import pickle
import random

import numpy as np
import pytest
import torch

from moda_core.editing.script.director import direct
from moda_core.editing.script.script_parser import parse_emotions, parse_script
from moda_core.editing.script.script_words import PHRASES, SCRIPT_WORDS
from moda_core.emotion.labels import EMOTIONS
from moda_core.emotion.words import SYNONYMS
from moda_core.errors import InputFileError
from moda_core.motion.files.motion_file import load_motion
from moda_core.motion.motion import Motion, released_stats

NUM_TIMELINES, NUM_SCRIPTS, NUM_FILES = 1500, 1500, 2000
NUMBERS = ("0", "1", "2.5", ".5", "-1", "1e3", "1e999", "0.6", "62f", "3s", "00", "1.2.3", "٣", "+")
SCRAPS = (*"[],;:+-#.\n\r\t\0 é☃\u2028\ud800", "\r\n", "for", "nan", "none", "%s", "{0}", "\\", "'")
WORDS = (
    *(*EMOTIONS, *SYNONYMS, *" ".join(PHRASES).split(), "HAPPY", "s", "ne", "at"),
    *("frames", "sec", "deg", "°", "once", "3 times", "0,8", "00:01"),
)


def mutated(chance, text):
    """Text with letters left out, doubled, exchanged or put in."""
    letters = list(text)
    for _ in range(chance.choice([0, 0, 1, 1, 2, 5])):
        place = chance.randrange(len(letters) + 1)
        scrap = chance.choice([*SCRAPS, *NUMBERS, *WORDS, chr(chance.randrange(0x11000))])
        letters[place : place + chance.randrange(3)] = chance.choice([[], [scrap], [scrap] * 2])
    return "".join(letters)


def usually(chance, good, any_other):
    """One of the first, and now and then one of the second."""
    return chance.choice(good if chance.random() < 0.9 else any_other)


def random_timeline(chance):
    time_s, entries = 0.0, []
    for _ in range(chance.randrange(6)):
        time_s += usually(chance, (0, 0.1, 0.5, 2.0), (-0.3,))
        blend = " + ".join(
            f"{usually(chance, EMOTIONS, WORDS)} {usually(chance, ('', '0.3'), NUMBERS)}"
            for _ in range(chance.choice([1, 1, 2, 3]))
        )
        entries.append(f"{time_s:.2f} {blend}")
    return chance.choice([", ", "; ", "\n", ",\n # x\n"]).join(entries)


def random_script(chance):
    actions = []
    for _ in range(chance.randrange(6)):
        word = usually(chance, (*PHRASES, *EMOTIONS), WORDS)
        given = " 0.5 -0.5" if word == "look at" else chance.choice(["", " 0.5"])
        if word in SCRIPT_WORDS and not SCRIPT_WORDS[word].numbers:
            given = ""
        numbers = usually(chance, (given,), NUMBERS)
        ending = usually(chance, ("", " for 1.5", " for 9 frames"), (" for", " for 0", " for 99s"))
        time = usually(chance, ("0", "0.2", ".5s", "30 f", "7 sec"), NUMBERS)
        actions.append(f"[{time} {word}{numbers}{ending}]")
    return chance.choice([" ", "\n", "", " # x\n", ", "]).join(actions)


def random_text(chance, grammar):
    if chance.random() < 0.15:
        pieces = [*SCRAPS, *NUMBERS, *WORDS]
        return "".join(chance.choice(pieces) for _ in range(chance.randrange(30)))
    return mutated(chance, grammar(chance))


def check_sentence(error, *named):
    """A message for users: one line, not too long, with an end, and it names what is wrong."""
    text = str(error)
    assert text.endswith(".")
    assert text.isprintable()
    assert 10 < len(text) < 1000
    assert any(part in text for part in named)


def test_random_timelines_give_a_curve_or_a_sentence():
    chance, num_read = random.Random(0), 0
    for _ in range(NUM_TIMELINES):
        text = random_text(chance, random_timeline)
        try:
            amounts = parse_emotions(text).curve(20, chance.choice([1.0, 25.0]))
        except ValueError as error:
            check_sentence(error, "line ", "is empty")
            continue
        num_read += 1
        assert amounts.min() >= 0
        assert amounts.sum(dim=1).max() <= 2 + 1e-5

    assert NUM_TIMELINES / 10 < num_read < 0.9 * NUM_TIMELINES


def test_random_scripts_give_motion_or_a_sentence():
    chance, num_read = random.Random(1), 0
    mean, std = vars(released_stats()).values()
    noise = torch.randn(30, 70, generator=torch.Generator().manual_seed(0))
    motion = Motion(mean + std * noise, mean[:63], 25.0)
    for _ in range(NUM_SCRIPTS):
        text = random_text(chance, random_script)
        try:
            script = parse_script(text)
        except ValueError as error:
            check_sentence(error, "line ", "is empty")
            continue
        num_read += 1
        assert direct(motion, script.events).values.isfinite().all()
        amounts = script.timeline().curve(50)
        assert amounts.isfinite().all()
        assert 0 <= amounts.min() <= amounts.sum(dim=1).max() <= 2 + 1e-5

    assert NUM_SCRIPTS / 10 < num_read < 0.9 * NUM_SCRIPTS


class Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"echo > '{self.trace}'",)


def motion_files(folder, trace):
    """Good files of every kind, and pickles that would run a command."""
    motion = Motion(torch.linspace(-1, 1, 140).reshape(2, 70), torch.zeros(63), 30.0)
    for name in ("a.json", "a.safetensors"):
        motion.save(folder / name)
    frame = {"scale": np.ones((1, 1), "f4"), "R": np.eye(3, dtype="f4")[None]}
    frame |= {"exp": np.zeros((1, 21, 3), "f4"), "t": np.zeros((1, 3), "f4")}
    template = {"n_frames": 2, "output_fps": 25, "motion": [frame, frame]}
    contents = [(folder / name).read_bytes() for name in ("a.json", "a.safetensors")]
    for protocol in (3, 4, 5):
        contents.append(pickle.dumps(template, protocol))
        contents.append(pickle.dumps([Runs(trace), template], protocol))
        contents.append(pickle.dumps(template | {"x": Runs(trace)}, protocol))
    return contents


def damaged(chance, content):
    """Bytes cut off, exchanged, moved or put in."""
    raw = bytearray(content)
    if chance.random() < 0.2:
        del raw[chance.randrange(len(raw)) :]
    for _ in range(chance.choice([0, 1, 1, 2, 8]) if raw else 0):
        start = chance.randrange(len(raw))
        piece = raw[start : start + chance.randrange(20)]
        place = chance.randrange(len(raw) + 1)
        match chance.randrange(4):
            case 0:
                raw[start] = chance.randrange(256)
            case 1:
                raw[place:place] = piece
            case 2:
                raw[place : place + len(piece)] = piece
            case 3:
                raw[place:place] = chance.randbytes(chance.randrange(9))
    return bytes(raw)


def random_json(chance):
    values = (None, 0, -1, "x", [], {}, [[0.0] * 70], [0.0] * 63, [[1]], 1e400, 25, True, [[[]]])
    values += (10**400, [10**400] * 63, [["1.5"] * 70])
    stored = {"format": "moda-motion", "version": 1}
    for key in ("fps", "rest", "values", "layout", "version"):
        if chance.random() < 0.8:
            stored[key] = chance.choice(values)
    return json.dumps(stored).encode()


def random_file(chance, contents):
    kind = chance.random()
    if kind < 0.08:
        return chance.choice([b"", b"\x80\x04", b"{"]) + chance.randbytes(chance.randrange(100))
    if kind < 0.2:
        return random_json(chance)
    return damaged(chance, chance.choice(contents))


@pytest.mark.filterwarnings("error")
def test_random_motion_files_give_motion_or_a_sentence_and_run_nothing(tmp_path):
    chance, num_read, trace, path = random.Random(2), 0, tmp_path / "trace", tmp_path / "file"
    contents = motion_files(tmp_path, trace)
    for _ in range(NUM_FILES):
        path.write_bytes(random_file(chance, contents))
        try:
            motion = load_motion(path)
        except InputFileError as error:
            check_sentence(error, str(path))
            continue
        num_read += 1
        assert motion.values.isfinite().all()
        assert motion.rest.shape == (63,)

    assert NUM_FILES / 20 < num_read < 0.9 * NUM_FILES
    assert not trace.exists()
    pickle.loads(contents[-1])
    assert trace.exists()  # the payload does what it should not
