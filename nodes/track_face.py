"""The node that follows a face through a clip."""

from comfy_api.latest import io

from ..moda_core.clip.clip_portrait import clip_portrait, seen_motion
from ..moda_core.clip.clip_time import AFTER_END
from ..moda_core.clip.draw_track import draw_track
from ..moda_core.clip.face_clip import REGIONS
from ..moda_core.face.face_text import FACE_ORDERS, parse_box
from ..moda_core.portrait.find_face import FaceChoice
from . import _host, inputs
from ._convert import audio_of, image_of, mask_of, parsed
from .clip import clip_of, sound_of_clip
from .face_picker import seen_picture
from .portrait import PORTRAIT_ACTIVATIONS
from .types import LoadedRenderer, PortraitType, RendererType


class MoDATrackFace(io.ComfyNode):
    """Follows a face through a clip."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Follows one face through a video: as a portrait whose frames are the "
            "video's own, and as the motion that the face shows. Link the portrait to sample and "
            "render new speech, or the motion to animate another portrait.",
            search_aliases=["video", "relip", "dub", "driving video", "face tracking", "vid2vid"],
            hidden=[io.Hidden.unique_id],
            inputs=[
                RendererType.Input(
                    "renderer",
                    tooltip="The renderer to prepare the portrait for. Use the same one to render.",
                ),
                io.MultiType.Input(
                    "video",
                    types=[io.Video, io.Image],
                    tooltip="The video, or an image batch with the rate 'fps'. Variable frame "
                    "rates and rotated recordings are fine.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Optional. Mask of the picture's size; only faces inside it are found "
                    "in the first frame with a face.",
                ),
                *inputs.face_choice(
                    "Index of the face in the first frame with one, in the order of 'face_order'"
                ),
                inputs.choice(
                    "region",
                    list(REGIONS),
                    "What rendering replaces. 'lower face' takes the mouth from the motion and "
                    "keeps the head, the eyes and everything else of the video. 'whole face' plays "
                    "the whole motion.",
                ),
                inputs.choice(
                    "after_end",
                    list(AFTER_END),
                    "What happens if the motion is longer than the video: 'loop' plays the video "
                    "there and back, 'hold' holds its last frame, 'cut' cuts the motion.",
                ),
                inputs.number(
                    "fps",
                    inputs.Scale(1.0, 240.0, default=25.0, step=0.01),
                    "Frame rate of an image batch. A video has its own.",
                ),
                inputs.crop_scale(advanced=True),
                io.String.Input(
                    "box",
                    default="",
                    placeholder="x,y,width,height",
                    tooltip="Part of the picture to find the face in, in pixels, in the first "
                    "frame with a face.",
                    extra_dict=inputs.ADVANCED,
                ),
                inputs.number(
                    "reference_time",
                    inputs.Scale(-1.0, inputs.DAY_S, default=-1.0, step=0.01),
                    "Time of the frame, in seconds, that shows the face at rest and gives the "
                    "identity for sampling. -1 chooses the most frontal and neutral frame.",
                    advanced=True,
                ),
            ],
            outputs=[
                PortraitType.Output(
                    display_name="portrait",
                    tooltip="Portrait of the video for MoDA Sample Motion and the render nodes.",
                ),
                inputs.motion_output(
                    "The motion that the face shows, at the video's frame rate, for any portrait."
                ),
                io.Audio.Output(
                    display_name="audio",
                    tooltip="The video's sound, as long as the video; silent if it has none.",
                ),
                io.Image.Output(
                    display_name="track",
                    tooltip="Some frames around the face, with what was found.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        renderer: LoadedRenderer,
        video,
        mask=None,
        face_index: int = 0,
        face_order: str = FACE_ORDERS[0],
        region: str = REGIONS[0],
        after_end: str = AFTER_END[0],
        fps: float = 25.0,
        crop_scale: float = 2.3,
        box: str = "",
        reference_time: float = -1.0,
    ) -> io.NodeOutput:
        clip = clip_of(video, fps)
        choice = FaceChoice(
            box=parsed(parse_box, box),
            index=face_index,
            order=face_order,
            mask=mask_of(mask, first_picture(clip)) if mask is not None else None,
        )
        _host.bring_to_device(renderer.patchers, PORTRAIT_ACTIVATIONS)
        engine, progress = renderer.renderer, _host.Progress()
        chosen_s = None if reference_time < 0 else reference_time
        portrait = clip_portrait(
            engine, clip, choice, region, after_end, crop_scale, chosen_s, progress
        )
        _host.show_text(cls.hidden.unique_id, summary(portrait))
        sound = audio_of(*sound_of_clip(video, clip))
        track = image_of(draw_track(portrait)[None])
        seen = seen_picture(picture_with_face(portrait), choice.mask)
        return io.NodeOutput(portrait, seen_motion(portrait), sound, track, ui=seen)


def first_picture(clip):
    """Return the first frame (H, W, 3) of a clip."""
    [picture] = clip.images_at([0.0])
    return picture


def picture_with_face(portrait):
    """Return the first frame (H, W, 3) of a portrait's clip in which its face is seen."""
    clip, track = portrait.clip.clip, portrait.clip.track
    [picture] = clip.images_at([track.times[track.is_lost.argmin()]])
    return picture


def summary(portrait) -> str:
    """Say how long a portrait's clip is, and in how many frames the face is lost."""
    clip, track = portrait.clip.clip, portrait.clip.track
    lost = int(track.is_lost.sum())
    text = f"{len(track)} frames, {clip.duration_s:.2f} s, {float(clip.rate):.4g} fps"
    return f"{text}, face lost in {lost}" if lost else text
