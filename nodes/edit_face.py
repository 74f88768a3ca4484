"""Nodes that edit the eyes and the lips of a motion."""

from comfy_api.latest import io
from numpy import ndarray

from ..moda_core.audio.level import check_same_length, frame_levels
from ..moda_core.editing.eyes import set_blinks, set_gaze
from ..moda_core.editing.lips import close_in_silence, modulate_released_lips, scale_lips
from ..moda_core.motion.motion import Motion
from . import _host, inputs
from ._convert import heard_sound

CORE_WORDS = {"keep": "model"}  # the core's word for leaving the motion as it is


class MoDAEyes(io.ComfyNode):
    """Edits blinks and gaze."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Replaces or removes the blinks of a motion and directs its gaze.",
            search_aliases=["blink", "gaze", "look", "eyelids"],
            inputs=[
                inputs.motion(),
                inputs.choice(
                    "blinks",
                    ["keep", "generated", "off"],
                    "'keep' leaves the blinks as they are, 'generated' replaces them, "
                    "'off' removes them.",
                ),
                inputs.number(
                    "rate",
                    inputs.Scale(0.0, 60.0, default=15.0, step=0.5),
                    "Generated blinks per minute. People blink about 15 times, less often "
                    "while they listen.",
                ),
                inputs.weight(
                    "jitter",
                    0.5,
                    "Randomness of the intervals between generated blinks: 0 is regular, at 1 "
                    "they vary from almost 0 to twice the mean.",
                ),
                inputs.choice(
                    "gaze",
                    ["keep", "target", "wander"],
                    "'keep' leaves the gaze as it is, 'target' fixes it on the target, "
                    "'wander' adds glances around the target.",
                ),
                inputs.number(
                    "gaze_x",
                    inputs.Scale(-1.0, 1.0, default=0.0),
                    "Horizontal target: -1 is far to the left of the picture, 1 far to the "
                    "right, 0 straight ahead of the head.",
                ),
                inputs.number(
                    "gaze_y",
                    inputs.Scale(-1.0, 1.0, default=0.0),
                    "Vertical target: -1 is far down, 1 far up, 0 straight ahead of the "
                    "head. The built-in renderer shows it only by the eyelids.",
                ),
                inputs.number(
                    "wander",
                    inputs.Scale(0.0, 3.0, default=1.0),
                    "Size of the glances of 'wander': 0 is none, higher looks further "
                    "away from the target.",
                ),
                inputs.seed(
                    0, "Random seed. Each value gives different times of blinks and glances."
                ),
            ],
            outputs=[inputs.motion_output("The motion with edited eyes.")],
        )

    @classmethod
    def execute(
        cls,
        motion: Motion,
        blinks: str = "keep",
        rate: float = 15.0,
        jitter: float = 0.5,
        gaze: str = "keep",
        gaze_x: float = 0.0,
        gaze_y: float = 0.0,
        wander: float = 1.0,
        seed: int = 0,
    ) -> io.NodeOutput:
        # Blinks come last: they start from the eyelids that the gaze gives.
        looking = set_gaze(motion, CORE_WORDS.get(gaze, gaze), gaze_x, gaze_y, wander, seed)
        mode = CORE_WORDS.get(blinks, blinks)
        return io.NodeOutput(set_blinks(looking, rate, jitter, seed, mode))


class MoDALips(io.ComfyNode):
    """Edits how far the lips move."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Scales the movement of the lips in speech and closes them where the audio "
            "is silent.",
            search_aliases=["mouth", "lip sync", "silence", "exaggerate"],
            inputs=[
                inputs.motion(),
                io.Audio.Input(
                    "audio",
                    optional=True,
                    tooltip="Optional; needed for 'closure'. The audio of the motion, of the same "
                    "length. Use the output of MoDA Encode Audio.",
                ),
                inputs.number(
                    "gain",
                    inputs.Scale(0.0, 4.0, default=1.0),
                    "Scales the movement of the lips: 1 is unchanged, higher opens the "
                    "mouth wider, 0 stops speech. A smile stays.",
                ),
                inputs.weight(
                    "closure",
                    0.0,
                    "How far the lips close in silence: 0 is off, 1 stops all their movement "
                    "there. Needs 'audio'.",
                ),
                inputs.number(
                    "threshold",
                    inputs.Scale(0.0, 1.0, default=0.06, step=0.01),
                    "Level below which a frame counts as silence, relative to the loudest "
                    "frame. Higher also closes the lips in soft speech.",
                ),
                inputs.number(
                    "attack",
                    inputs.seconds(5.0, default=0.12, step=0.02),
                    "Seconds before speech in which the lips start to move again; higher is "
                    "softer.",
                    advanced=True,
                ),
                inputs.number(
                    "release",
                    inputs.seconds(5.0, default=0.2, step=0.02),
                    "Seconds after speech in which the lips close; higher is softer.",
                    advanced=True,
                ),
                inputs.switch(
                    "released_modulation",
                    "Exaggerates the lips as the released MoDA does, before all other "
                    "settings. Motion of the released model already includes this.",
                    advanced=True,
                ),
                inputs.channel(
                    "Channel of 'audio' that is the speech, the same as in MoDA Encode Audio."
                ),
            ],
            outputs=[inputs.motion_output("The motion with edited lips.")],
        )

    @classmethod
    def execute(
        cls,
        motion: Motion,
        audio: dict | None = None,
        gain: float = 1.0,
        closure: float = 0.0,
        threshold: float = 0.06,
        attack: float = 0.12,
        release: float = 0.2,
        released_modulation: bool = False,
        channel: str = "mix",
    ) -> io.NodeOutput:
        if released_modulation:
            motion = modulate_released_lips(motion)
        motion = scale_lips(motion, gain)
        if closure:
            level = level_of(audio, motion, channel)
            motion = close_in_silence(motion, level, threshold, closure, attack, release)
        return io.NodeOutput(motion)


def level_of(audio: dict | None, motion: Motion, channel: str) -> ndarray:
    """Return the level (N,) of an AUDIO in each frame of a motion, which must be as long."""
    if audio is None:
        raise ValueError(
            "Closing the lips in silence needs audio. Link 'audio', or set 'closure' to 0."
        )
    waveform, sample_rate = heard_sound(audio, channel)
    check_same_length(waveform, sample_rate, motion)
    return frame_levels(waveform, sample_rate, len(motion), motion.fps)
