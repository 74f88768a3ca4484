"""The node that makes a conversation of a cast and its speech."""

from collections.abc import Callable

from comfy_api.latest import io

from ..moda_core.audio.recording import Recording
from ..moda_core.bundles.scene.cast import Cast, Speaker
from ..moda_core.bundles.scene.conversation import converse
from ..moda_core.bundles.scene.listening import Listening
from ..moda_core.bundles.scene.speech_parts import TURNS, WAYS, Sound, split_speech
from ..moda_core.bundles.scene.turns import parse_turns
from ..moda_core.emotion.emotion import Emotion
from ..moda_core.motion.motion import Motion
from ..moda_core.sampling.request import SamplingRequest
from . import _host, inputs
from ._convert import audio_of, check_result, sound_of
from .audio import encode_audio
from .motion import sample_motion
from .types import AudioEncoderType, CastType, LoadedEncoder, LoadedModel


class MoDAConversation(io.ComfyNode):
    """Samples the motions of people who talk to each other."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Samples the motions of all people of a cast: who speaks moves with the "
            "speech, the others listen with closed lips. Takes an audio for each, or one recording "
            "and who speaks when.",
            search_aliases=["dialogue", "several people", "two people", "podcast", "interview"],
            inputs=[
                inputs.model(),
                AudioEncoderType.Input(
                    "audio_encoder",
                    tooltip="The audio encoder. Must be the one the motion model was trained with.",
                ),
                CastType.Input("cast", tooltip="The people. Motions that they have are replaced."),
                io.Audio.Input(
                    "audio", tooltip="Speech of the first person, or one recording of all."
                ),
                io.Audio.Input(
                    "second_audio", optional=True, tooltip="Optional. Speech of the second person."
                ),
                io.Audio.Input(
                    "third_audio", optional=True, tooltip="Optional. Speech of the third person."
                ),
                io.Audio.Input(
                    "fourth_audio", optional=True, tooltip="Optional. Speech of the fourth person."
                ),
                inputs.emotion(
                    "Optional. Emotion that all show while they speak. When not connected, the "
                    "speech alone sets the expression."
                ),
                inputs.sampling_options(),
                inputs.choice(
                    "who_speaks",
                    list(WAYS),
                    "How to tell who speaks. 'sound of each': everyone has an audio. 'channels': "
                    "everyone has a channel of 'audio', the first person the left one. 'louder "
                    "track': as both, but the others are heard there too. 'turns': the text says.",
                ),
                io.String.Input(
                    "turns",
                    default="",
                    multiline=True,
                    placeholder="0.0 Anna, 3.2 Ben, 5.0 Anna+Ben",
                    tooltip="For 'turns': who speaks from which second on. Separate turns by "
                    "commas or lines; 'nobody' is a name too.",
                ),
                inputs.number(
                    "nods",
                    inputs.Scale(0.0, 2.0, default=1.0),
                    "Size of the nods of those who listen, where a phrase ends; 0 is none, higher "
                    "nods deeper.",
                ),
                inputs.number(
                    "gaze",
                    inputs.Scale(0.0, 2.0, default=0.0),
                    "How far those who listen turn eyes and head to the one who speaks; 0 looks "
                    "ahead, 1 is clearly visible.",
                ),
                inputs.steps(10, "Number of diffusion steps, as in MoDA Sample Motion."),
                inputs.guidance("Guidance scale, as in MoDA Sample Motion."),
                inputs.seed(42, "Random seed. Each value gives a different take of all motions."),
            ],
            outputs=[
                CastType.Output(
                    display_name="cast", tooltip="The cast with motions, for MoDA Render Scene."
                ),
                io.Audio.Output(
                    display_name="audio",
                    tooltip="All voices together. Link it to MoDA Render Scene.",
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, who_speaks=None, turns=None) -> bool | str:
        return who_speaks != TURNS or check_result(parse_turns, turns)

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        audio_encoder: LoadedEncoder,
        cast: Cast,
        audio: dict,
        second_audio: dict | None = None,
        third_audio: dict | None = None,
        fourth_audio: dict | None = None,
        emotion: Emotion | None = None,
        options: SamplingRequest | None = None,
        who_speaks: str = WAYS[0],
        turns: str = "",
        nods: float = 1.0,
        gaze: float = 0.0,
        steps: int = 10,
        guidance: float = 1.2,
        seed: int = 42,
    ) -> io.NodeOutput:
        linked = (audio, second_audio, third_audio, fourth_audio)
        sounds = [sound_of(each) for each in linked if each is not None]
        speech = split_speech(sounds, cast.names, who_speaks, turns)
        request = options or SamplingRequest()
        requests = {
            name: request.with_options(
                num_steps=steps, cfg_scale=guidance, seed=(seed + index) % (inputs.MAX_SEED + 1)
            )
            for index, name in enumerate(cast.names)
        }
        perform = performer(model, audio_encoder, emotion, requests)
        cast = converse(cast, speech, perform, Listening(nods, gaze), seed)
        return io.NodeOutput(cast, audio_of(speech.mixed, speech.sample_rate))


def performer(
    model: LoadedModel,
    encoder: LoadedEncoder,
    emotion: Emotion | None,
    requests: dict[str, SamplingRequest],
) -> Callable[[Speaker, Sound], Motion]:
    """Return what encodes and samples the speech of each person, by their names."""

    def perform(speaker: Speaker, sound: Sound) -> Motion:
        features = encode_audio(encoder, Recording(sound))
        return sample_motion(model, features, speaker.portrait, emotion, requests[speaker.name])

    return perform
