"""The avatar in a real pipeline of Pipecat, before a transport whose wire is a list."""

import asyncio
from contextlib import asynccontextmanager

import numpy as np
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    EndFrame,
    ErrorFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputImageRawFrame,
    TextFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

from moda_core.bundles.live.pipecat_avatar import PipecatAvatar
from tests.counting_stream import FRAME, HEIGHT, RATE, WIDTH, CountingStream
from tests.live.spoken import CLOSED, WatchedStarter, ramp, speech

PATIENCE_S = 30
QUEUED = 4  # pictures or sounds that the transport holds


def wire_params(size):
    return TransportParams(
        audio_out_enabled=True,
        video_out_enabled=True,
        video_out_is_live=True,
        video_out_width=size[0],
        video_out_height=size[1],
        video_out_framerate=25,
        audio_out_end_silence_secs=0,
    )


class Wire(BaseOutputTransport):
    """A transport that notes what it sends, each sound as long as it lasts."""

    def __init__(self, size, params=None):
        super().__init__(params or wire_params(size))
        self.sent = []

    async def start(self, frame):
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame):
        self.sent.append(frame)
        await asyncio.sleep(frame.num_frames / frame.sample_rate)
        return True

    async def write_video_frame(self, frame):
        self.sent.append(frame)
        return True


class Notes(FrameProcessor):
    """Stands behind another processor and notes all that comes from it."""

    def __init__(self):
        super().__init__()
        self.frames = []

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        await self.push_frame(frame, direction)

    def of(self, *kinds):
        return [frame for frame in self.frames if isinstance(frame, kinds)]


class Played:
    """A running pipeline: what comes to the avatar, from it, over the wire and after it."""

    def __init__(self, stream):
        self.avatar = PipecatAvatar(stream)
        self.before, self.given, self.after = Notes(), Notes(), Notes()
        self.wire = Wire(stream.portrait.size)
        parts = [self.before, self.avatar, self.given, self.wire, self.after]
        params = PipelineParams(audio_out_sample_rate=stream.sample_rate)
        self.worker = PipelineWorker(Pipeline(parts), params=params, enable_rtvi=False)

    @property
    def sounds(self):
        return [frame for frame in self.wire.sent if isinstance(frame, OutputAudioRawFrame)]

    @property
    def pictures(self):
        return [frame for frame in self.wire.sent if isinstance(frame, OutputImageRawFrame)]

    async def send(self, *frames):
        await self.worker.queue_frames(frames)

    async def say(self, samples, rate=RATE, num_channels=1, piece=320):
        pieces = [samples[start : start + piece] for start in range(0, len(samples), piece)]
        frames = [TTSAudioRawFrame(part.tobytes(), rate, num_channels) for part in pieces]
        await self.send(TTSStartedFrame(), *frames, TTSStoppedFrame())

    async def until(self, condition):
        async def wait():
            while not condition():
                await asyncio.sleep(0.005)

        await asyncio.wait_for(wait(), PATIENCE_S)

    async def pictures_more(self, count):
        target = len(self.pictures) + count
        await self.until(lambda: len(self.pictures) >= target)


@asynccontextmanager
async def running(stream, last):
    played = Played(stream)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(played.worker)
    task = asyncio.create_task(runner.run())
    try:
        yield played
        await played.send(last)
        await asyncio.wait_for(task, PATIENCE_S)
    finally:
        task.cancel()


def run(scene, stream=None, last=None):
    """Play a scene, then end the pipeline; return what was played."""

    async def main():
        async with running(stream or CountingStream(), last or EndFrame()) as played:
            await played.until(lambda: played.wire.sent)
            await scene(played)
        return played

    return asyncio.run(main())


def heard(frames):
    """Return the samples of sound without the silence in which the stream waited for more."""
    samples = np.concatenate([np.frombuffer(frame.audio, "<i2") for frame in frames])
    return samples[samples != 0]


def shown(frames):
    """Return the numbers that pictures show."""
    return [frame.image[0] for frame in frames]


def test_pictures_flow_before_anything_is_said():
    async def scene(played):
        await played.pictures_more(10)

    played = run(scene)

    assert shown(played.pictures) == list(range(len(played.pictures)))
    picture = played.pictures[3]
    assert (picture.size, picture.format) == ((WIDTH, HEIGHT), "RGB")
    assert picture.image == bytes([3, 3, 3]) * WIDTH * HEIGHT
    assert not played.sounds
    assert not played.before.of(ErrorFrame)


def test_what_is_said_comes_back_whole_and_in_step():
    said = ramp(20)

    async def scene(played):
        await played.say(said)
        await played.until(lambda: played.after.of(BotStoppedSpeakingFrame))
        await played.pictures_more(10)

    played = run(scene)

    assert np.array_equal(heard(played.sounds), said)
    assert len(played.after.of(BotStartedSpeakingFrame)) == 1
    given = played.given.of(TTSAudioRawFrame, OutputImageRawFrame, TTSStoppedFrame)
    kinds = [type(frame) for frame in given]
    first, end = kinds.index(TTSAudioRawFrame), kinds.index(TTSStoppedFrame)
    spoken = (end - first) // 2
    assert kinds[first:end] == [TTSAudioRawFrame, OutputImageRawFrame] * spoken
    assert TTSAudioRawFrame not in kinds[end:]
    is_sound = [isinstance(sent, OutputAudioRawFrame) for sent in played.wire.sent]
    first, last = is_sound.index(True), len(is_sound) - is_sound[::-1].index(True)
    assert np.abs(np.cumsum(np.where(is_sound[first:last], 1, -1))).max() <= QUEUED


def test_the_end_of_the_pipeline_waits_for_the_end_of_what_is_said():
    said = ramp(15)

    async def scene(played):
        pieces = [TTSAudioRawFrame(said.tobytes(), RATE, 1)]
        await played.send(*pieces)

    played = run(scene)

    assert np.array_equal(heard(played.sounds), said)
    given = played.given.of(TTSAudioRawFrame, OutputImageRawFrame, EndFrame)
    assert isinstance(given[-1], EndFrame)


def test_a_cancelled_pipeline_ends_at_once():
    async def scene(played):
        await played.say(ramp(50))
        await played.until(lambda: played.sounds)

    played = run(scene, last=CancelFrame())

    assert len(played.sounds) < 45


def test_an_interruption_drops_the_rest_of_the_reply():
    async def scene(played):
        await played.say(ramp(50))
        await played.until(lambda: len(played.sounds) >= 12)
        await played.send(InterruptionFrame())
        await played.until(lambda: played.given.of(InterruptionFrame))
        played.told = len(played.sounds)
        await played.pictures_more(15)

    played = run(scene)

    frames = played.given.frames
    place = frames.index(played.given.of(InterruptionFrame)[0])
    assert not [f for f in frames[place:] if isinstance(f, TTSAudioRawFrame | TTSStoppedFrame)]
    assert len(played.sounds) - played.told <= 1
    begun = heard(played.sounds)
    assert len(begun) >= 8 * FRAME
    assert np.array_equal(begun, ramp(50)[: len(begun)])
    [at] = played.avatar.avatar.stream.interrupted_at
    assert at >= 12


def test_after_an_interruption_the_next_reply_is_whole():
    async def scene(played):
        await played.say(ramp(50))
        await played.until(lambda: len(played.sounds) >= 6)
        await played.send(InterruptionFrame())
        await played.until(lambda: played.after.of(BotStoppedSpeakingFrame))
        played.told = len(played.sounds)
        await played.say(ramp(9))
        await played.until(lambda: played.given.of(TTSStoppedFrame))

    played = run(scene)

    assert np.array_equal(heard(played.sounds[played.told :]), ramp(9))
    assert len(played.given.of(TTSStoppedFrame)) == 1


def test_sound_that_is_no_sound_is_told_to_the_pipeline_and_the_pictures_go_on():
    async def scene(played):
        await played.send(TTSAudioRawFrame(b"abc", RATE, 1))
        await played.until(lambda: played.before.of(ErrorFrame))
        await played.pictures_more(5)

    played = run(scene)

    [error] = played.before.of(ErrorFrame)
    assert "3 bytes" in error.error


def test_a_stream_that_fails_is_told_to_the_pipeline_which_can_still_end():
    class FailingStream(CountingStream):
        def next_at_rest(self, hurried=False):
            if self.num_frames > 10:
                raise RuntimeError("out of memory")
            return super().next_at_rest(hurried)

    async def scene(played):
        await played.until(lambda: played.before.of(ErrorFrame))

    played = run(scene, FailingStream())

    [error] = played.before.of(ErrorFrame)
    assert error.error.endswith("stream has failed: out of memory")


def test_other_frames_pass():
    async def scene(played):
        await played.send(TextFrame("hello"), TTSStoppedFrame())
        await played.until(lambda: played.given.of(TTSStoppedFrame))

    played = run(scene)

    assert [frame.text for frame in played.given.of(TextFrame)] == ["hello"]


def test_the_starter_speaks_and_shuts_its_mouth_when_it_is_interrupted():
    watched = WatchedStarter(24000)
    stereo = np.repeat(speech(4.0, 48000)[:, None], 2, axis=1)

    async def scene(played):
        await played.say(stereo, 48000, 2, piece=960)
        await played.until(lambda: len(played.sounds) >= 25)
        await played.send(InterruptionFrame())
        await played.until(lambda: played.after.of(BotStoppedSpeakingFrame))
        await played.pictures_more(12)

    played = run(scene, watched.stream)

    assert all(frame.sample_rate == 24000 for frame in played.sounds)
    assert np.abs(heard(played.sounds)).max() > 1000
    assert max(watched.jaw.values()) > 0.2
    assert 25 <= len(played.sounds) < 100
    assert watched.jaw_after_closing() < CLOSED
