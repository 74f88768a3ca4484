"""Networks of the right shapes and hardly any work, to measure what surrounds the real ones."""

from functools import partial

import torch
from torch import nn

from moda_core.audio.recording import encode_recording
from moda_core.audio.speech_stream import SpeechStream
from moda_core.bundles.bundle import Bundle
from moda_core.bundles.released import RollingSpeech, finish_speech, start_in_picture
from moda_core.liveportrait.model import RELEASED_RENDERER, PortraitRenderer, RendererNetworks
from moda_core.mmdit.config import MMDiTConfig
from moda_core.mmdit.model import MotionMMDiT
from moda_core.model_files.model_folder import ENCODER
from moda_core.motion.motion import released_stats
from moda_core.runtime.layers import Layers
from moda_core.sampling.motion_model import MotionModel
from moda_core.sampling.rolling import RELEASED_PLAN

from .stand_in_encoder import random_encoder

SMALL = MMDiTConfig(
    width=32,
    num_heads=2,
    num_four_stream=1,
    num_double_stream=1,
    num_single_stream=1,
    audio_layers=12,
    audio_width=768,
)
RAW_INFO = {"kp": 63, "exp": 63, "scale": 1, "t": 3, "pitch": 66, "yaw": 66, "roll": 66}


class StandInNetwork(nn.Module):
    """Something that is called as a network."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, *inputs):
        """Return the answer to the inputs."""
        return self.answer(*inputs)


class StandInWarping(StandInNetwork):
    """A warp that keeps nothing of the source."""

    def prepare(self, volume, keypoints):
        """Return the volume as it is."""
        return volume


def stand_in_renderer(device: str) -> PortraitRenderer:
    """Return the released renderer around networks that do nothing."""
    raw = {key: torch.full((1, size), 0.1, device=device) for key, size in RAW_INFO.items()}

    ramp = torch.linspace(0, 1, 512 * 512, device=device).reshape(1, 1, 512, 512)

    def colour(features):
        return (ramp * features[:, :1, :1, :1].sigmoid()).expand(-1, 3, -1, -1)

    networks = RendererNetworks(
        appearance=StandInNetwork(lambda image: image.new_zeros(1, 32, 16, 64, 64)),
        motion=StandInNetwork(lambda image: dict(raw)),
        stitching=StandInNetwork(lambda pairs: pairs.new_zeros(len(pairs), 65)),
        warping=StandInWarping(
            lambda volume, keypoints: keypoints.mean(dim=(1, 2))[:, None, None, None].expand(
                -1, 256, 64, 64
            )
        ),
        decoder=StandInNetwork(colour),
    )
    return PortraitRenderer(networks, device)


def stand_in_model(device: str = "cpu") -> MotionModel:
    """Return the released motion model around a small transformer of random weights."""
    torch.manual_seed(0)
    return MotionModel(
        name="stand-in",
        network=MotionMMDiT(SMALL, Layers(device=device)).eval().requires_grad_(False),
        null_audio=torch.zeros(768, device=device),
        stats=released_stats(),
        encoder=ENCODER,
        renderer=RELEASED_RENDERER,
        start=start_in_picture,
        finish=partial(finish_speech, released_stats()),
        rolling_finish=lambda seed: RollingSpeech(released_stats()),
    )


def stand_in_bundle(device: str = "cpu") -> Bundle:
    """Return what `talk --models` runs, around networks that do hardly any work."""
    torch.manual_seed(0)
    encoder = random_encoder({"intermediate_size": 8, "conv_dim": [16] * 7}).to(device)
    encoder.name = ENCODER

    def encode(path, duration_s, progress):
        return encode_recording(encoder, path, duration_s, progress=progress)

    listener = partial(SpeechStream, encoder)
    return Bundle(
        stand_in_model(device), stand_in_renderer(device), encode, listener, RELEASED_PLAN
    )
