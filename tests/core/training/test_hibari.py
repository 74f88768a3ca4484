import numpy as np
import pytest

from moda_core.training.hibari import Manner, _move_pitch, _phones, _warp_bins, draw_manner


def times(symbols: str, seconds: list[float]) -> list[tuple[str, float, float]]:
    phones = _phones(list(symbols), np.cumsum([0, *seconds]))
    return [(p.symbol, round(float(p.start_s), 3), round(float(p.end_s), 3)) for p in phones]


def test_stress_and_length_belong_to_their_vowel():
    found = times("mˈAp", [0.1, 0.05, 0.02, 0.1, 0.05, 0.2])

    assert found[1:4] == [("m", 0.1, 0.15), ("eɪ", 0.15, 0.27), ("p", 0.27, 0.32)]


@pytest.mark.parametrize(("gap_s", "pauses"), [(0.05, 0), (0.1, 1)])
def test_short_gap_between_words_is_no_pause(gap_s, pauses):
    found = times("a b", [0.1, 0.1, gap_s, 0.1, 0.1])

    inner = [name for name, *_ in found[1:-1]]
    assert inner.count("") == pauses


def test_formants_move_by_the_factor():
    spectrum = np.zeros((601, 2), np.float32)
    spectrum[200] = 1

    warped = _warp_bins(spectrum, 1.1)

    assert abs(int(warped[:, 0].argmax()) - 220) <= 1


def test_pitch_moves_by_the_factor_and_unvoiced_frames_stay():
    pitch = np.array([0, 100, 200, 0], np.float32)

    moved = _move_pitch(pitch, Manner(pitch=1.5))
    flat = _move_pitch(pitch, Manner(liveliness=0.0))

    np.testing.assert_allclose(moved, [0, 150, 300, 0], rtol=1e-5)
    np.testing.assert_allclose(flat[1:3], np.sqrt(100 * 200), rtol=1e-5)


def test_manners_are_of_men_women_and_children():
    random = np.random.default_rng(0)

    pitches = [draw_manner(random).pitch for _ in range(300)]

    assert min(pitches) < 0.55
    assert max(pitches) > 1.15
