"""The node with an example portrait and speech."""

import numpy as np
import torch
from comfy_api.latest import io

from ..moda_core.audio.sound_file import SoundFile
from ..moda_core.example import PORTRAIT, SPEECH
from ..moda_core.portrait.image import read_image
from . import _host
from ._convert import audio_of, image_of


class MoDAExample(io.ComfyNode):
    """Loads the bundled portrait and speech."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Loads the portrait and the 12 seconds of speech that come with the pack, "
            "to try a workflow without files of your own.",
            search_aliases=["sample", "demo", "talking head"],
            inputs=[],
            outputs=[
                io.Image.Output(display_name="image", tooltip="Portrait of 608x608 pixels."),
                io.Audio.Output(display_name="audio", tooltip="Speech, mono at 22,050 Hz."),
            ],
        )

    @classmethod
    def execute(cls) -> io.NodeOutput:
        with SoundFile(SPEECH) as sound:
            waveform = torch.from_numpy(np.concatenate(list(sound.blocks()), axis=1))
            audio = audio_of(waveform, sound.sample_rate)
        return io.NodeOutput(image_of(read_image(PORTRAIT)[None]), audio)
