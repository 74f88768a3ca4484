"""A viewer of the live page: in step, paced by it, interrupted, stalled, told what is wrong."""

import asyncio
import math

import numpy as np
import pytest

pytest.importorskip("aiohttp")

from moda_core.cli.live import viewer
from moda_core.cli.live.playback_clock import UNTOLD_S
from moda_core.cli.live.viewer import LEAD_S, MOST_HEARD_S
from moda_core.errors import MoDAError

from .counting_stage import CountingStage
from .page_client import FPS, RATE, with_pages


def spoken_from(page):
    """Return the indexes of the frames with sound, as a page shows them that replaces frames."""
    shown = {frame.index: frame for frame in page.frames}
    return [index for index, frame in sorted(shown.items()) if frame.sound.any()]


def test_what_is_said_is_shown_whole_with_its_sound():
    async def act(page):
        await page.until(lambda: len(page.frames) >= 5)
        await page.say(1.0)
        await page.tell(type="end")
        await page.until(lambda: any(told["type"] == "finished" for told in page.told))
        await page.until(lambda: not page.heard[-1])  # the last frame is on its way
        return page

    page = with_pages(CountingStage(), act)

    spoken = spoken_from(page)
    assert len(spoken) == FPS
    assert spoken == list(range(spoken[0], spoken[0] + FPS))
    said = [frame.said_s for frame in page.frames if frame.index in spoken and frame.sound.any()]
    np.testing.assert_allclose(said[-FPS:], np.arange(FPS) / FPS, atol=1e-6)
    assert all(frame.picture.startswith(b"\xff\xd8") for frame in page.frames)
    assert all(len(frame.sound) == RATE // FPS for frame in page.frames)
    kinds = [told["type"] for told in page.told]
    assert kinds == ["welcome", "started", "finished"]
    assert page.told[-1]["position_s"] == pytest.approx(1.0)
    assert not page.told[-1]["interrupted"]


def test_frames_come_no_further_ahead_than_the_page_plays():
    async def act(page):
        await page.until(lambda: page.frames)
        await asyncio.sleep(0.2)
        unasked = len(page.frames)
        await page.tell(type="clock", place_s=0.0)  # its last word
        await asyncio.sleep(UNTOLD_S + 0.4)
        return unasked, len(page.frames)

    unasked, asked = with_pages(CountingStage(), act, plays=False)

    assert unasked == 1
    assert asked == math.floor((UNTOLD_S + LEAD_S) * FPS) + 1


def test_a_page_that_pauses_gets_nothing_more_until_it_goes_on():
    async def act(page):
        await page.until(lambda: len(page.frames) >= 10)
        page._plays = False
        await page.tell(type="pause")
        await asyncio.sleep(0.1)
        count = len(page.frames)
        await asyncio.sleep(0.3)
        paused = len(page.frames) - count
        page._plays = True
        await page.tell(type="clock", place_s=page.frames[-1].index / FPS)
        await page.until(lambda: len(page.frames) > count + 3)
        return paused

    assert with_pages(CountingStage(), act) == 0


def test_an_interruption_drops_what_was_not_shown():
    async def act(page):
        await page.until(lambda: len(page.frames) >= 5)
        await page.say(1.9)
        await page.until(lambda: sum(page.heard) >= 10)
        shown = page.frames[-1].index - 2
        await page.tell(type="interrupt", shown=shown)
        await page.until(lambda: sum(frame.turn for frame in page.frames) >= 8)
        return page, shown, [frame for frame in page.frames if frame.turn]

    page, shown, after = with_pages(CountingStage(), act)

    assert after[0].index == shown
    assert not any(frame.sound.any() or frame.is_speaking for frame in after)
    assert page.told[-1]["type"] == "finished"
    assert page.told[-1]["interrupted"]


def test_two_viewers_have_streams_of_their_own():
    stage = CountingStage()

    async def act(first, second):
        await first.tell(type="emotion", emotion="happiness")
        await first.say(1.0)
        await first.until(lambda: sum(first.heard) > 5)
        await second.until(lambda: len(second.frames) > 15)
        return second

    second = with_pages(stage, act, count=2)

    assert not any(second.heard)
    assert sorted(stream.emotions for stream in stage.streams) == [[], ["happiness"]]


def test_a_viewer_that_stalls_neither_piles_up_nor_slows_another():
    stage = CountingStage(size=512)

    async def act(stalled, other):
        await stalled.until(lambda: len(stalled.frames) >= 2)
        stalled._reading.cancel()  # reads nothing more, and says that it plays on
        began, first = asyncio.get_running_loop().time(), len(other.frames)
        for step in range(40):
            await stalled.tell(type="clock", place_s=1e6 + step)
            await stalled.say(1.5)
            await asyncio.sleep(0.05)
        lasted_s = asyncio.get_running_loop().time() - began
        return len(other.frames) - first, lasted_s * FPS

    came, due = with_pages(stage, act, count=2)

    held, free = (len(stream.sound) / RATE for stream in stage.streams)
    assert max(held, free) <= MOST_HEARD_S + 2 * 1.5
    assert min(stream.num_frames for stream in stage.streams) < 300  # of about 60 a second
    assert came >= 0.5 * due


def test_too_much_sound_is_left_out_and_told_once():
    stage = CountingStage()

    async def act(page):
        for _ in range(12):
            await page.say(1.5)
        await page.tell(type="nonsense")
        await page.until(lambda: len(page.errors) >= 2)
        return page.errors

    errors = with_pages(stage, act)

    assert "wait to be shown" in errors[0]
    assert "nonsense" in errors[1]
    assert len(stage.streams[0].sound) <= (MOST_HEARD_S + 1.5) * RATE


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("no JSON", "no JSON"),
        ("[]", "type"),
        ('{"type": "dance"}', "dance"),
        ('{"type": "emotion", "emotion": "joy"}', "joy"),
        ('{"type": "emotion"}', "None"),
        ('{"type": "interrupt"}', "shown"),
        ('{"type": "interrupt", "shown": NaN}', "shown"),
        ('{"type": "clock", "place_s": "soon"}', "soon"),
        (b"", "binary"),
        (b"\x09abc", "binary"),
        (b"\x01", "whole samples"),
        (b"\x01\x00\x00\x00\x40\x1f\x00\x00abc", "whole samples"),
        (b"\x01\x00\x00\x00\x01\x00\x00\x00abcd", "rate"),
        (b"\x01\x00\x00\x00\x40\x1f\x00\x00\x00\x00\xc0\x7f", "not finite"),
        (b"\x01\x00\x00\x00\x40\x1f\x00\x00" + bytes(4 * 3 * RATE), "3.0 s"),
    ],
)
def test_a_bad_message_is_answered_with_a_sentence_and_the_stream_goes_on(message, named):
    async def act(page):
        is_text = isinstance(message, str)
        await (page.socket.send_str if is_text else page.socket.send_bytes)(message)
        complaint = await page.complaint()
        count = len(page.frames)
        await page.until(lambda: len(page.frames) > count + 3)
        return complaint

    assert named in with_pages(CountingStage(), act)


def test_a_picture_is_shown_and_a_second_one_waits():
    stage = CountingStage()

    async def act(page):
        await page.show_picture(b"a face")
        await page.until(lambda: any(told["type"] == "portrait" for told in page.told))

    with_pages(stage, act)

    assert stage.streams[0].portrait.content == b"a face"


def portraits(page):
    return [told["note"] for told in page.told if told["type"] == "portrait"]


@pytest.mark.parametrize("content", [None, b"a face"])
def test_the_picture_gets_smaller_where_frames_take_too_long(monkeypatch, content):
    monkeypatch.setattr(viewer, "SLOW_FRAMES", 8)
    stage, expected = CountingStage(16, sizes=(16, 12, 8), window_s=0.09), [12, 8]

    async def act(page):
        if content is not None:
            await page.show_picture(content)
            await page.until(lambda: portraits(page))
        told = len(portraits(page))
        await page.until(lambda: len(portraits(page)) == told + 2)
        return portraits(page)[told:]

    notes = with_pages(stage, act)

    assert all(str(size) in note for size, note in zip(expected, notes, strict=True))
    assert stage.streams[0].portrait.size == (8, 8)
    assert stage.streams[0].portrait.content == content


def test_a_face_that_would_be_too_small_goes_on_as_it_is(monkeypatch):
    monkeypatch.setattr(viewer, "SLOW_FRAMES", 4)
    stage, tried = CountingStage(16, sizes=(16, 8), window_s=0.09), []

    def refuse(content, limit):
        tried.append(limit)
        raise MoDAError("too small")

    stage.read_portrait = refuse

    async def act(page):
        await page.until(lambda: tried)
        count = len(page.frames)
        await page.until(lambda: len(page.frames) > count + 20)
        return page.told

    told = with_pages(stage, act)

    assert [message["type"] for message in told] == ["welcome"]
    assert tried == [8]


def test_the_picture_stays_as_it_is_where_frames_are_in_time(monkeypatch):
    monkeypatch.setattr(viewer, "SLOW_FRAMES", 8)

    async def act(page):
        await page.until(lambda: len(page.frames) >= 40)
        return portraits(page)

    assert with_pages(CountingStage(16, sizes=(16, 8)), act) == []


@pytest.mark.parametrize("hello", ['{"type": "end"}', '{"type": "hello", "sample_rate": 1}', "hm"])
def test_a_page_that_does_not_say_what_it_is_is_told_and_let_go(hello):
    async def act(page):
        async with page._session.ws_connect(page.socket._response.url) as other:
            await other.send_str(hello)
            answer = await other.receive_json()
            closed = await other.receive()
            return answer, closed.type.name

    answer, closed = with_pages(CountingStage(), act)

    assert answer["type"] == "error"
    assert closed in ("CLOSE", "CLOSED", "CLOSING")
