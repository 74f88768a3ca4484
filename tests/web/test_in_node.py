"""The page's JavaScript in Node: its own tests, and that it reads texts as Python does."""

import base64
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from moda_core.cli.live.messages import FrameState, pack_frame
from moda_core.editing.script.grammar import grammar
from moda_core.editing.script.script_words import PHRASES
from moda_core.emotion.labels import EMOTIONS

from .text_cases import CASES, reading

HERE = Path(__file__).parent
NODE = shutil.which("node")
NUM_TEXTS, MOST_CHANGES = 400, 4
PIECES = (
    *("[", "]", ",", ";", "\n", " ", "#", "+", ".", ":", "-", "°", "é", "😀", "ſ", "'", '"'),
    *("0", "1.5", "2,5", "62f", "3 s", "1e3", "1:20", " for ", " 2 times", " once", "smiel", "h"),
    *(f" {word} " for word in (*PHRASES, *EMOTIONS)),
)

needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed.")


@pytest.fixture
def variables(tmp_path):
    path = tmp_path / "grammar.json"
    path.write_text(json.dumps(grammar()), "utf-8")
    state = FrameState(70000, 3, True, 0.5, None, 0.25)
    image, sound = torch.zeros(8, 8, 3, dtype=torch.uint8), np.array([1.0, -0.5], np.float32)
    frame = base64.b64encode(pack_frame(image, sound, state)).decode()
    return {**os.environ, "MODA_GRAMMAR": str(path), "MODA_LIVE_FRAME": frame}


@pytest.mark.parametrize(
    "case", json.loads(CASES.read_text("utf-8")), ids=lambda case: case["text"]
)
def test_the_shared_cases_are_what_python_reads(case):
    given = {name: case.pop(name) for name in ("kind", "text", "fps")}

    assert reading(**given) == case


@needs_node
def test_the_modules_pass_their_tests(variables):
    files = [str(path) for path in sorted(HERE.glob("*.test.mjs"))]
    command = [NODE, "--test", *files]
    run = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

    assert files
    assert run.returncode == 0, run.stdout + run.stderr


@needs_node
def test_texts_changed_at_random_are_read_alike(variables):
    chance = random.Random(7)
    cases = json.loads(CASES.read_text("utf-8"))
    given = [
        {
            "kind": case["kind"],
            "text": changed_at_random(case["text"], chance),
            "fps": case["fps"],
        }
        for case in chance.choices(cases, k=NUM_TEXTS)
    ]
    command = [NODE, str(HERE / "read_texts.mjs")]
    run = subprocess.run(
        command,
        env=variables,
        input=json.dumps(given),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )

    for text, in_page in zip(given, json.loads(run.stdout), strict=True):
        assert in_page == reading(**text), text


def changed_at_random(text: str, chance: random.Random) -> str:
    """Insert, take out or double some pieces of a text."""
    for _ in range(chance.randint(1, MOST_CHANGES)):
        place, length = chance.randint(0, len(text)), chance.randint(0, 6)
        part = chance.choice(("", chance.choice(PIECES), text[place : place + length] * 2))
        text = text[:place] + part + text[place + length :]
    return text
