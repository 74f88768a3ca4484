"""A streamed portrait at the pace of the clock: what live agents and pages talk to.

Sound goes in as it comes; frames, each with its sound, come out 25 times a second. Where nothing is
said the portrait listens. What is said comes out as soon as it can be made, and whole.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ...emotion.emotion import Emotion
from ...motion.motion import FPS
from ...portrait.portrait import Portrait
from .stream import PortraitStream, StreamFrame

BUFFERED_S = 0.1  # of frames that wait to be shown
LATE_S = 0.5  # behind the clock, from which it starts anew instead of catching up


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
        Never goes back.

    Attributes
    ----------
    stream : PortraitStream
    is_speaking : bool
        Whether the last frame belongs to what is said.
    """

    def __init__(
        self,
        stream: PortraitStream,
        on_started: Callable[[], None] | None = None,
        on_finished: Callable[[Playback], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.stream, self.is_speaking, self._clock = stream, False, clock
        self._on_started, self._on_finished = on_started, on_finished
        self._thread = ThreadPoolExecutor(1)  # all use of the stream, in order
        self._waiting: deque[StreamFrame] = deque()
        self._shown = self._made = 0  # numbers of frames that were handed out, and made
        self._interruptions, self._closed = 0, False
        # Frames at which what is being said begins, and after which it ends, once that is known.
        self._begins: int | None = None
        self._ends: int | None = None

    async def push(self, sound: Tensor | np.ndarray, sample_rate: int) -> None:
        """Append what is said; parameters and errors as of `PortraitStream.push`."""
        interruptions = self._interruptions
        begins = await self._run(self._push, sound, sample_rate)
        if interruptions == self._interruptions:
            self._begins, self._ends = begins if self._begins is None else self._begins, None

    async def end_segment(self) -> None:
        """Tell that nothing follows for now, so that what was pushed is shown to its end."""
        interruptions = self._interruptions
        ends = await self._run(lambda: self.stream.num_frames + self.stream.num_heard)
        if interruptions == self._interruptions and self._begins is not None:
            self._ends = ends

    async def clear(self) -> None:
        """Interrupt: drop what was not shown; the mouth closes in 160 ms."""
        self._interruptions += 1
        self._waiting.clear()
        self._made = self._shown
        if self._begins is not None and self._shown > self._begins:
            self._finish(interrupted=True)
        self._begins = self._ends = None
        await self._run(self.stream.interrupt, self._shown)

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
        due = self._clock()
        while not self._closed:
            await self._fill()
            await asyncio.sleep(max(0.0, due - self._clock()))
            if self._closed or not self._waiting:
                continue  # interrupted or closed meanwhile
            frame = self._waiting.popleft()
            self._shown = frame.index + 1
            self.is_speaking = self._begins is not None and frame.index >= self._begins
            self._notify(frame.index)
            yield frame
            now = self._clock()
            due = (due if now - due < LATE_S else now) + 1 / FPS

    def close(self) -> None:
        """End the iteration, and release the thread."""
        self._closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _fill(self) -> None:
        """Make the frames of a window, if too few are waiting; at rest if nothing is to be said."""
        while len(self._waiting) < BUFFERED_S * FPS and not self._closed:
            interruptions, few = self._interruptions, len(self._waiting) < self.stream.plan.take
            ending = self._ends is not None and self._made < self._ends
            made = await self._run(self._make, few or ending)
            if interruptions != self._interruptions:
                return  # what was made is taken back
            if not made:
                return
            self._waiting.extend(made)
            self._made = made[-1].index + 1

    def _run(self, call: Callable, *arguments) -> asyncio.Future:
        return asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    def _push(self, sound: Tensor | np.ndarray, sample_rate: int) -> int:
        begins = self.stream.num_frames + self.stream.num_heard
        self.stream.push(sound, sample_rate)
        return begins

    def _make(self, at_rest: bool) -> list[StreamFrame]:
        made = self.stream.next_frames()
        return self.stream.next_at_rest() if at_rest and not made else made

    def _notify(self, index: int) -> None:
        if index == self._begins and self._on_started is not None:
            self._on_started()
        if self._ends is not None and index + 1 >= self._ends:
            self._finish(interrupted=False)

    def _finish(self, interrupted: bool) -> None:
        position_s = (self._shown - self._begins) / FPS
        self._begins = self._ends = None
        if self._on_finished is not None:
            self._on_finished(Playback(position_s, interrupted))
