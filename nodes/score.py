"""The node that scores a talking head."""

from comfy_api.latest import io, ui
from torch import Tensor

from ..moda_core.bundles.score.closures import parse_closures
from ..moda_core.bundles.score.measure import Measured, score_motion, score_video
from ..moda_core.bundles.score.picture import draw_score
from ..moda_core.bundles.score.report import score_json, score_table
from ..moda_core.motion.motion import Motion
from ..moda_core.video.footage import Clip
from . import _host, inputs
from ._convert import audio_of, check_result, heard_sound, image_of, sound_of
from .clip import clip_of, own_sound


class MoDAScore(io.ComfyNode):
    """Scores a talking head."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Scores a talking head by figures: lip sync and its delay, smoothness, "
            "jitter, blinks and drift of the head, and for a video flicker and identity. Link a "
            "motion with its audio, or a video with sound.",
            search_aliases=["quality", "metric", "lip sync", "evaluate", "sync check"],
            is_output_node=True,
            inputs=[
                inputs.motion(
                    "Optional. The motion to score. Without it the motion that the video shows is "
                    "scored.",
                    optional=True,
                ),
                io.Audio.Input(
                    "audio",
                    optional=True,
                    tooltip="Optional. The speech, from the first frame on. Without it the sound "
                    "of the video counts.",
                ),
                io.Video.Input(
                    "video",
                    optional=True,
                    tooltip="Optional. A video; its largest face is scored. Adds flicker outside "
                    "the face and identity over time.",
                ),
                io.String.Input(
                    "phones",
                    default="",
                    multiline=True,
                    optional=True,
                    placeholder="p 1.20\nb 1.62\nm 2.08 2.16",
                    tooltip="Optional. Times at which the lips must close: a phone and its time in "
                    "seconds, or its start and end, in each line. Only p, b and m count.",
                ),
                inputs.channel("Channel of the sound to compare the lips with."),
            ],
            outputs=[
                io.String.Output(
                    display_name="table",
                    tooltip="The score and its figures as a table.",
                ),
                io.Image.Output(
                    display_name="image",
                    tooltip="The figures as bars, and curves of lips, head, eyes and picture.",
                ),
                io.String.Output(
                    display_name="json",
                    tooltip="The score, its figures, parts and weights as JSON; unknown figures "
                    "are null.",
                ),
                io.Float.Output(
                    display_name="score",
                    tooltip="The score, 0 to 1. Higher is better.",
                ),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def validate_inputs(cls, phones: str | None = "") -> bool | str:
        return check_result(parse_closures, phones)

    @classmethod
    def execute(
        cls,
        motion: Motion | None = None,
        audio: dict | None = None,
        video=None,
        phones: str = "",
        channel: str = "mix",
    ) -> io.NodeOutput:
        measured = measure(motion, audio, video, phones, channel)
        score, image = measured.score, image_of(draw_score(measured)[None])
        _host.show_text(cls.hidden.unique_id, f"score {score.total:.3f}")
        shown = ui.PreviewImage(image, cls=cls).as_dict()
        table, json = score_table(score), score_json(score)
        return io.NodeOutput(table, image, json, score.total, ui=shown)


def measure(motion: Motion | None, audio, video, phones: str, channel: str) -> Measured:
    """Score what is linked; raises ValueError if something is missing."""
    if motion is None and video is None:
        raise ValueError(
            "There is nothing to score. Link a motion and its audio, or a video with sound."
        )
    closures, clip = parse_closures(phones), None if video is None else clip_of(video, 25.0)
    sound = linked_sound(audio, video, clip)
    if sound is None:
        raise ValueError(
            f"The {'motion' if video is None else 'video'} has no sound to compare the lips with. "
            "Link the speech to 'audio'."
        )
    heard = heard_sound(audio_of(*sound), channel)
    if clip is None:
        return score_motion(motion, heard, closures)
    return score_video(clip, heard, closures, motion, _host.Progress())


def linked_sound(audio, video, clip: Clip | None) -> tuple[Tensor, int] | None:
    """Return the linked audio, or the sound of the video; None if there is neither."""
    if audio is not None:
        return sound_of(audio)
    return None if clip is None else own_sound(video, clip)
