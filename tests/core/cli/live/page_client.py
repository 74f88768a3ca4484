"""A page as the server sees it: sends what it is told to, and plays frames by a clock."""

import asyncio
import contextlib
import time
from collections import deque

import aiohttp
import numpy as np

from moda_core.cli.live.messages import FRAME_HEAD, PICTURE, SOUND, SOUND_HEAD
from moda_core.cli.live.server import make_app, serve

RATE = 8000
FPS = 25
LIMIT_S = 5  # after which a test has failed


@contextlib.asynccontextmanager
async def served(stage):
    """Serve a stage on a free port; yields the port."""
    opened = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(make_app(stage), 0, opened.set_result))
    try:
        await asyncio.wait({opened, serving}, return_when=asyncio.FIRST_COMPLETED)
        yield int((await opened).rstrip("/").rsplit(":", 1)[1])
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


class Frame:
    """A frame's message, read."""

    def __init__(self, message):
        head = FRAME_HEAD.unpack_from(message)
        self.kind, self.is_speaking, self.turn, self.index, self.jaw, self.said_s, size, _ = head
        self.sound = np.frombuffer(message, "<i2", size // 2, FRAME_HEAD.size)
        self.picture = message[FRAME_HEAD.size + size :]


class Page:
    """A connection to the server, which plays by its own clock once frames have come."""

    def __init__(self, session, port, plays=True):
        self._session, self._port, self._plays = session, port, plays
        self.frames, self.told, self.began = deque(maxlen=10_000), [], None
        self.news = asyncio.Event()

    async def __aenter__(self):
        url = f"http://127.0.0.1:{self._port}/live"
        self.socket = await self._session.ws_connect(url)
        await self.tell(type="hello", sample_rate=RATE)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *error):
        self._reading.cancel()
        await self.socket.close()

    async def tell(self, **message):
        await self.socket.send_json(message)

    async def say(self, seconds, level=0.5):
        samples = np.full(round(seconds * RATE), level, "<f4")
        await self.socket.send_bytes(SOUND_HEAD.pack(SOUND, RATE) + samples.tobytes())

    async def show_picture(self, content):
        await self.socket.send_bytes(bytes([PICTURE]) + content)

    async def until(self, holds):
        """Wait until something holds, which is looked at when a message has come."""

        async def wait():
            while not holds():
                self.news.clear()
                await self.news.wait()

        await asyncio.wait_for(wait(), LIMIT_S)

    async def complaint(self):
        """Return the next sentence about what was wrong."""
        seen = len(self.errors)
        await self.until(lambda: len(self.errors) > seen)
        return self.errors[-1]

    @property
    def errors(self):
        return [message["text"] for message in self.told if message["type"] == "error"]

    @property
    def heard(self):
        """Whether each frame has sound."""
        return [bool(frame.sound.any()) for frame in self.frames]

    async def _read(self):
        async for message in self.socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                self.told.append(message.json())
            else:
                self.frames.append(Frame(message.data))
                now = time.monotonic()
                self.began = self.began or now
                if self._plays:
                    await self.tell(type="clock", place_s=now - self.began)
            self.news.set()
        self.told.append({"type": "closed"})
        self.news.set()


def with_pages(stage, act, count=1, **options):
    """Run `act` on pages that are open at the same time."""

    async def main():
        async with contextlib.AsyncExitStack() as stack:
            port = await stack.enter_async_context(served(stage))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            pages = [
                await stack.enter_async_context(Page(session, port, **options))
                for _ in range(count)
            ]
            return await act(*pages)

    return asyncio.run(main())
