"""An avatar at the pace of the clock: in step, at rest, to the end, interrupted."""

import asyncio

import numpy as np
import pytest

from moda_core.bundles.live.avatar import LATE_S, Avatar, Playback
from tests.counting_stream import FRAME, RATE, CountingStream


class Events:
    """Notes what an avatar tells."""

    def __init__(self):
        self.started, self.finished = 0, []
        self.stream = CountingStream()
        self.avatar = Avatar(self.stream, self.on_started, self.finished.append)

    def on_started(self):
        self.started += 1


def play(count, act=None):
    """Return `count` frames, when they came in seconds, and the events; acts after each."""
    events, frames, times = Events(), [], []

    async def main():
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async for frame in events.avatar.frames():
            frames.append(frame)
            times.append(loop.time() - begun)
            if act is not None:
                await act(events.avatar, len(frames))
            if len(frames) >= count:
                events.avatar.close()

    asyncio.run(main())
    return frames, times, events


def speech(num_frames):
    return np.ones(num_frames * FRAME, np.float32)


def test_frames_at_rest_come_25_times_a_second():
    frames, times, events = play(20)

    late_s = np.array(times) - np.arange(20) / 25
    assert [frame.index for frame in frames] == list(range(20))
    assert late_s.min() > -0.005
    assert np.median(late_s) < LATE_S
    assert (events.started, events.finished) == (0, [])


def test_what_is_said_is_shown_whole_and_told():
    speaking = []

    async def act(avatar, count):
        speaking.append(avatar.is_speaking)
        if count == 3:
            await avatar.push(speech(9), RATE)
            await avatar.end_segment()

    frames, _, events = play(24, act)

    spoken = [frame.index for frame in frames if frame.sound.any()]
    assert len(spoken) == 9
    assert spoken == list(range(spoken[0], spoken[0] + 9))
    assert spoken[0] <= 8
    assert np.flatnonzero(speaking).tolist() == spoken
    assert events.started == 1
    assert events.finished == [Playback(9 / 25, interrupted=False)]


def test_an_interruption_drops_what_was_not_shown_and_tells_how_far_it_came():
    async def act(avatar, count):
        if count == 1:
            await avatar.push(speech(40), RATE)
        if count == 12:
            await avatar.clear()

    frames, _, events = play(20, act)

    assert [frame.index for frame in frames] == list(range(20))
    assert not any(frame.sound.any() for frame in frames[12:])
    assert events.stream.interrupted_at == [12]
    [playback] = events.finished
    assert playback.interrupted
    assert 0 < playback.position_s <= 11 / 25


def test_speech_after_an_interruption_is_told_anew():
    async def act(avatar, count):
        if count in (1, 9):
            await avatar.push(speech(30), RATE)
        if count == 7:
            await avatar.clear()

    frames, _, events = play(20, act)

    assert frames[-1].sound.all()
    assert events.started == 2


def test_bad_sound_is_refused_where_it_is_pushed():
    async def act(avatar, count):
        with pytest.raises(ValueError, match="rate above 0"):
            await avatar.push(speech(1), 0)

    frames, _, _ = play(2, act)

    assert len(frames) == 2
