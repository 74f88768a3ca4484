"""The avatar in LiveKit Agents' own runner, with its own queues, in a room that takes tracks."""

import asyncio
from contextlib import asynccontextmanager

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.voice.avatar import AudioSegmentEnd, QueueAudioOutput

from moda_core.bundles.live.livekit_avatar import LiveKitAvatar
from tests.counting_stream import FRAME, HEIGHT, RATE, WIDTH, CountingStream
from tests.live.spoken import CLOSED, WatchedStarter, ramp, speech

PATIENCE_S = 30
QUEUED = 4  # frames that the runner's queues hold, and one on its way


class Room(rtc.EventEmitter):
    """Stands for a connection to a server: it is there, and takes tracks."""

    def __init__(self):
        super().__init__()
        self.local_participant, self.tracks = self, []

    def isconnected(self):
        return True

    async def publish_track(self, track, options):
        self.tracks.append(track.name)
        return self

    async def wait_for_subscription(self):
        pass


class Played:
    """A runner that plays an avatar, and what reaches its tracks and its agent.

    `sent` holds a `rtc.AudioFrame`, or the number that a picture shows, in the order in which they
    reached the tracks.
    """

    def __init__(self, stream):
        self.video = LiveKitAvatar(stream)
        self.output = QueueAudioOutput(sample_rate=RATE, wait_playback_start=True)
        self.room = Room()
        self.runner = self.video.runner(self.room, self.output)
        self.sent, self.started, self.finished, self.cleared = [], [], [], []
        self.output.on("playback_started", self.started.append)
        self.output.on("playback_finished", self.finished.append)
        self._note("_audio_source", "capture_frame", self.sent)
        self._note("_video_source", "capture_frame", self.sent)
        self._note("_audio_source", "clear_queue", self.cleared)

    def _note(self, source, name, notes):
        source = getattr(self.runner, source)
        call = getattr(source, name)

        def noted(*arguments):
            notes.extend(arguments or [len(self.sent)])
            return call(*arguments)

        setattr(source, name, noted)

    @property
    def sounds(self):
        return [frame for frame in self.sent if isinstance(frame, rtc.AudioFrame)]

    @property
    def pictures(self):
        return [frame for frame in self.sent if isinstance(frame, rtc.VideoFrame)]

    async def say(self, samples, rate=RATE, num_channels=1, piece=320):
        for start in range(0, len(samples), piece):
            part = samples[start : start + piece]
            frame = rtc.AudioFrame(part.tobytes(), rate, num_channels, len(part))
            await self.output.capture_frame(frame)
        self.output.flush()

    async def until(self, condition):
        async def wait():
            while not condition():
                await asyncio.sleep(0.005)

        await asyncio.wait_for(wait(), PATIENCE_S)

    async def pictures_more(self, count):
        target = len(self.pictures) + count
        await self.until(lambda: len(self.pictures) >= target)


@asynccontextmanager
async def playing(stream):
    played = Played(stream)
    await played.runner.start()
    try:
        yield played
    finally:
        await played.runner.aclose()


def run(scene, stream=None):
    """Play a scene with an avatar of a stream; return what was played."""

    async def main():
        async with playing(stream or CountingStream()) as played:
            await scene(played)
        return played

    return asyncio.run(main())


def pcm(frames):
    return np.concatenate([np.frombuffer(frame.data, "<i2") for frame in frames])


def heard(frames):
    """Return the samples of sound without the silence in which the stream waited for more."""
    samples = pcm(frames)
    return samples[samples != 0]


def shown(frames):
    """Return the numbers that pictures show."""
    return [frame.data[0] for frame in frames]


def test_pictures_flow_before_anything_is_said():
    async def scene(played):
        await played.pictures_more(10)

    played = run(scene)

    assert shown(played.pictures[:10]) == list(range(10))
    assert not played.sounds
    assert not played.started
    assert played.room.tracks == ["avatar_audio", "avatar_video"]


def test_pictures_have_the_size_and_the_kind_that_was_announced():
    async def scene(played):
        await played.pictures_more(1)

    played = run(scene)

    picture, options = played.pictures[0], played.video.options
    assert (picture.width, picture.height) == (options.video_width, options.video_height)
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert picture.type == rtc.VideoBufferType.RGBA
    assert bytes(picture.data) == bytes([0, 0, 0, 255]) * WIDTH * HEIGHT
    assert (options.video_fps, options.audio_sample_rate, options.audio_channels) == (25, RATE, 1)


def test_what_is_said_comes_back_whole_in_step_and_is_told():
    said = ramp(20)

    async def scene(played):
        await played.pictures_more(3)
        await played.say(said)
        await asyncio.wait_for(played.output.wait_for_playout(), PATIENCE_S)
        await played.pictures_more(10)

    played = run(scene)

    assert np.array_equal(heard(played.sounds), said)
    assert len(played.started) == 1
    [finished] = played.finished
    assert finished.playback_position == pytest.approx(len(played.sounds) / 25)
    assert not finished.interrupted
    assert shown(played.pictures) == list(range(len(played.pictures)))
    is_sound = [isinstance(sent, rtc.AudioFrame) for sent in played.sent]
    first, last = is_sound.index(True), len(is_sound) - is_sound[::-1].index(True)
    ahead = np.cumsum(np.where(is_sound[first:last], 1, -1))
    assert np.abs(ahead).max() <= QUEUED


def test_the_end_of_a_segment_follows_its_last_sound_and_picture():
    said = ramp(7)

    async def items():
        video = LiveKitAvatar(CountingStream())
        await video.push_audio(rtc.AudioFrame(said.tobytes(), RATE, 1, len(said)))
        await video.push_audio(AudioSegmentEnd())
        found = []
        async for item in video:
            found.append(item)
            if isinstance(item, AudioSegmentEnd):
                return found

    found = asyncio.run(items())

    kinds = [type(item) for item in found]
    first = kinds.index(rtc.AudioFrame)
    assert set(kinds[:first]) <= {rtc.VideoFrame}
    assert kinds[first:] == [rtc.AudioFrame, rtc.VideoFrame] * 7 + [AudioSegmentEnd]


def test_two_segments_are_played_and_told_one_after_the_other():
    async def scene(played):
        await played.say(ramp(12))
        await played.say(ramp(6))
        await asyncio.wait_for(played.output.wait_for_playout(), PATIENCE_S)

    played = run(scene)

    assert np.array_equal(heard(played.sounds), np.concatenate([ramp(12), ramp(6)]))
    first, second = (round(event.playback_position * 25) for event in played.finished)
    assert np.array_equal(heard(played.sounds[:first]), ramp(12))
    assert first + second == len(played.sounds)
    assert len(played.started) == 2


def test_an_interruption_drops_the_rest_and_tells_what_was_played():
    async def scene(played):
        await played.say(ramp(50))
        await played.until(lambda: len(played.sounds) >= 12)
        played.output.clear_buffer()
        await played.until(lambda: played.finished)
        played.told = len(played.sent)
        await played.pictures_more(15)

    played = run(scene)

    [finished] = played.finished
    assert finished.interrupted
    assert finished.playback_position == pytest.approx(len(played.sounds) / 25)
    assert 12 <= len(played.sounds) < 50
    begun = heard(played.sounds)
    assert len(begun) >= 8 * FRAME
    assert np.array_equal(begun, ramp(50)[: len(begun)])
    assert not any(isinstance(sent, rtc.AudioFrame) for sent in played.sent[played.told :])
    assert len(played.cleared) == 1  # the runner's queue, so that it is silent at once
    [at] = played.video.avatar.stream.interrupted_at
    assert at >= len(played.sounds)


def test_after_an_interruption_the_next_reply_is_played_and_told_anew():
    async def scene(played):
        for reply in (ramp(50), ramp(9)):
            sounds = len(played.sounds)
            await played.say(reply)
            await played.until(lambda sounds=sounds: len(played.sounds) > sounds + 5)
            if len(reply) == 50 * FRAME:
                played.output.clear_buffer()
                await played.until(lambda: played.finished)
                played.told = len(played.sounds)
        await asyncio.wait_for(played.output.wait_for_playout(), PATIENCE_S)

    played = run(scene)

    assert np.array_equal(heard(played.sounds[played.told :]), ramp(9))
    first, second = played.finished
    assert (first.interrupted, second.interrupted) == (True, False)
    assert second.playback_position == pytest.approx((len(played.sounds) - played.told) / 25)
    assert len(played.started) == 2


def test_an_interruption_before_the_first_sound_leaves_nothing_of_the_reply():
    async def scene(played):
        await played.pictures_more(2)
        await played.say(ramp(2))
        await played.say(ramp(40))
        await asyncio.sleep(0)
        played.output.clear_buffer()
        await played.pictures_more(12)

    played = run(scene)

    assert len(played.sounds) <= 1
    assert played.finished[0].interrupted


def test_the_second_of_two_segments_is_dropped_by_an_interruption_of_the_first():
    async def scene(played):
        await played.say(ramp(30))
        await played.say(ramp(30))
        await played.until(lambda: len(played.sounds) >= 5)
        played.output.clear_buffer()
        await played.until(lambda: played.finished)
        told = len(played.sounds)
        await played.pictures_more(15)
        assert len(played.sounds) == told

    played = run(scene)

    assert played.finished[0].interrupted


def test_sound_that_waits_for_the_segment_before_it_is_dropped_by_an_interruption():
    said = ramp(5)
    frame = rtc.AudioFrame(said.tobytes(), RATE, 1, len(said))

    async def main():
        video, pushed = LiveKitAvatar(CountingStream()), []
        push = video.avatar.push

        async def noted(sound, sample_rate):
            pushed.append(len(sound))
            await push(sound, sample_rate)

        video.avatar.push = noted
        await video.push_audio(frame)
        await video.push_audio(AudioSegmentEnd())
        waiting = asyncio.create_task(video.push_audio(frame))
        await asyncio.sleep(0)
        await video.clear_buffer()
        await waiting
        video.avatar.close()
        return pushed

    assert len(asyncio.run(main())) == 1


def test_sound_on_its_way_to_the_track_counts_as_played_when_it_is_interrupted():
    async def scene(played):
        source, on_its_way = played.runner._audio_source, asyncio.Event()
        capture = source.capture_frame

        async def capture_slowly(frame):
            on_its_way.set()
            await asyncio.sleep(0.05)
            await capture(frame)

        source.capture_frame = capture_slowly
        await played.say(ramp(40))
        await on_its_way.wait()
        played.output.clear_buffer()
        await played.until(lambda: played.finished)
        await played.pictures_more(3)
        await played.say(ramp(5))
        await asyncio.wait_for(played.output.wait_for_playout(), PATIENCE_S)

    played = run(scene)

    first, second = (event.playback_position for event in played.finished)
    assert first == pytest.approx(1 / 25)
    assert first + second == pytest.approx(len(played.sounds) / 25)
    assert len(played.started) == 2


@pytest.mark.parametrize("count", [5, 6, 7, 8])
def test_whenever_it_is_interrupted_the_position_is_what_was_played(count):
    async def scene(played):
        await played.say(ramp(40))
        await played.until(lambda: len(played.sounds) >= count)
        if count % 2:
            await asyncio.sleep(0.02)
        played.output.clear_buffer()
        await played.until(lambda: played.finished)
        await played.pictures_more(5)

    played = run(scene)

    [finished] = played.finished
    assert finished.playback_position == pytest.approx(len(played.sounds) / 25)
    assert len(played.started) == 1


def test_the_starter_speaks_and_shuts_its_mouth_when_it_is_interrupted():
    watched = WatchedStarter(24000)
    stereo = np.repeat(speech(4.0, 48000)[:, None], 2, axis=1)

    async def scene(played):
        await played.pictures_more(2)
        await played.say(stereo, 48000, 2, piece=960)
        await played.until(lambda: len(played.sounds) >= 25)
        played.output.clear_buffer()
        await played.until(lambda: played.finished)
        await played.pictures_more(12)

    played = run(scene, watched.stream)

    [finished] = played.finished
    assert finished.interrupted
    assert 1 <= finished.playback_position < 4
    assert all(frame.sample_rate == 24000 for frame in played.sounds)
    assert np.abs(pcm(played.sounds)).max() > 1000
    assert max(watched.jaw.values()) > 0.2
    assert watched.jaw_after_closing() < CLOSED
