"""The node that computes audio features."""

from comfy_api.latest import io

from ..moda_core.audio.clip import cut_clip
from ..moda_core.audio.features import AudioFeatures
from ..moda_core.audio.loudness import normalize_loudness as normalized
from ..moda_core.audio.peaks import sound_peaks
from ..moda_core.audio.recording import Recording
from . import _host, inputs
from ._convert import audio_of, sound_of
from .types import AudioEncoderType, FeaturesType, LoadedEncoder

ENCODER_ACTIVATIONS = 250e6  # bytes, of a piece of 60 s: `run.py bench audio-memory`


class MoDAEncodeAudio(io.ComfyNode):
    """Computes audio features of speech."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Computes the audio features that the motion model needs, of a recording "
            "or a part of it.",
            search_aliases=["speech", "audio features", "lip sync"],
            hidden=[io.Hidden.unique_id],
            inputs=[
                AudioEncoderType.Input(
                    "audio_encoder",
                    tooltip="The audio encoder. Must be the one the motion model was trained with.",
                ),
                io.Audio.Input("audio", tooltip="Speech at any sample rate, mono or stereo."),
                inputs.number(
                    "start",
                    inputs.seconds(inputs.DAY_S, default=0.0),
                    "Start of the part to use, in seconds; higher skips more.",
                ),
                inputs.number(
                    "duration",
                    inputs.seconds(inputs.DAY_S, default=0.0),
                    "Length of the part to use, in seconds; 0 uses everything after 'start'.",
                ),
                inputs.switch(
                    "normalize_loudness",
                    "Adjusts the speech to a standard loudness, which helps with very "
                    "quiet recordings. The audio output changes too.",
                ),
                inputs.channel(
                    "Channel of a stereo recording to listen to: 'mix' for both, 'left' or 'right' "
                    "where each voice has a side. The audio output keeps all channels."
                ),
            ],
            outputs=[
                FeaturesType.Output(
                    display_name="audio_features", tooltip="Audio features for MoDA Sample Motion."
                ),
                io.Audio.Output(
                    display_name="audio",
                    tooltip="The part of the recording that was used. Link it to MoDA Render "
                    "Video.",
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
        channel: str = "mix",
    ) -> io.NodeOutput:
        waveform, sample_rate = sound_of(audio)
        clip = cut_clip(waveform, sample_rate, start, duration or None)
        if normalize_loudness:
            clip = normalized(clip, sample_rate)
        recording = Recording((clip, sample_rate), channel=channel)
        if note := recording.heard()[0].note:
            _host.show_text(cls.hidden.unique_id, note)
        features = encode_audio(audio_encoder, recording)
        heard = {"peaks": sound_peaks(clip), "seconds": clip.shape[-1] / sample_rate}
        return io.NodeOutput(
            features, audio_of(clip, sample_rate), ui=_host.for_page("moda_speech", heard)
        )


def encode_audio(encoder: LoadedEncoder, recording: Recording) -> AudioFeatures:
    """Move the encoder to the device and compute features, with progress."""
    _host.bring_to_device(encoder.patchers, ENCODER_ACTIVATIONS)
    return encoder.encode(recording, _host.Progress())
