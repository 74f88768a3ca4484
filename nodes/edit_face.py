"""Nodes for the eyes and the lips of a motion."""

from comfy_api.latest import io

from ..moda_core.audio.level import check_same_length, frame_levels
from ..moda_core.editing.eyes import set_blinks, set_gaze
from ..moda_core.editing.lips import close_in_silence, modulate_released_lips, scale_lips
from ..moda_core.motion.motion import Motion
from . import _host
from ._convert import sound_of
from .types import MotionType

CORE_WORDS = {"keep": "model"}  # the core's word for what the motion has


class MoDAEyes(io.ComfyNode):
    """Changes blinks and gaze."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAEyes",
            display_name="MoDA Eyes",
            category="MoDA",
            description="Makes the eyes blink at another rate or not at all, and look at a place "
            "or about it.",
            search_aliases=["blink", "gaze", "look", "eyelids"],
            inputs=[
                MotionType.Input("motion", tooltip="Any motion."),
                io.Combo.Input(
                    "blinks",
                    options=["keep", "generated", "off"],
                    default="keep",
                    tooltip="'keep' leaves the motion's blinks, 'generated' replaces them, 'off' "
                    "takes them away.",
                ),
                io.Float.Input(
                    "rate",
                    default=15.0,
                    min=0.0,
                    max=60.0,
                    step=0.5,
                    tooltip="Generated blinks in a minute; people blink about 15 times, less when "
                    "they listen.",
                ),
                io.Float.Input(
                    "jitter",
                    default=0.5,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How uneven the times between generated blinks are: 0 is a clock, 1 "
                    "is nearly none to twice the mean.",
                ),
                io.Combo.Input(
                    "gaze",
                    options=["keep", "target", "wander"],
                    default="keep",
                    tooltip="'keep' leaves the motion's gaze, 'target' fixes it, 'wander' lets it "
                    "glance about the target.",
                ),
                io.Float.Input(
                    "gaze_x",
                    default=0.0,
                    min=-1.0,
                    max=1.0,
                    step=0.05,
                    tooltip="The target from side to side: -1 is far to the picture's left, 1 far "
                    "to its right, 0 straight along the head.",
                ),
                io.Float.Input(
                    "gaze_y",
                    default=0.0,
                    min=-1.0,
                    max=1.0,
                    step=0.05,
                    tooltip="The target's height: -1 is far down, 1 far up. The built-in renderer "
                    "shows it by the lids alone.",
                ),
                io.Float.Input(
                    "wander",
                    default=1.0,
                    min=0.0,
                    max=3.0,
                    step=0.05,
                    tooltip="Size of the glances of 'wander': 0 is none, more looks further aside.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=2**64 - 1,
                    step=1,
                    control_after_generate=True,
                    tooltip="Another seed gives other times of blinks and glances.",
                ),
            ],
            outputs=[
                MotionType.Output(display_name="motion", tooltip="Little but the eyes differs.")
            ],
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
        """Change the eyes."""
        # Blinks come last: they find the lids where the gaze has put them.
        looking = set_gaze(motion, CORE_WORDS.get(gaze, gaze), gaze_x, gaze_y, wander, seed)
        mode = CORE_WORDS.get(blinks, blinks)
        return io.NodeOutput(set_blinks(looking, rate, jitter, seed, mode))


class MoDALips(io.ComfyNode):
    """Changes how far the lips move."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDALips",
            display_name="MoDA Lips",
            category="MoDA",
            description="Opens the mouth more or less while it speaks, and closes it where the "
            "sound is quiet.",
            search_aliases=["mouth", "lip sync", "silence", "exaggerate"],
            inputs=[
                MotionType.Input("motion", tooltip="Any motion."),
                io.Audio.Input(
                    "audio",
                    optional=True,
                    tooltip="The sound of the motion, for the closure in silence; use the one from "
                    "MoDA Encode Audio. It must be as long as the motion.",
                ),
                io.Float.Input(
                    "gain",
                    default=1.0,
                    min=0.0,
                    max=4.0,
                    step=0.05,
                    tooltip="How far the lips speak: 1 as they do, 1.3 clearly more, 0 not at all. "
                    "A smile stays.",
                ),
                io.Float.Input(
                    "closure",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How much of the lips' movement is taken away in silence: 0 is none, 1 "
                    "all of it. It needs the sound.",
                ),
                io.Float.Input(
                    "threshold",
                    default=0.06,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="Loudness, over the loudest frame's, below which a frame counts as "
                    "silence; more closes the lips in softer speech, too.",
                ),
                io.Float.Input(
                    "attack",
                    default=0.12,
                    min=0.0,
                    max=5.0,
                    step=0.02,
                    tooltip="Seconds before speech in which the lips come back; more is softer.",
                    extra_dict={"advanced": True},
                ),
                io.Float.Input(
                    "release",
                    default=0.2,
                    min=0.0,
                    max=5.0,
                    step=0.02,
                    tooltip="Seconds after speech in which the lips go to rest; more is softer.",
                    extra_dict={"advanced": True},
                ),
                io.Boolean.Input(
                    "released_modulation",
                    default=False,
                    tooltip="Exaggerate the lips as the released MoDA does, before all else. Its "
                    "own motion has that already.",
                    extra_dict={"advanced": True},
                ),
            ],
            outputs=[
                MotionType.Output(display_name="motion", tooltip="Little but the lips differs.")
            ],
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
        """Change the lips."""
        if released_modulation:
            motion = modulate_released_lips(motion)
        motion = scale_lips(motion, gain)
        if closure:
            level = level_of(audio, motion)
            motion = close_in_silence(motion, level, threshold, closure, attack, release)
        return io.NodeOutput(motion)


def level_of(audio: dict | None, motion: Motion):
    """Measure the loudness of an AUDIO in every frame of a motion, shape (N,).

    Raises
    ------
    ValueError
        If there is no sound, or it is of another length.
    """
    if audio is None:
        raise ValueError(
            "The closure of the lips in silence needs the sound. Link 'audio', or set 'closure' "
            "to 0."
        )
    waveform, sample_rate = sound_of(audio)
    check_same_length(waveform, sample_rate, motion)
    return frame_levels(waveform, sample_rate, len(motion), motion.fps)
