"""The node that finds a face in a picture and prepares it for a renderer."""

from comfy_api.latest import io

from ..moda_core.face.face_text import FACE_ORDERS, format_points, parse_box, parse_points
from ..moda_core.face.given_points import named_points
from ..moda_core.portrait.cutout import cutout_portrait, parse_color
from ..moda_core.portrait.draw_face import draw_face
from ..moda_core.portrait.find_face import FaceChoice, find_face
from . import _host, inputs
from ._convert import cutout_of, image_of, mask_of, parsed
from .face_picker import seen_picture
from .inputs import ADVANCED
from .types import LoadedRenderer, PortraitType, RendererType

PORTRAIT_ACTIVATIONS = 100e6  # bytes: `run.py bench activations`


class MoDAExtractIdentity(io.ComfyNode):
    """Finds a face in an image and prepares it for a renderer."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Finds a face in a picture and prepares it for animation. For several "
            "people use one node each. Check the crop: the points should lie on the eyes and the "
            "corners of the mouth.",
            search_aliases=["portrait", "face", "crop", "landmarks"],
            inputs=[
                RendererType.Input(
                    "renderer",
                    tooltip="The renderer to prepare the portrait for. Use the same one to render.",
                ),
                io.Image.Input("image", tooltip="One picture with a face, of any size."),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Optional. Mask of the picture's size; only faces inside it are found.",
                ),
                *inputs.face_choice("Index of the face to use, in the order of 'face_order'"),
                inputs.crop_scale(),
                io.String.Input(
                    "points",
                    default="",
                    placeholder="x,y x,y x,y x,y",
                    tooltip="Sets the face instead of finding it: left eye, right eye, left and "
                    "right corner of the mouth, as seen in the picture, in pixels; for example "
                    "210,180 290,178 220,260 285,262. More points by name: chin:250,320.",
                    extra_dict=ADVANCED,
                ),
                io.String.Input(
                    "box",
                    default="",
                    placeholder="x,y,width,height",
                    tooltip="Part of the picture to find the face in, in pixels. If none is found "
                    "there, the box itself is used as the face.",
                    extra_dict=ADVANCED,
                ),
                io.Mask.Input(
                    "transparency",
                    optional=True,
                    tooltip="Optional. Mask of the transparent part of a cut-out, as Load Image "
                    "gives it: white is transparent.",
                ),
                io.String.Input(
                    "background_color",
                    default="white",
                    optional=True,
                    tooltip="Color behind the transparent part of a cut-out: a name, or a number "
                    "such as #00ff00.",
                    extra_dict=ADVANCED,
                ),
            ],
            outputs=[
                PortraitType.Output(
                    display_name="portrait",
                    tooltip="Portrait for MoDA Sample Motion and the render nodes.",
                ),
                io.Image.Output(
                    display_name="crop", tooltip="The crop around the face with the found points."
                ),
                io.Mask.Output(
                    display_name="paste_mask",
                    tooltip="Region of the picture that rendered frames replace; 1 replaces it "
                    "fully.",
                ),
                io.String.Output(
                    display_name="points",
                    tooltip="The found points, in the form of the input 'points': to correct them, "
                    "copy the text there and change it.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        renderer: LoadedRenderer,
        image,
        mask=None,
        face_index: int = 0,
        face_order: str = FACE_ORDERS[0],
        crop_scale: float = 2.3,
        points: str = "",
        box: str = "",
        transparency=None,
        background_color: str = "white",
    ) -> io.NodeOutput:
        picture, opacity = cutout_of(image, transparency)
        color = parse_color(background_color)
        choice = FaceChoice(
            points=parsed(parse_points, points),
            box=parsed(parse_box, box),
            index=face_index,
            order=face_order,
            mask=mask_of(mask, picture),
        )
        landmarks = find_face(picture, choice)
        _host.bring_to_device(renderer.patchers, PORTRAIT_ACTIVATIONS)
        portrait = cutout_portrait(
            renderer.renderer, picture, opacity, color, landmarks, crop_scale
        )
        drawn = draw_face(*renderer.renderer.crop(portrait), landmarks)
        covered = renderer.renderer.paste_mask(portrait)[None]
        found = format_points(named_points(landmarks))
        seen = seen_picture(picture, choice.mask)
        return io.NodeOutput(portrait, image_of(drawn[None]), covered, found, ui=seen)
