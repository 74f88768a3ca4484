"""The node with example portraits and speech."""

import numpy as np
import torch
from comfy_api.latest import io
from torch import Tensor

from ..moda_core.audio.sound_file import SoundFile
from ..moda_core.example import PORTRAIT, SECOND_PORTRAIT, SPEECH
from ..moda_core.portrait.image import read_image
from . import _host
from ._convert import audio_of, image_of

BOTH = "both side by side"
PICTURES = {
    "Eileen Collins": (PORTRAIT,),
    "Grace Hopper": (SECOND_PORTRAIT,),
    BOTH: (PORTRAIT, SECOND_PORTRAIT),
}


class MoDAExample(io.ComfyNode):
    """Loads a bundled portrait and the bundled speech."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Loads a portrait and the 12 seconds of speech that come with the pack, "
            "to try a workflow without files of your own.",
            search_aliases=["sample", "demo", "talking head", "two people"],
            inputs=[
                io.Combo.Input(
                    "picture",
                    options=list(PICTURES),
                    default=next(iter(PICTURES)),
                    optional=True,
                    tooltip="Picture to load: the portrait of one of two people, or both in one "
                    "picture.",
                )
            ],
            outputs=[
                io.Image.Output(
                    display_name="image",
                    tooltip="Picture of 608 pixels in height, 608, 518 or 1126 pixels wide.",
                ),
                io.Audio.Output(display_name="audio", tooltip="Speech, mono at 22,050 Hz."),
            ],
        )

    @classmethod
    def execute(cls, picture: str = "Eileen Collins") -> io.NodeOutput:
        with SoundFile(SPEECH) as sound:
            waveform = torch.from_numpy(np.concatenate(list(sound.blocks()), axis=1))
            audio = audio_of(waveform, sound.sample_rate)
        return io.NodeOutput(image_of(example_picture(picture)[None]), audio)


def example_picture(name: str) -> Tensor:
    """Return a picture (H, W, 3), uint8, of the menu."""
    return torch.cat([read_image(path) for path in PICTURES[name]], dim=1)
