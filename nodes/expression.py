"""The node that sets an expression by hand."""

from comfy_api.latest import io

from ..moda_core.bundles.rest_pose import own_expression, rest_pose
from ..moda_core.editing.expression import RANGES, Expression, express
from ..moda_core.editing.idling import still_motion
from ..moda_core.motion.motion import Motion
from ..moda_core.portrait.portrait import Portrait
from . import _host, inputs
from .expression_preview import save_face

STEPS = {"pitch": 0.5, "yaw": 0.5, "roll": 0.5}  # degrees; of the others a share of full
TOOLTIPS = {
    "jaw": "Opens the mouth: 1 is wide open. Below 0 closes what the motion opens.",
    "smile": "Raises the corners of the mouth; below 0 lowers them.",
    "pucker": "Rounds the lips; below 0 spreads them.",
    "blink_left": "Closes the eye on the left of the picture: 1 is shut, below 0 opens it wide. "
    "Blinks of the motion stay.",
    "blink_right": "Closes the eye on the right of the picture: 1 is shut, below 0 opens it wide.",
    "brows": "Raises the brows; below 0 lowers them.",
    "gaze_x": "Turns the eyes: 1 is far to the right of the picture, -1 far to the left.",
    "gaze_y": "Turns the eyes: 1 is far up, -1 far down. The built-in renderer shows it only by "
    "the eyelids.",
    "pitch": "Degrees by which the head nods: higher looks down, below 0 looks up.",
    "yaw": "Degrees by which the head turns: higher turns the face to the left of the picture, "
    "below 0 to the right.",
    "roll": "Degrees by which the head tilts: higher tilts it clockwise, below 0 anticlockwise.",
}
NEEDS_PORTRAIT = (
    "'neutralise' needs the picture whose expression it undoes. Link 'portrait', or switch it off."
)


def slider(name: str) -> io.Input:
    low, high = RANGES[name]
    return io.Float.Input(
        name,
        default=0.0,
        min=low,
        max=high,
        step=STEPS.get(name, 0.05),
        display_mode=io.NumberDisplay.slider,
        tooltip=TOOLTIPS[name],
    )


class MoDAExpression(io.ComfyNode):
    """Sets an expression and a head pose by hand."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Sets an expression and a head pose by sliders, shown on the face as they "
            "move: as a motion of one frame, or added to a motion.",
            search_aliases=["face", "smile", "slider", "live portrait", "pose", "gaze", "wink"],
            inputs=[
                inputs.portrait(
                    "Optional. The face to show, whose expression at rest the motion starts from. "
                    "Needed for 'neutralise'.",
                    optional=True,
                ),
                inputs.motion(
                    "Optional. A motion, to every frame of which the expression is added. When not "
                    "connected, the result is one frame.",
                    optional=True,
                ),
                *map(slider, RANGES),
                inputs.switch(
                    "neutralise",
                    "Undoes the picture's own expression, so that the sliders start from a neutral "
                    "face. Of portraits of the built-in renderer it undoes the smile, of those of "
                    "LivePortrait all of mouth and brows; eyes and head stay.",
                ),
            ],
            outputs=[
                inputs.motion_output(
                    "The expression as a motion of one frame at 25 fps, or the linked motion with "
                    "the expression added."
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        portrait: Portrait | None = None,
        motion: Motion | None = None,
        neutralise: bool = False,
        **values: float,
    ) -> io.NodeOutput:
        if neutralise and portrait is None:
            raise ValueError(NEEDS_PORTRAIT)
        if motion is None:
            motion = still_motion(1, *rest_pose(None, portrait))
        own = own_expression(portrait) if neutralise else None
        seen = None if portrait is None else _host.for_page("moda_face", save_face(portrait))
        return io.NodeOutput(express(motion, Expression(**values), own), ui=seen)
