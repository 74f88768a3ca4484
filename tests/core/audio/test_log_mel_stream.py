import numpy as np
import pytest
import torch

from moda_core.audio.log_mel import log_mel_features
from moda_core.audio.log_mel_stream import USUAL_REFERENCE, LogMelStream, running_reference
from moda_core.audio.recording import open_recording
from moda_core.example import SPEECH

RATE, FRAME = 16000, 640


@pytest.fixture(scope="module")
def speech():
    blocks, _ = open_recording(SPEECH, None)
    return np.concatenate(list(blocks))


def taken(stream, take=2, ahead=3):
    parts = []
    while stream.num_ready >= take + ahead:
        parts.append(stream.take(take, ahead)[:take])
    return torch.cat(parts) if parts else torch.zeros(0, 4, 64)


def test_features_are_nearly_those_of_the_whole_recording(speech):
    stream = LogMelStream()
    stream.push(speech)

    features = taken(stream)

    whole = log_mel_features([speech])[: len(features)]
    assert (features - whole).abs().mean() < 0.05 * whole.std()


def test_pieces_of_any_size_give_the_same(speech):
    sizes = np.random.default_rng(0).integers(0, 3000, 200)
    whole, pieces, parts = LogMelStream(), LogMelStream(), []
    whole.push(speech)

    for piece in np.split(speech, np.cumsum(sizes)):
        pieces.push(piece)
        parts.append(taken(pieces))

    assert torch.allclose(torch.cat(parts), taken(whole), atol=1e-5)


def test_a_quiet_voice_is_brought_up_to_others(speech):
    features = []
    for gain in (1.0, 0.1):
        stream = LogMelStream()
        stream.push(gain * speech)
        features.append(taken(stream))

    loud, quiet = (part[100:].mean() for part in features)
    assert quiet == pytest.approx(float(loud), rel=0.15)


def test_noise_far_below_a_voice_is_silence():
    stream = LogMelStream()
    stream.push(1e-4 * np.random.default_rng(0).standard_normal(2 * RATE))

    assert taken(stream).mean() < 0.05


def test_hum_is_silence_once_it_is_known():
    times = np.arange(4 * RATE) / RATE
    stream = LogMelStream()
    stream.push((0.3 * np.sin(2 * np.pi * 120 * times)).astype(np.float32))

    features = taken(stream)

    assert features[20:30].max() > 1
    assert not features[50:].any()


def test_a_copy_goes_its_own_way(speech):
    stream, expected = LogMelStream(), LogMelStream()
    for each in (stream, expected):
        each.push(speech[:RATE])
    other = stream.copy()
    other.push(np.ones(RATE, np.float32))
    taken(other)

    stream.push(speech[RATE : 2 * RATE])
    expected.push(speech[RATE : 2 * RATE])

    assert torch.equal(taken(stream), taken(expected))


def test_what_is_ahead_can_be_forgotten(speech):
    stream = LogMelStream()
    stream.push(speech[: 3 * RATE])
    stream.take(10, 3)

    stream.forget_ahead()
    left = stream.num_ready
    stream.push(np.zeros(RATE, np.float32))

    assert left == 0
    assert taken(stream)[2:].mean() < 0.05


def test_more_than_was_heard_can_not_be_taken():
    with pytest.raises(ValueError, match=r"at most 0 frames that were heard, got 2 \+ 3"):
        LogMelStream().take(2, 3)


def test_the_loudness_is_the_usual_one_until_somebody_speaks():
    assert running_reference(np.zeros(0)) == USUAL_REFERENCE
    assert running_reference(np.full(500, -10.0)) == USUAL_REFERENCE
    assert running_reference(np.full(20000, 4.0)) == pytest.approx(4.0, abs=0.05)
