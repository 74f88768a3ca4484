"""Who speaks when, as text."""

import pytest

from moda_core.bundles.scene.turns import Turn, parse_turns

NAMES = ("Anna", "Ben", "Carl Otto")


def spans(text, duration_s=10.0):
    turns = parse_turns(text, NAMES)
    return {name: turns.spans(name, duration_s) for name in NAMES}


def test_a_turn_lasts_until_the_next_one_and_the_last_to_the_end():
    found = spans("0.0 Anna, 3.2 Ben, 5.0 Anna+Ben")

    assert found == {
        "Anna": [(0.0, 3.2), (5.0, 10.0)],
        "Ben": [(3.2, 10.0)],
        "Carl Otto": [],
    }


@pytest.mark.parametrize(
    "text",
    [
        "0 anna; 3.2 BEN; 5 anna + ben",
        "0 Anna\n3.2s Ben\n5.0 Ben+Anna+ben",
        "0f Anna, 80f Ben, 125 frames Anna+Ben  # both",
        "# who\n0.0 Anna,\n3.2 Ben,\n5.0 Anna+Ben,",
    ],
)
def test_other_spellings_mean_the_same(text):
    assert spans(text) == spans("0.0 Anna, 3.2 Ben, 5.0 Anna+Ben")


def test_nobody_speaks_before_the_first_turn_and_where_it_says_so():
    found = spans("1.0 Carl  Otto, 2.0 nobody, 4.0 Carl Otto, 6.5 end", 6.5)

    assert found["Carl Otto"] == [(1.0, 2.0), (4.0, 6.5)]


def test_without_a_cast_any_name_is_taken():
    assert parse_turns("0 Zoe").turns == (Turn(0.0, ("Zoe",)),)


def test_a_name_that_nobody_has_is_refused_with_a_guess_and_its_place():
    with pytest.raises(ValueError, match=r"line 2, column 5.*'Bem'.*mean 'ben'.*Anna, Ben, Carl"):
        parse_turns("0 Anna\n3.2 Bem", NAMES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("  # nothing", "empty"),
        ("Anna", "expected a time, got 'Anna'"),
        ("0 Anna, 0.0 Ben", "not after 0 s"),
        ("0 Anna, 3 Ben, 2 Anna", "2 s is not after 3 s"),
        ("0 Anna, 3", "expected a name"),
        ("0 Anna+", "expected a name"),
        ("0 Anna+nobody", "stand alone"),
        ("0 Anna, 3 end, 4 Ben", "nothing may follow"),
        ("3,2 Ben", "3.2 with a point"),
        ("0:03 Ben", "Write seconds: 3"),
        ("-1 Ben", "from 0 to"),
    ],
)
def test_a_text_that_can_not_be_read_is_refused(text, expected):
    with pytest.raises(ValueError, match=expected):
        parse_turns(text, NAMES)


def test_a_turn_after_the_sound_is_refused():
    with pytest.raises(ValueError, match=r"turn at 12 s.*end of the sound, at 10\.00 s"):
        spans("0 Anna, 12 Ben")


@pytest.mark.parametrize(("end", "side"), [(8, "before"), (11, "after")])
def test_an_end_that_is_not_the_sounds_is_refused(end, side):
    with pytest.raises(ValueError, match=rf"end at {end} s, {side} the sound, at 10\.00 s"):
        spans(f"0 Anna, {end} end")
