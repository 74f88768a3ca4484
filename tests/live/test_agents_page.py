"""The examples of the page on agents run as they stand."""

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.voice.avatar import AvatarRunner
from PIL import Image
from pipecat.frames.frames import EndFrame
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.workers.runner import WorkerRunner

from moda_core.example import PORTRAIT
from tests.live.spoken import speech
from tests.live.test_livekit import Room
from tests.live.test_pipecat import Notes, Wire

PAGE = Path(__file__).resolve().parents[2] / "web" / "docs" / "agents.md"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """What the code of the page defines."""
    folder, defined = tmp_path_factory.mktemp("page"), {}
    Image.open(PORTRAIT).resize((160, 160)).save(folder / "me.jpg")
    code = "\n".join(re.findall(r"^(?:    (.*)|)$", PAGE.read_text("utf-8"), re.MULTILINE))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(code, defined)
    return defined


def test_the_page_gives_an_agent_of_livekit_a_face(page):
    session = SimpleNamespace(output=SimpleNamespace(audio=None))

    async def main():
        video, runner = await page["give_face"](Room(), session)
        await page["cheer_up"](video)
        finished = []
        session.output.audio.on("playback_finished", finished.append)
        samples = speech(0.6, 24000)
        await session.output.audio.capture_frame(rtc.AudioFrame(samples.tobytes(), 24000, 1, 14400))
        session.output.audio.flush()
        await asyncio.wait_for(session.output.audio.wait_for_playout(), 30)
        await runner.aclose()
        return runner, finished

    runner, [finished] = asyncio.run(main())

    assert isinstance(runner, AvatarRunner)
    assert finished.playback_position >= 0.6


def test_the_page_gives_a_pipeline_of_pipecat_a_face(page):
    wire = Wire(page["portrait"].size, page["params"])

    async def main():
        face, pipeline = page["with_face"](Notes(), SimpleNamespace(output=lambda: wire))
        params = PipelineParams(audio_out_sample_rate=24000)
        runner = WorkerRunner(handle_sigint=False)
        worker = PipelineWorker(pipeline, params=params, enable_rtvi=False)
        await runner.add_workers(worker)
        task = asyncio.create_task(runner.run())
        while len(wire.sent) < 3:
            await asyncio.sleep(0.01)
        await page["cheer_up"](face)
        await worker.queue_frames([EndFrame()])
        await asyncio.wait_for(task, 30)

    asyncio.run(asyncio.wait_for(main(), 60))

    image = np.frombuffer(wire.sent[0].image, np.uint8)
    assert wire.sent[0].size == page["portrait"].size == (160, 160)
    assert image.std() > 10
