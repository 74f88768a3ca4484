"""The node that cleans recorded speech."""

from comfy_api.latest import io

from ..moda_core.audio.cleaning.clean_speech import Cleaning
from ..moda_core.audio.cleaning.clean_speech import clean_speech as cleaned_speech
from ..moda_core.audio.cleaning.noise_floor import NOISES
from . import _host, inputs
from ._convert import audio_of, sound_of


class MoDACleanSpeech(io.ComfyNode):
    """Removes rumble and noise from speech."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Removes rumble and noise from recorded speech with filters, without a "
            "model. Clean speech passes unchanged.",
            search_aliases=["denoise", "noise reduction", "noise gate", "high-pass", "enhance"],
            hidden=[io.Hidden.unique_id],
            inputs=[
                io.Audio.Input("audio", tooltip="Speech at any sample rate, mono or stereo."),
                inputs.number(
                    "strength",
                    inputs.Scale(0.0, 1.0, default=0.7),
                    "How much of the noise the spectral gate removes: 0 is off, 0.7 suits "
                    "the lips, 1 lowers pauses by 12 dB. It only acts where the noise is less than "
                    "28 dB below the speech.",
                ),
                inputs.choice(
                    "noise",
                    list(NOISES),
                    "'steady' measures the noise once, over the whole recording; 'changing' "
                    "measures it anew every second, for noise that comes and goes.",
                ),
                inputs.number(
                    "high_pass",
                    inputs.Scale(0.0, 300.0, default=0.0, step=1.0),
                    "Removes rumble below this frequency in Hz; 0 is off. 60 to 100 keeps all "
                    "voices, higher makes deep voices thin.",
                ),
                inputs.switch(
                    "normalize_loudness",
                    "Adjusts the cleaned speech to a standard loudness of -23 dB.",
                ),
            ],
            outputs=[
                io.Audio.Output(
                    display_name="audio",
                    tooltip="The cleaned speech, of the same length and sample rate. Link it to "
                    "MoDA Encode Audio. For the original sound in the video, link the original "
                    "audio to MoDA Render Video.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        audio: dict,
        strength: float = 0.7,
        noise: str = NOISES[0],
        high_pass: float = 0.0,
        normalize_loudness: bool = False,
    ) -> io.NodeOutput:
        waveform, sample_rate = sound_of(audio)
        cleaning = Cleaning(high_pass, strength, noise, normalize_loudness)
        cleaned = cleaned_speech(waveform, sample_rate, cleaning, _host.Progress())
        if cleaned.note:
            _host.show_text(cls.hidden.unique_id, cleaned.note)
        return io.NodeOutput(audio_of(cleaned.waveform, sample_rate))
