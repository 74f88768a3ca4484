"""The node that turns speech into features."""

from comfy_api.latest import io

from ..moda_core.audio.clip import cut_clip
from ..moda_core.audio.loudness import normalize_loudness
from . import _host
from ._convert import audio_of, sound_of
from .types import AudioEncoderType, FeaturesType, LoadedEncoder

ENCODER_ACTIVATIONS = 250e6  # bytes, of a piece of 60 s: `run.py bench audio-memory`


class MoDAEncodeAudio(io.ComfyNode):
    """Turns speech into features."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAEncodeAudio",
            display_name="MoDA Encode Audio",
            category="MoDA",
            description="Turns a recording, or a part of it, into what the motion model hears.",
            search_aliases=["speech", "audio features", "lip sync"],
            inputs=[
                AudioEncoderType.Input(
                    "audio_encoder", tooltip="The one that the motion model was trained on."
                ),
                io.Audio.Input("audio", tooltip="Speech, at any rate, mono or stereo."),
                io.Float.Input(
                    "start",
                    default=0.0,
                    min=0.0,
                    max=86400.0,
                    step=0.04,
                    tooltip="Where in the recording to begin, in seconds.",
                ),
                io.Float.Input(
                    "duration",
                    default=0.0,
                    min=0.0,
                    max=86400.0,
                    step=0.04,
                    tooltip="How much of it to use, in seconds; 0 is all that is left.",
                ),
                io.Boolean.Input(
                    "normalize_loudness",
                    default=False,
                    tooltip="Bring speech to a usual loudness, which helps very quiet recordings; "
                    "the sound that comes out is changed too.",
                ),
            ],
            outputs=[
                FeaturesType.Output(
                    display_name="audio_features", tooltip="For MoDA Sample Motion."
                ),
                io.Audio.Output(
                    display_name="audio",
                    tooltip="The part that was used, as it was used. Link it to MoDA Render Video.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        audio_encoder: LoadedEncoder,
        audio: dict,
        start: float = 0.0,
        duration: float = 0.0,
        normalize_loudness: bool = False,
    ) -> io.NodeOutput:
        """Encode the recording."""
        return io.NodeOutput(*encode(audio_encoder, audio, start, duration, normalize_loudness))


def encode(encoder: LoadedEncoder, audio: dict, start_s: float, duration_s: float, louder: bool):
    """Cut a recording and compute its features; arguments as in the node's inputs."""
    waveform, sample_rate = sound_of(audio)
    clip = cut_clip(waveform, sample_rate, start_s, duration_s or None)
    if louder:
        clip = normalize_loudness(clip, sample_rate)
    _host.bring_to_device(encoder.patchers, ENCODER_ACTIVATIONS)
    features = encoder.encode((clip, sample_rate), _host.Progress())
    return features, audio_of(clip, sample_rate)
