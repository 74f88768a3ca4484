"""An avatar at the pace of the clock: in step, at rest, to the end, interrupted."""

import asyncio
import time

import numpy as np
import pytest

from moda_core.bundles.live.avatar import LATE_S, Avatar, Playback
from tests.counting_stream import FRAME, RATE, CountingStream

LIMIT_S = 20


class Events:
    """Notes what an avatar tells."""

    def __init__(self, window_s=0.0, **options):
        self.started, self.finished = 0, []
        self.stream = CountingStream(window_s=window_s)
        self.avatar = Avatar(self.stream, self.on_started, self.finished.append, **options)

    def on_started(self):
        self.started += 1


def play(count, act=None, **options):
    """Return `count` frames, when they came in seconds, and the events; acts after each."""
    events, frames, times = Events(**options), [], []

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

    asyncio.run(asyncio.wait_for(main(), LIMIT_S))
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


@pytest.mark.parametrize(("speed", "hurries"), [(1e4, True), (1e-2, False)])
def test_windows_that_would_come_too_late_are_hurried(speed, hurries):
    begun = time.monotonic()

    _, _, events = play(4, clock=lambda: (time.monotonic() - begun) * speed)

    assert events.stream.hurried[1:2] == [hurries]  # the first one is never early


@pytest.mark.parametrize(("hurried", "expected"), [(False, 0.5), (True, 1.0)])
def test_the_load_is_the_share_of_their_time_that_frames_take(hurried, expected):
    avatar = Avatar(CountingStream())

    for _ in range(40):
        avatar._note_cost(0.04, 2, hurried)  # two frames are shown for 80 ms
    avatar.close()

    assert avatar.load == pytest.approx(expected, abs=0.01)


def test_what_making_frames_takes_is_noted():
    _, _, events = play(20, window_s=0.03)

    assert events.avatar.load > 0.3


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


def test_sound_in_real_time_replaces_frames_at_rest_and_is_not_torn_apart():
    async def act(avatar, count):
        if 3 <= count < 17:
            await avatar.push(speech(1), RATE)
        if count == 17:
            await avatar.end_segment()

    frames, _, events = play(30, act, clock=lambda: time.monotonic() / 2)  # for a busy machine

    spoken = [frame.index for frame in frames if frame.sound.any()]
    assert spoken == list(range(spoken[0], spoken[0] + 14))
    assert spoken[0] >= 7  # until a window of it is known
    assert events.finished == [Playback(14 / 25, interrupted=False)]


def test_a_short_sound_that_nobody_ends_is_shown_too():
    async def act(avatar, count):
        if count == 3:
            await avatar.push(speech(2), RATE)

    frames, _, events = play(40, act)

    assert [bool(frame.sound.any()) for frame in frames].count(True) == 2
    assert events.started == 1


def test_frames_that_wait_at_someone_elses_come_again_when_something_is_said():
    async def act(avatar, count):
        if count == 12:
            await avatar.push(speech(9), RATE)
            await avatar.end_segment()

    frames, _, _ = play(30, act, lead_s=0.2)

    indexes = [frame.index for frame in frames]
    again = next(place for place in range(1, 30) if indexes[place] <= indexes[place - 1])
    assert again <= 14
    assert indexes[again:] == list(range(indexes[again], indexes[again] + 30 - again))
    assert frames[again].sound.all()


def test_a_clock_that_waits_for_late_frames_is_not_left_behind():
    def clock():  # of one who has all frames and plays them at once
        return shown[-1] / 25 + (LATE_S if shown[-1] else 0)

    async def act(avatar, count):
        shown.append(max(avatar.num_shown, shown[-1]))
        if count % 8 == 0:
            await avatar.clear(avatar.num_shown - 5)

    shown = [0]

    frames, _, _ = play(60, act, clock=clock, lead_s=0.1)  # or it never ends

    assert len(frames) == 60


def test_the_place_of_a_frames_sound_is_told():
    places = []

    async def act(avatar, count):
        places.append(avatar.said_s(frames_made(avatar)))
        if count in (2, 14):
            await avatar.push(speech(6), RATE)
            await avatar.end_segment()

    def frames_made(avatar):
        return avatar.num_shown - 1

    play(28, act)

    said = [place for place in places if place is not None]
    np.testing.assert_allclose(said, np.arange(12) / 25)
    assert places[0] is None
    assert places[-1] is None


def test_bad_sound_is_refused_where_it_is_pushed():
    async def act(avatar, count):
        with pytest.raises(ValueError, match="rate above 0"):
            await avatar.push(speech(1), 0)

    frames, _, _ = play(2, act)

    assert len(frames) == 2
