"""One viewer of the page: a stream of its own, steered by what the page sends."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from ...bundles.live.avatar import Avatar, Playback
from ...bundles.live.stream import StreamFrame
from ...emotion.labels import EMOTIONS
from ...errors import MoDAError
from ...motion.controls import CONTROLS, read
from ...motion.motion import EXPRESSION, FPS
from .messages import (
    PICTURE,
    RATES,
    SOUND,
    FrameState,
    pack_frame,
    read_number,
    read_sound,
    read_text,
)
from .playback_clock import PlaybackClock
from .stage import Stage, named_emotion

if TYPE_CHECKING:
    from aiohttp import web

logger = logging.getLogger(__name__)

LEAD_S = 0.1  # how long before they are shown frames are sent
MOST_HEARD_S = 10.0  # of sound that waits to be shown
MOST_TAKEN_BACK = 25  # frames that a page may not have shown yet
HELLO_S = 10.0  # in which a page must say what it is
TOO_SLOW = 0.85  # share of their time that frames take, from which those who show them wait
SLOW_FRAMES = 50  # for which it is too slow before the picture gets smaller
JAW = CONTROLS.index("jaw")


class Viewer:
    """Plays a stream to one page, until it goes.

    It sends by one task alone: where the page does not read, that task waits, nothing more is made
    for this page, and others are not held up.

    Parameters
    ----------
    socket : web.WebSocketResponse
    stage : Stage
    encoders : Executor
        Encodes pictures.
    """

    def __init__(self, socket: "web.WebSocketResponse", stage: Stage, encoders: Executor):
        self._socket, self._stage, self._encoders = socket, stage, encoders
        self._clock, self._turn = PlaybackClock(LEAD_S), 0
        self._rest = stage.rest(stage.portrait)
        self._tasks: set[asyncio.Task] = set()
        # Sound on its way to the stream, and sound that was left out.
        self._coming_s = self._left_out_s = 0.0
        self._is_full = self._is_preparing = False
        self._content: bytes | None = None  # of the picture that was taken; None for the first one
        self._limit, self._num_slow = stage.sizes[0], 0
        self.avatar: Avatar | None = None

    async def run(self) -> None:
        """Talk with the page until it goes."""
        rate = await self._greeted()
        if rate is None:
            return
        stream = await asyncio.to_thread(self._stage.stream, rate)
        self.avatar = Avatar(stream, self._started, self._finished, self._clock, LEAD_S)
        sending = asyncio.create_task(self._send_frames())
        try:
            async for message in self._socket:
                self._hear(message.data)
        finally:
            self.avatar.close()
            for task in (sending, *self._tasks):
                task.cancel()

    async def _greeted(self) -> int | None:
        """Return the page's sample rate; None after telling it what was wrong."""
        try:
            message = read_text(await self._socket.receive_str(timeout=HELLO_S))
            if message["type"] != "hello":
                raise ValueError(f"Expected 'hello' first, got {message['type']!r}.")
            rate = round(read_number(message, "sample_rate", *RATES))
        except (ValueError, TypeError, asyncio.TimeoutError) as error:
            text = str(error) or f"Nothing was said for {HELLO_S:g} s."
            await self._tell(type="error", text=text)
            await self._socket.close()
            return None
        emotions = {"emotions": EMOTIONS, "emotion": self._stage.emotion}
        await self._tell(type="welcome", fps=FPS, lead_s=LEAD_S, **emotions)
        return rate

    async def _send_frames(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async for frame in self.avatar.frames():
                self._watch_load()
                state = self._state(frame)
                encoding = (pack_frame, frame.image, frame.sound, state)
                await self._socket.send_bytes(await loop.run_in_executor(self._encoders, *encoding))
        except ConnectionError:
            pass  # the page has gone
        except Exception:
            logger.exception("The stream of a page has ended.")
            await self._tell(
                type="error", text="The stream has failed; the console says why. Reload the page."
            )
            await self._socket.close()

    def _state(self, frame: StreamFrame) -> FrameState:
        avatar, expression = self.avatar, frame.values[None, EXPRESSION]
        jaw = float(read(expression - self._rest)[0, JAW])
        said_s = avatar.said_s(frame.index)
        said_s = None if said_s is None else said_s + self._left_out_s
        return FrameState(frame.index, self._turn, avatar.is_speaking, jaw, said_s, avatar.cost_s)

    def _watch_load(self) -> None:
        """Show the picture smaller once frames have taken too long for a while."""
        self._num_slow = max(0, self._num_slow + (1 if self.avatar.load > TOO_SLOW else -1))
        size = min(self._limit, max(self.avatar.stream.portrait.size))
        limit = self._stage.smaller(size)
        if self._num_slow >= SLOW_FRAMES and limit is not None and not self._is_preparing:
            self._limit, self._num_slow, self._is_preparing = limit, 0, True
            text = f"This machine is too slow for {size} pixels, so the picture has {limit} now."
            self._do(self._show_smaller(text))

    def _hear(self, data: str | bytes) -> None:
        """Do what a message asks for; what takes time goes on in tasks, in the same order."""
        try:
            if isinstance(data, str):
                message = read_text(data)
                act = self._acts().get(message["type"])
                if act is None:
                    raise ValueError(f"Unknown message {message['type']!r}.")
                act(message)
            elif data[:1] == bytes([SOUND]):
                self._hear_sound(data)
            elif data[:1] == bytes([PICTURE]):
                self._take_picture(data[1:])
            else:
                raise ValueError(f"Unknown kind of binary message, {data[:1]!r}.")
        except ValueError as error:
            self._do(self._tell(type="error", text=str(error)))

    def _acts(self) -> dict[str, Callable[[dict], None]]:
        return {
            "end": lambda message: self._do(self.avatar.end_segment()),
            "interrupt": self._interrupt,
            "emotion": self._set_emotion,
            "clock": self._take_time,
            "pause": lambda message: self._clock.pause(),
        }

    def _hear_sound(self, data: bytes) -> None:
        sound, rate = read_sound(data)
        if self.avatar.heard_s + self._coming_s > MOST_HEARD_S:
            self._left_out_s += len(sound) / rate
            if not self._is_full:
                self._is_full = True
                raise ValueError(
                    f"More than {MOST_HEARD_S:g} s of sound wait to be shown; the rest is left "
                    "out. Send it more slowly, or start with a smaller --size."
                )
            return
        self._is_full = False
        self._coming_s += len(sound) / rate
        self._do(self._push(sound, rate))

    async def _push(self, sound: np.ndarray, rate: int) -> None:
        try:
            await self.avatar.push(sound, rate)
        finally:
            self._coming_s -= len(sound) / rate

    def _interrupt(self, message: dict) -> None:
        most = self.avatar.num_shown
        shown = round(read_number(message, "shown", 0, 2**32))
        self._do(self._clear(min(max(shown, most - MOST_TAKEN_BACK), most)))

    async def _clear(self, shown: int) -> None:
        self._turn += 1
        await self.avatar.clear(shown)

    def _set_emotion(self, message: dict) -> None:
        emotion = named_emotion(str(message.get("emotion")))
        self._do(self.avatar.set_emotion(emotion))

    def _take_time(self, message: dict) -> None:
        """Take the page's word for how far it plays; it can't have played what it has not got."""
        place_s = read_number(message, "place_s", -3600, 1e9)
        self._clock.tell(min(place_s, self.avatar.num_shown / FPS))

    def _take_picture(self, content: bytes) -> None:
        if self._is_preparing:
            raise ValueError("Another picture is being prepared. Wait until it is shown.")
        self._is_preparing = True
        self._do(self._show_picture(content))

    async def _show_picture(self, content: bytes | None, note: str = "") -> None:
        try:
            portrait = await asyncio.to_thread(self._stage.read_portrait, content, self._limit)
            rest = await asyncio.to_thread(self._stage.rest, portrait)
            await self.avatar.set_portrait(portrait)
            self._rest, self._content = rest, content
            await self._tell(type="portrait", note=note)
        finally:
            self._is_preparing = False

    async def _show_smaller(self, note: str) -> None:
        with suppress(MoDAError):  # the face would be too small
            await self._show_picture(self._content, note)

    def _started(self) -> None:
        self._do(self._tell(type="started"))

    def _finished(self, playback: Playback) -> None:
        told = {"position_s": playback.position_s, "interrupted": playback.interrupted}
        self._do(self._tell(type="finished", **told))

    def _do(self, coroutine: Coroutine) -> None:
        """Run something beside the rest; tasks begin in the order in which they are made."""
        task = asyncio.create_task(self._guarded(coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, coroutine: Coroutine) -> None:
        try:
            await coroutine
        except (MoDAError, ValueError) as error:
            await self._tell(type="error", text=str(error))
        except (ConnectionError, RuntimeError):
            if not self._socket.closed:
                raise

    async def _tell(self, **message) -> None:
        if not self._socket.closed:
            await self._socket.send_json(message)
