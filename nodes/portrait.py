"""The node that finds the face of a picture and prepares it for a renderer."""

from comfy_api.latest import io

from ..moda_core.face.face_text import FACE_ORDERS, parse_box, parse_points
from ..moda_core.portrait.draw_face import draw_face
from ..moda_core.portrait.find_face import FaceChoice, find_face
from . import _host
from ._convert import image_of, mask_of, parsed, picture_of
from .types import LoadedRenderer, PortraitType, RendererType

PORTRAIT_ACTIVATIONS = 100e6  # bytes: `run.py bench activations`


class MoDAExtractIdentity(io.ComfyNode):
    """Finds the face of a picture and prepares it for a renderer."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAExtractIdentity",
            display_name="MoDA Extract Identity",
            category="MoDA",
            description="Finds a face in a picture and prepares it to be animated. For several "
            "people use it once for each. Look at its picture: the points should lie on the eyes "
            "and the corners of the mouth.",
            search_aliases=["portrait", "face", "crop", "landmarks"],
            inputs=[
                RendererType.Input(
                    "renderer", tooltip="What will render the portrait; only that one can."
                ),
                io.Image.Input("image", tooltip="One picture with a face, of any size."),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Look only for faces that this covers; of the picture's size.",
                ),
                io.Int.Input(
                    "face_index",
                    default=0,
                    min=0,
                    max=99,
                    step=1,
                    tooltip="Which face of several, in the order below; 0 is the first.",
                ),
                io.Combo.Input(
                    "face_order",
                    options=list(FACE_ORDERS),
                    default=FACE_ORDERS[0],
                    tooltip="Which face comes first: the largest, the one on the left, or the one "
                    "nearest to the middle.",
                ),
                io.Float.Input(
                    "crop_scale",
                    default=2.3,
                    min=1.2,
                    max=5.0,
                    step=0.05,
                    tooltip="Side of the crop around the face, in sizes of the face. Larger shows "
                    "more of head and shoulders, at less detail. The built-in renderer moves the "
                    "same region whatever it is.",
                ),
                io.String.Input(
                    "points",
                    default="",
                    placeholder="x,y x,y x,y x,y",
                    tooltip="Where no face is found: left eye, right eye, left and right corner of "
                    "the mouth, as seen, in pixels; for example 210,180 290,178 220,260 285,262.",
                    extra_dict={"advanced": True},
                ),
                io.String.Input(
                    "box",
                    default="",
                    placeholder="x,y,width,height",
                    tooltip="Look only in this part of the picture, in pixels.",
                    extra_dict={"advanced": True},
                ),
            ],
            outputs=[
                PortraitType.Output(
                    display_name="portrait", tooltip="For MoDA Sample Motion and the render nodes."
                ),
                io.Image.Output(
                    display_name="crop", tooltip="The crop around the face with the found points."
                ),
                io.Mask.Output(
                    display_name="paste_mask",
                    tooltip="Where frames will replace the picture; 1 is all of it.",
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
    ) -> io.NodeOutput:
        """Find and prepare the face."""
        picture = picture_of(image)
        choice = FaceChoice(
            points=parsed(parse_points, points),
            box=parsed(parse_box, box),
            index=face_index,
            order=face_order,
            mask=mask_of(mask, picture),
        )
        landmarks = find_face(picture, choice, renderer.yunet)
        _host.bring_to_device(renderer.patchers, PORTRAIT_ACTIVATIONS)
        portrait = renderer.renderer.portrait(picture, landmarks, crop_scale)
        drawn = draw_face(*renderer.renderer.crop(portrait), landmarks)
        covered = renderer.renderer.paste_mask(portrait)[None]
        return io.NodeOutput(portrait, image_of(drawn[None]), covered)
