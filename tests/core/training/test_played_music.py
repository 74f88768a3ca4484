import struct

import numpy as np
import pytest

from moda_core.errors import MoDAError
from moda_core.training import played_music
from moda_core.training.played_music import TICKS, VOICES, compose


def read_events(score: bytes) -> list[tuple[int, bytes]]:
    """Read the messages of a MIDI file with one track, by their tick."""
    assert score[:4] == b"MThd"
    assert struct.unpack(">IHHH", score[4:14]) == (6, 0, 1, TICKS)
    assert struct.unpack(">I", score[18:22])[0] == len(score) - 22
    place, tick, events = 22, 0, []
    while place < len(score):
        wait = 0
        while True:
            wait = wait << 7 | score[place] & 127
            place += 1
            if score[place - 1] < 128:
                break
        tick += wait
        kind = score[place]
        length = 3 + score[place + 2] if kind == 0xFF else 2 if kind >> 4 == 0xC else 3
        events.append((tick, score[place : place + length]))
        place += length
    return events


@pytest.mark.parametrize("seed", range(20))
def test_score_lasts_as_long_as_asked_and_ends_every_note(seed):
    events = read_events(compose(20, np.random.default_rng(seed)))

    tempo = int.from_bytes(events[0][1][3:], "big") / 1e6
    assert events[0][1][:3] == b"\xff\x51\x03"
    assert events[-1][1] == b"\xff\x2f\x00"
    assert events[-1][0] / TICKS * tempo > 20 - 4 * tempo
    counts = dict.fromkeys(range(16), 0)
    for _, (kind, *_rest) in events:
        counts[kind & 15] += {9: 1, 8: -1}.get(kind >> 4, 0)
    assert set(counts.values()) == {0}


def test_no_instrument_imitates_a_voice():
    programs = {
        message[1]
        for seed in range(60)
        for _, message in read_events(compose(4, np.random.default_rng(seed)))
        if message[0] >> 4 == 0xC
    }

    assert len(programs) > 30
    assert programs.isdisjoint(VOICES)


def test_missing_program_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(played_music.shutil, "which", lambda name: None)

    with pytest.raises(MoDAError, match=r"fluidsynth.*apt install fluidsynth fluid-soundfont-gm"):
        played_music.require()
