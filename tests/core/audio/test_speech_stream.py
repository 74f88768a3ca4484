import numpy as np
import pytest
import torch

from moda_core.audio.speech_preparation import prepare_speech
from moda_core.audio.speech_stream import SpeechStream
from tests.bench.stand_in_encoder import random_encoder
from tests.tolerances import assert_rounded

FRAME, PAST = 640, 10
NOISE = 0.2 * np.random.default_rng(0).standard_normal(40 * FRAME).astype(np.float32)
DEEPEST = 256  # roundings, see `test_hubert`


@pytest.fixture(scope="module")
def encoder():
    return random_encoder()


def taken(stream, take=4, ahead=3):
    parts = []
    while stream.num_ready >= take + ahead:
        parts.append(stream.take(take, ahead))
    return parts


def test_frames_are_encoded_with_those_before_and_ahead_of_them(encoder):
    stream = SpeechStream(encoder, PAST)
    stream.push(NOISE)
    prepared, _ = prepare_speech([NOISE], len(NOISE), "post")

    for index, features in enumerate(taken(stream)):
        first = 4 * index
        piece = prepared[FRAME * max(0, first - PAST) : FRAME * (first + 7)]
        assert_rounded(features, encoder.encode(piece)[-7:], DEEPEST)


def test_pieces_of_any_size_give_the_same(encoder):
    sizes = np.random.default_rng(1).integers(0, 2000, 30)
    whole, pieces, parts = SpeechStream(encoder, PAST), SpeechStream(encoder, PAST), []
    whole.push(NOISE)

    for piece in np.split(NOISE, np.cumsum(sizes)):
        for single in np.split(piece, [1]):
            pieces.push(single)
        parts += taken(pieces)

    assert torch.equal(torch.cat(parts), torch.cat(taken(whole)))


def test_a_copy_goes_its_own_way(encoder):
    stream = SpeechStream(encoder, PAST)
    stream.push(NOISE)
    other = stream.copy()
    other.take(4, 3)
    other.forget_ahead()

    assert stream.num_ready == 40
    assert other.num_ready == 0


def test_new_sound_follows_what_was_forgotten(encoder):
    stream = SpeechStream(encoder, PAST)
    stream.push(NOISE)
    stream.take(4, 3)

    stream.forget_ahead()
    stream.push(NOISE[: 8 * FRAME])

    assert stream.num_ready == 8
    assert stream.take(4, 3).isfinite().all()


def test_more_than_was_heard_can_not_be_taken(encoder):
    with pytest.raises(ValueError, match=r"at most 0 frames that were heard, got 2 \+ 3"):
        SpeechStream(encoder).take(2, 3)
