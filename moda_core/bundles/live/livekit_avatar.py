"""The avatar of an agent of LiveKit Agents; needs ``requirements-live.txt``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from livekit import rtc
from livekit.agents.voice.avatar import (
    AudioReceiver,
    AudioSegmentEnd,
    AvatarOptions,
    AvatarRunner,
    VideoGenerator,
)

from ...motion.motion import FPS
from .avatar import Avatar, Playback
from .pcm import from_int16, rgba, to_int16
from .stream import PortraitStream, StreamFrame

HANDED_OUT_S = 0.2  # at most, in which sound that was handed out is taken


class LiveKitAvatar(VideoGenerator):
    """Gives the pictures of a stream all the time, and sound while something is said.

    What is said in one segment is shown to its end before the next one begins. It can be iterated
    over once.

    Parameters
    ----------
    stream : PortraitStream
        Used by nothing else from now on.

    Attributes
    ----------
    avatar : Avatar
        Takes changes of emotion, pose and portrait.
    av_sync : rtc.AVSynchronizer or None
        Queue of the runner, which is emptied by `clear_buffer`.
    """

    def __init__(self, stream: PortraitStream):
        self.avatar = Avatar(stream, on_finished=self._on_finished)
        self.av_sync: rtc.AVSynchronizer | None = None
        self._interruptions, self._has_sound, self._ends = 0, False, False
        # Set but between the end of a segment and its playback, and while sound is handed out.
        self._finished, self._taken = asyncio.Event(), asyncio.Event()
        self._finished.set()
        self._taken.set()

    @property
    def options(self) -> AvatarOptions:
        """What a runner has to know."""
        stream = self.avatar.stream
        width, height = stream.portrait.size
        return AvatarOptions(
            video_width=width,
            video_height=height,
            video_fps=FPS,
            audio_sample_rate=stream.sample_rate,
            audio_channels=1,
        )

    def runner(self, room: rtc.Room, audio_recv: AudioReceiver) -> AvatarRunner:
        """Return a runner that shows it in a room and is silent at once when interrupted."""
        runner = AvatarRunner(room, audio_recv=audio_recv, video_gen=self, options=self.options)
        self.av_sync = runner.av_sync
        return runner

    async def push_audio(self, frame: rtc.AudioFrame | AudioSegmentEnd) -> None:
        """Append what is said; waits until the segment before it was shown."""
        interruptions = self._interruptions
        await self._finished.wait()
        if interruptions != self._interruptions:
            return  # it belongs to what was interrupted
        if isinstance(frame, rtc.AudioFrame):
            self._has_sound = True
            sound = from_int16(frame.data, frame.num_channels)
            await self.avatar.push(sound, frame.sample_rate)
        elif self._has_sound:
            self._has_sound = False
            self._finished.clear()
            await self.avatar.end_segment()

    async def clear_buffer(self) -> None:
        """Interrupt: drop what was not shown; the mouth closes in 160 ms."""
        self._interruptions += 1
        self._has_sound = self._ends = False
        self._finished.set()
        await asyncio.gather(self.avatar.clear(), self._clear_queue())

    async def __aiter__(self) -> AsyncIterator[rtc.VideoFrame | rtc.AudioFrame | AudioSegmentEnd]:
        """Yield the frames at their times, 25 a second."""
        try:
            async for frame in self.avatar.frames():
                # Sound first: nothing is waited for between the check and its use.
                if self.avatar.is_speaking:
                    self._taken.clear()
                    yield self._audio(frame)
                    self._taken.set()
                yield self._video(frame)
                if self._ends:
                    self._ends = False
                    self._finished.set()
                    yield AudioSegmentEnd()
        finally:
            self.avatar.close()

    def _on_finished(self, playback: Playback) -> None:
        self._ends = not playback.interrupted

    async def _clear_queue(self) -> None:
        """Empty the runner's queue, after it has counted the sound that it is just taking."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._taken.wait(), HANDED_OUT_S)
        if self.av_sync is not None:
            await self.av_sync.clear_queue()

    def _audio(self, frame: StreamFrame) -> rtc.AudioFrame:
        return rtc.AudioFrame(
            data=to_int16(frame.sound),
            sample_rate=self.avatar.stream.sample_rate,
            num_channels=1,
            samples_per_channel=len(frame.sound),
        )

    def _video(self, frame: StreamFrame) -> rtc.VideoFrame:
        height, width = frame.image.shape[:2]
        return rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, rgba(frame.image))
