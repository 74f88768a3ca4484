"""A streamed portrait at the pace of the clock: what live agents and pages talk to.

Sound goes in as it comes; frames, each with its sound, come out 25 times a second. Where nothing is
said the portrait listens. What is said comes out as soon as it can be made, and whole: its sound is
held back until the first frames can be made of it, and then replaces the frames at rest that were
made for that time. Where the machine is too slow, pictures are left out, and sound goes on.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ...emotion.emotion import Emotion
from ...motion.motion import FPS
from ...portrait.portrait import Portrait
from .stream import PortraitStream, StreamFrame, mono_sound

BUFFERED_S = 0.1  # of frames that wait to be shown
LATE_S = 0.5  # behind the clock, from which it starts anew instead of catching up
STARVED_S = 0.1  # that a frame is late for want of sound, before silence is put in
HELD_S = 0.4  # after which held sound is not waited for any longer
POLL_S = 0.02  # between two looks at a clock that may stand still
MARGIN_S = 0.02  # in which a frame must be there before it is shown
USUAL_COST_S = 0.04  # of making a window, until it is measured


@dataclass(frozen=True)
class Playback:
    """What is told about the playback of what was said.

    Parameters
    ----------
    position_s : float
        Length of what was shown of it.
    interrupted : bool
        Whether the rest was dropped.
    """

    position_s: float
    interrupted: bool


class Avatar:
    """Plays a stream in real time; all but the iteration may be called at any time in its loop.

    Parameters
    ----------
    stream : PortraitStream
        Used by nothing else from now on.
    on_started : callable (), optional
        Called when the first frame of what is said is shown.
    on_finished : callable (Playback), optional
        Called when it was shown to its end, or interrupted.
    clock : callable () -> seconds
        Never goes back. Frames are handed out by it from the beginning of the iteration on.
    lead_s : float
        How long before they are shown frames are handed out, to someone who drops those of an
        index that comes again, and whose clock waits for late ones. By default frames are shown
        when they are handed out.

    Attributes
    ----------
    stream : PortraitStream
    is_speaking : bool
        Whether the last frame belongs to what is said.
    num_shown : int
        Number of frames that were handed out and not taken back.
    cost_s : float
        What making a window takes, on average.
    load : float
        Time of making a frame over the time for which it is shown, on average; near 1 frames come
        late. Hurried ones count as 1 at least.
    """

    def __init__(
        self,
        stream: PortraitStream,
        on_started: Callable[[], None] | None = None,
        on_finished: Callable[[Playback], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        lead_s: float = 0.0,
    ):
        self.stream, self.is_speaking, self.num_shown = stream, False, 0
        self._clock, self._lead_s = clock, lead_s
        self._on_started, self._on_finished = on_started, on_finished
        self._thread = ThreadPoolExecutor(1)  # all use of the stream, in order
        self._waiting: deque[StreamFrame] = deque()
        self._made = 0  # number of frames that were made and not taken back
        self._base = clock()  # time of frame 0
        self.cost_s, self.load = USUAL_COST_S, 0.0
        self._turn, self._closed = 0, False  # how often frames were taken back
        self._to_make, self._to_show = asyncio.Event(), asyncio.Event()  # something has changed
        # Sound of which no frame can be made yet, and whether new sound joins what is being made.
        self._held: list[tuple[np.ndarray, int]] = []
        self._held_s, self._held_at, self._flows = 0.0, 0.0, False
        self._pushed_s = 0.0
        self._said_from = (0, 0.0)  # a frame, and the place of its sound in all that was pushed
        self._heard = 0  # the frame up to which sound was pushed to the stream
        # Frames at which what is being said begins, and after which it ends, once that is known.
        self._begins: int | None = None
        self._ends: int | None = None

    @property
    def heard_s(self) -> float:
        """Length of the sound that was pushed and of which no frames were made yet."""
        return self._held_s + max(0, self._heard - self._made) / FPS

    def said_s(self, index: int) -> float | None:
        """Return the place of a frame's sound in all that was pushed, None for a frame at rest."""
        first, place_s = self._said_from
        return place_s + (index - first) / FPS if first <= index < self._heard else None

    async def push(self, sound: Tensor | np.ndarray, sample_rate: int) -> None:
        """Append what is said; parameters and errors as of `PortraitStream.push`."""
        mono = mono_sound(sound, sample_rate)
        self._pushed_s += len(mono) / sample_rate
        if self._flows or self._made < self._heard:
            self._flows, self._ends = True, None
            await self._append([(mono, sample_rate)])
            return
        self._held_at = time.monotonic()
        self._held.append((mono, sample_rate))
        self._held_s += len(mono) / sample_rate
        if self._missing_s() <= 0:
            await self._begin()

    async def end_segment(self) -> None:
        """Tell that nothing follows for now, so that what was pushed is shown to its end."""
        if self._held:
            await self._begin()
        if self._begins is not None:
            self._ends, self._flows = self._heard, False
            self._wake()

    async def clear(self, shown: int | None = None) -> None:
        """Interrupt: drop what was not shown; the mouth closes in 160 ms.

        `shown` is the number of frames that were shown, by default those that should have been.
        """
        shown = self._num_seen() if shown is None else shown
        begins, told = self._begins, self.num_shown
        shown = min(max(shown, 0), told)
        self._held, self._held_s, self._flows = [], 0.0, False
        self._take_back(shown)
        self._heard, self._ends, self._begins = shown, None, None
        if begins is not None and told > begins:
            self._tell(Playback(max(0, shown - begins) / FPS, interrupted=True))
        try:
            await self._run(self.stream.interrupt, shown)
        finally:
            self._wake()

    async def set_emotion(self, emotion: Emotion | None) -> None:
        """Change the emotion, see `PortraitStream.set_emotion`."""
        await self._run(self.stream.set_emotion, emotion)

    async def set_pose(self, pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> None:
        """Turn the head, see `PortraitStream.set_pose`."""
        await self._run(self.stream.set_pose, pitch, yaw, roll)

    async def set_portrait(self, portrait: Portrait) -> None:
        """Let another face go on, see `PortraitStream.set_portrait`."""
        await self._run(self.stream.set_portrait, portrait)

    async def frames(self) -> AsyncIterator[StreamFrame]:
        """Yield the frames at their times, until `close`."""
        self._base = self._clock()
        making = asyncio.create_task(self._make_frames())
        making.add_done_callback(lambda _: self._to_show.set())
        try:
            while not self._closed:
                await self._due(making)
                if self._closed:
                    return
                frame = self._waiting.popleft()
                self.num_shown = frame.index + 1
                begins = self._heard if self._begins is None else self._begins
                self.is_speaking = begins <= frame.index < self._heard
                self._notify(frame.index)
                self._to_make.set()
                yield frame
        finally:
            making.cancel()

    def close(self) -> None:
        """End the iteration, and release the thread."""
        self._closed = True
        self._wake()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _due(self, making: asyncio.Task) -> None:
        """Wait until the next frame is to be handed out, or all is closed."""
        while not self._closed:
            self._to_show.clear()
            if making.done():
                making.result()  # raises what stopped it
            wait_s = None
            if self._waiting:
                wait_s = self._base + self._waiting[0].index / FPS - self._clock()
                if wait_s <= 0:
                    if wait_s < -LATE_S and not self._lead_s:
                        self._base -= wait_s
                    return
            await _news(self._to_show, wait_s and min(wait_s, POLL_S))

    async def _make_frames(self) -> None:
        """Make windows of frames as long as too few are waiting; at rest if nothing is said."""
        while not self._closed:
            self._to_make.clear()
            if len(self._waiting) >= BUFFERED_S * FPS:
                await _news(self._to_make)
                continue
            if self._held and time.monotonic() > self._held_at + HELD_S:
                await self._begin()
            elif self._held and self._made >= self._soonest(self._missing_s()):
                await _news(self._to_make, POLL_S)  # so that the thread is free when it begins
                continue
            if self._flows and (self._made >= self._heard or self._is_starved()):
                self._flows = False
            turn, begun = self._turn, time.monotonic()
            due = self._base + self._made / FPS + self._lead_s
            hurried = self._clock() + self.cost_s > due
            made = await self._run(self._make, not self._flows, hurried)
            if turn != self._turn:
                continue  # what was made is taken back
            if not made:
                await _news(self._to_make, POLL_S)
                continue
            self._note_cost(time.monotonic() - begun, len(made), hurried)
            self._waiting.extend(made)
            self._made = made[-1].index + 1
            self._to_show.set()

    def _note_cost(self, took_s: float, num_frames: int, hurried: bool) -> None:
        load = took_s * FPS / num_frames
        self.cost_s += 0.2 * (took_s - self.cost_s)
        self.load += 0.2 * ((max(1.0, load) if hurried else load) - self.load)

    def _is_starved(self) -> bool:
        """Tell whether sound was so long in coming that silence is put in."""
        due = self._base + self._made / FPS + self._lead_s
        return not self._waiting and self._clock() > due + STARVED_S

    def _num_seen(self) -> int:
        """Return how many frames should have been shown by now."""
        seen = math.floor((self._clock() - self._base - self._lead_s) * FPS) + 1
        return min(max(seen, 0), self.num_shown) if self._lead_s else self.num_shown

    def _missing_s(self) -> float:
        """Return how much sound is missing until frames can be made of what is held."""
        return (self.stream.plan.take + self.stream.plan.ahead) / FPS - self._held_s

    def _soonest(self, wait_s: float = 0.0) -> int:
        """Return the first frame that can be there in time if its making begins in `wait_s`."""
        now_s = self._clock() - self._base - self._lead_s
        return math.ceil((now_s + max(0.0, wait_s) + self.cost_s + MARGIN_S) * FPS)

    async def _begin(self) -> None:
        """Let the stream go on with the held sound, as soon as its frames can be there."""
        first = min(max(self._soonest(), self._num_seen(), self._heard), self._made)
        held, self._held = self._held, []
        self._take_back(first)
        self._said_from = first, self._pushed_s - self._held_s
        self._flows, self._heard = True, first + math.ceil(self._held_s * FPS)
        self._held_s = 0.0
        self._begins, self._ends = first if self._begins is None else self._begins, None
        await self._append(held, first)

    async def _append(self, sounds: list[tuple[np.ndarray, int]], first: int | None = None) -> None:
        """Push to the stream, in which `first` is the number of frames to go on from."""
        turn = self._turn
        heard = await self._run(self._push, sounds, first)
        if turn == self._turn:
            self._heard = heard
            self._wake()

    def _take_back(self, shown: int) -> None:
        """Drop the frames after the first `shown`."""
        self._turn += 1
        while self._waiting and self._waiting[-1].index >= shown:
            self._waiting.pop()
        self._made, self.num_shown = shown, min(self.num_shown, shown)

    def _wake(self) -> None:
        self._to_make.set()
        self._to_show.set()

    def _run(self, call: Callable, *arguments) -> asyncio.Future:
        return asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    def _push(self, sounds: list[tuple[np.ndarray, int]], first: int | None) -> int:
        if first is not None:
            self.stream.rewind(first)
        for sound, sample_rate in sounds:
            self.stream.push(sound, sample_rate)
        return self.stream.num_frames + self.stream.num_heard

    def _make(self, at_rest: bool, hurried: bool) -> list[StreamFrame]:
        made = self.stream.next_frames(hurried)
        return self.stream.next_at_rest(hurried) if at_rest and not made else made

    def _notify(self, index: int) -> None:
        if index == self._begins and self._on_started is not None:
            self._on_started()
        if self._ends is not None and index + 1 >= self._ends:
            playback = Playback((self._ends - self._begins) / FPS, interrupted=False)
            self._begins = self._ends = None
            self._tell(playback)

    def _tell(self, playback: Playback) -> None:
        if self._on_finished is not None:
            self._on_finished(playback)


async def _news(event: asyncio.Event, timeout_s: float | None = None) -> None:
    """Wait for an event, at most `timeout_s`."""
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(event.wait(), timeout_s)
