import pytest

from moda_core.errors import MoDAError
from moda_core.training import espeak, flite
from moda_core.training.espeak import Espeak, Phone
from moda_core.training.visemes import (
    FLITE_TO_IPA,
    NUM_SOUND_CLASSES,
    PAUSE,
    PAUSE_CLASS,
    SPLIT,
    UNKNOWN,
    flite_to_ipa,
    sound_classes,
    viseme_of,
    viseme_segments,
)


@pytest.mark.parametrize("symbol", ["p", "b", "m"])
def test_bilabials_close_the_lips(symbol):
    viseme = viseme_of(symbol)

    assert viseme.close == 1
    assert viseme.jaw == 0


def test_rounded_vowels_pucker_and_front_vowels_spread():
    assert viseme_of("uː").width < -0.5
    assert viseme_of("w").width < -0.5
    assert viseme_of("iː").width > 0.5


def test_open_vowel_opens_the_jaw_most():
    assert viseme_of("ɑː").jaw > viseme_of("ɛ").jaw > viseme_of("s").jaw


def test_stress_and_length_marks_make_no_difference():
    assert viseme_of("ˈɑː") == viseme_of("ɑ")


def test_longest_known_beginning_counts():
    assert viseme_of("tʃ") != viseme_of("t")
    assert viseme_of("tʃx") == viseme_of("tʃ")


@pytest.mark.parametrize("symbol", ["", "_", "ˈ"])
def test_empty_symbols_are_pauses(symbol):
    assert viseme_of(symbol) is PAUSE


def test_unknown_sound_is_a_weak_half_open_mouth():
    assert viseme_of("?") is UNKNOWN


def test_diphthong_becomes_two_shapes_that_fill_its_span():
    first, second = viseme_segments([Phone("aʊ", 1.0, 1.2)])

    assert first == (1.0, pytest.approx(1.0 + 0.2 * SPLIT), viseme_of("a"))
    assert second == (pytest.approx(1.0 + 0.2 * SPLIT), 1.2, viseme_of("ʊ"))


def test_every_flite_phone_has_a_known_viseme():
    phones = flite_to_ipa([Phone(name, 0.0, 0.1) for name in FLITE_TO_IPA])

    assert all(viseme not in (UNKNOWN, PAUSE) for *_, viseme in viseme_segments(phones))


def test_flite_listing_becomes_phones_without_gaps():
    phones = flite.parse_phones("pau:0.193 p:0.255 iy:0.347 pau:0.347\n")

    assert phones == [Phone("", 0, 0.193), Phone("p", 0.193, 0.255), Phone("iy", 0.255, 0.347)]


def test_odd_flite_listing_is_refused():
    with pytest.raises(MoDAError, match="flite printed 'hello'"):
        flite.parse_phones("p:0.1 hello")


def test_missing_espeak_names_the_packages(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(espeak.ctypes, "CDLL", missing)

    with pytest.raises(MoDAError, match=r"apt install libespeak-ng1.*brew install espeak-ng"):
        Espeak()


def test_missing_flite_names_the_package(monkeypatch):
    monkeypatch.setattr(flite.shutil, "which", lambda name: None)

    with pytest.raises(MoDAError, match="apt install flite"):
        flite.say("hello there", "slt")


def test_classes_of_sounds_are_those_in_the_middle_of_frames():
    phones = [Phone("m", 0.04, 0.10), Phone("ɑ", 0.10, 0.20), Phone("p", 0.20, 0.24)]

    classes = sound_classes(phones, 8)

    assert len(set(classes[[1, 5]])) == 1  # m and p look alike
    assert set(classes[[0, 6, 7]]) == {PAUSE_CLASS}
    assert len({classes[1], classes[3], PAUSE_CLASS}) == 3
    assert classes.max() < NUM_SOUND_CLASSES
