"""Nodes that edit the eyes and the lips of a motion."""

from comfy_api.latest import io
from numpy import ndarray

from ..moda_core.audio.level import check_same_length, frame_levels
from ..moda_core.editing.eyes import set_blinks, set_gaze
from ..moda_core.editing.lips import close_in_silence, modulate_released_lips, scale_lips
from ..moda_core.motion.motion import Motion
from . import _host
from ._convert import sound_of
from .inputs import (
    ADVANCED,
    motion_input,
    motion_output,
    seconds_input,
    seed_input,
    weight_input,
)

CORE_WORDS = {"keep": "model"}  # the core's word for leaving the motion as it is


class MoDAEyes(io.ComfyNode):
    """Edits blinks and gaze."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            node_id="MoDAEyes",
            display_name="MoDA Eyes",
            description="Replaces or removes the blinks of a motion and directs its gaze.",
            search_aliases=["blink", "gaze", "look", "eyelids"],
            inputs=[
                motion_input(),
                io.Combo.Input(
                    "blinks",
                    options=["keep", "generated", "off"],
                    default="keep",
                    tooltip="'keep' leaves the blinks as they are, 'generated' replaces them, "
                    "'off' removes them.",
                ),
                io.Float.Input(
                    "rate",
                    default=15.0,
                    min=0.0,
                    max=60.0,
                    step=0.5,
                    tooltip="Generated blinks per minute. People blink about 15 times, less often "
                    "while they listen.",
                ),
                weight_input(
                    "jitter",
                    0.5,
                    "Randomness of the intervals between generated blinks: 0 is regular, at 1 "
                    "they vary from almost 0 to twice the mean.",
                ),
                io.Combo.Input(
                    "gaze",
                    options=["keep", "target", "wander"],
                    default="keep",
                    tooltip="'keep' leaves the gaze as it is, 'target' fixes it on the target, "
                    "'wander' adds glances around the target.",
                ),
                io.Float.Input(
                    "gaze_x",
                    default=0.0,
                    min=-1.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Horizontal target: -1 is far to the left of the picture, 1 far to the "
                    "right, 0 straight ahead of the head.",
                ),
                io.Float.Input(
                    "gaze_y",
                    default=0.0,
                    min=-1.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Vertical target: -1 is far down, 1 far up, 0 straight ahead of the "
                    "head. The built-in renderer shows it only by the eyelids.",
                ),
                io.Float.Input(
                    "wander",
                    default=1.0,
                    min=0.0,
                    max=3.0,
                    step=0.05,
                    tooltip="Size of the glances of 'wander': 0 is none, higher looks further "
                    "away from the target.",
                ),
                seed_input(
                    0, "Random seed. Each value gives different times of blinks and glances."
                ),
            ],
            outputs=[motion_output("The motion with edited eyes.")],
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
            node_id="MoDALips",
            display_name="MoDA Lips",
            description="Scales the movement of the lips in speech and closes them where the audio "
            "is silent.",
            search_aliases=["mouth", "lip sync", "silence", "exaggerate"],
            inputs=[
                motion_input(),
                io.Audio.Input(
                    "audio",
                    optional=True,
                    tooltip="Optional; needed for 'closure'. The audio of the motion, of the same "
                    "length. Use the output of MoDA Encode Audio.",
                ),
                io.Float.Input(
                    "gain",
                    default=1.0,
                    min=0.0,
                    max=4.0,
                    step=0.05,
                    tooltip="Scales the movement of the lips: 1 is unchanged, higher opens the "
                    "mouth wider, 0 stops speech. A smile stays.",
                ),
                weight_input(
                    "closure",
                    0.0,
                    "How far the lips close in silence: 0 is off, 1 stops all their movement "
                    "there. Needs 'audio'.",
                ),
                io.Float.Input(
                    "threshold",
                    default=0.06,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="Level below which a frame counts as silence, relative to the loudest "
                    "frame. Higher also closes the lips in soft speech.",
                ),
                seconds_input(
                    "attack",
                    0.12,
                    5.0,
                    "Seconds before speech in which the lips start to move again; higher is "
                    "softer.",
                    step=0.02,
                    advanced=True,
                ),
                seconds_input(
                    "release",
                    0.2,
                    5.0,
                    "Seconds after speech in which the lips close; higher is softer.",
                    step=0.02,
                    advanced=True,
                ),
                io.Boolean.Input(
                    "released_modulation",
                    default=False,
                    tooltip="Exaggerates the lips as the released MoDA does, before all other "
                    "settings. Motion of the released model already includes this.",
                    extra_dict=ADVANCED,
                ),
            ],
            outputs=[motion_output("The motion with edited lips.")],
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
    ) -> io.NodeOutput:
        if released_modulation:
            motion = modulate_released_lips(motion)
        motion = scale_lips(motion, gain)
        if closure:
            level = level_of(audio, motion)
            motion = close_in_silence(motion, level, threshold, closure, attack, release)
        return io.NodeOutput(motion)


def level_of(audio: dict | None, motion: Motion) -> ndarray:
    """Return the level (N,) of an AUDIO in each frame of a motion, which must be as long."""
    if audio is None:
        raise ValueError(
            "Closing the lips in silence needs audio. Link 'audio', or set 'closure' to 0."
        )
    waveform, sample_rate = sound_of(audio)
    check_same_length(waveform, sample_rate, motion)
    return frame_levels(waveform, sample_rate, len(motion), motion.fps)
