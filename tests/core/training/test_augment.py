import pytest
import torch

from moda_core.audio.log_mel import QUIETEST_REFERENCE
from moda_core.training.augment import Backgrounds, add_room, augment, warp_formants

ROWS, STEPS = 64, 320


@pytest.fixture(scope="module")
def backgrounds():
    return Backgrounds.make(seed=0, num_composed=1, num_played=0, seconds=8)


@pytest.fixture
def random():
    return torch.Generator().manual_seed(0)


def speech(random: torch.Generator) -> torch.Tensor:
    rhythm = 2 * torch.sin(torch.arange(STEPS) / 6)[:, None]
    return rhythm + torch.randn(ROWS, STEPS, 64, generator=random)


def test_backgrounds_are_as_loud_as_each_other(backgrounds):
    for sound in (backgrounds.noise, backgrounds.hum, backgrounds.music):
        loudness = sound.logsumexp(dim=1).sort().values
        assert float(loudness[int(0.95 * len(loudness))]) == pytest.approx(0, abs=0.5)


def test_reference_follows_the_loudness_of_the_mixture(backgrounds, random):
    clean = speech(random)
    reference = clean.logsumexp(dim=2).quantile(0.95, dim=1)

    mixed, found = augment(clean, reference, backgrounds, random)

    measured = mixed.logsumexp(dim=2).quantile(0.95, dim=1)
    assert (found - measured).abs().median() < 0.5  # nepers; the jitter's deviation is 0.3


def test_silence_stays_silent_in_some_windows_and_gets_sounds_in_others(backgrounds, random):
    silence = torch.full((ROWS, STEPS, 64), -23.0)
    reference = torch.full((ROWS,), QUIETEST_REFERENCE)

    mixed, found = augment(silence, reference, backgrounds, random)

    loudness = mixed.logsumexp(dim=2).amax(dim=1)
    assert 0 < int((loudness < QUIETEST_REFERENCE).sum()) < ROWS / 3
    assert int((found > QUIETEST_REFERENCE + 3).sum()) > ROWS / 3


def test_factor_above_one_moves_formants_down_the_bands():
    log_mel = torch.zeros(1, 1, 64)
    log_mel[..., 30] = 1

    warped = warp_formants(log_mel, torch.tensor([1.25]))

    assert int(warped.argmax()) == 24


def test_room_keeps_the_power_of_a_steady_sound():
    power = torch.ones(2, 200, 64)

    echoed = add_room(power, torch.tensor([0.1, 0.2]), torch.tensor([0.3, 0.0]))

    torch.testing.assert_close(echoed[:, 50:], power[:, 50:])
    torch.testing.assert_close(echoed[0, 0], torch.full((64,), 0.7))
