"""The avatar as a processor of a Pipecat pipeline; needs ``requirements-live.txt``."""

import asyncio

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    OutputImageRawFrame,
    StartFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from .avatar import Avatar, Playback
from .pcm import from_int16, to_int16
from .stream import PortraitStream, StreamFrame


class PipecatAvatar(FrameProcessor):
    """Takes the speech of a pipeline, and gives pictures all the time and the speech along.

    It stands between the speech service and the transport. Speech comes out again with its
    pictures; an end of speech and of the pipeline after all that was said. Everything else passes.

    Parameters
    ----------
    stream : PortraitStream
        Used by nothing else from now on.

    Attributes
    ----------
    avatar : Avatar
        Takes changes of emotion, pose and portrait.
    """

    def __init__(self, stream: PortraitStream, **options):
        super().__init__(**options)
        self.avatar = Avatar(stream, on_finished=self._on_finished)
        self._playing: asyncio.Task | None = None
        self._held: list[TTSStoppedFrame] = []  # until what was said is shown
        self._ends, self._finished = False, asyncio.Event()
        self._finished.set()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Take a frame of the pipeline."""
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame) and direction == FrameDirection.DOWNSTREAM:
            sound = from_int16(frame.audio, frame.num_channels)
            await self.avatar.push(sound, frame.sample_rate)
            self._ends = False
            self._finished.clear()
            return
        if isinstance(frame, TTSStoppedFrame) and not self._finished.is_set():
            self._held.append(frame)
            await self.avatar.end_segment()
            return
        if isinstance(frame, InterruptionFrame):
            self._ends, self._held = False, []
            self._finished.set()
            # Clearing comes first, but the transport need not wait for the stream.
            await asyncio.gather(self.avatar.clear(), self.push_frame(frame, direction))
            return
        if isinstance(frame, EndFrame):
            if not self._held:
                await self.avatar.end_segment()
            await self._finished.wait()
        if isinstance(frame, EndFrame | CancelFrame):
            await self._stop()
        await self.push_frame(frame, direction)
        if isinstance(frame, StartFrame):
            self._playing = self.create_task(self._play())

    async def cleanup(self) -> None:
        """Release the thread and the task."""
        await self._stop()
        await super().cleanup()

    async def _play(self) -> None:
        """Push the frames at their times, 25 a second."""
        try:
            async for frame in self.avatar.frames():
                # Sound first: nothing is waited for between the check and its use.
                if self.avatar.is_speaking:
                    await self.push_frame(self._audio(frame))
                await self.push_frame(_image(frame))
                if self._ends:
                    held, self._ends, self._held = self._held, False, []
                    for stopped in held:
                        await self.push_frame(stopped)
                    self._finished.set()
        except Exception as error:
            await self.push_error(f"The portrait's stream has failed: {error}", exception=error)
        finally:
            self._finished.set()

    async def _stop(self) -> None:
        self.avatar.close()
        if self._playing is not None:
            await self.cancel_task(self._playing)
            self._playing = None

    def _on_finished(self, playback: Playback) -> None:
        self._ends = not playback.interrupted

    def _audio(self, frame: StreamFrame) -> TTSAudioRawFrame:
        rate = self.avatar.stream.sample_rate
        return TTSAudioRawFrame(to_int16(frame.sound), rate, num_channels=1)


def _image(frame: StreamFrame) -> OutputImageRawFrame:
    height, width = frame.image.shape[:2]
    return OutputImageRawFrame(frame.image.numpy().tobytes(), (width, height), "RGB")
