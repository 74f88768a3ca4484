"""Option nodes that change how motion is sampled; each adds to what another one gives."""

from comfy_api.latest import io
from torch import Tensor

from ..moda_core.sampling.request import SamplingRequest
from . import _host
from .types import SamplingType

ALWAYS = (0.0, 1.0)  # noise levels


def options_input():
    """Return the input for other option nodes."""
    return SamplingType.Input(
        "options", optional=True, tooltip="From another option node, to add to what it says."
    )


class MoDAGuidance(io.ComfyNode):
    """Guides the emotion apart from the speech."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAGuidance",
            display_name="MoDA Guidance",
            category="MoDA",
            description="Guides the emotion more or less than the speech, and confines guidance to "
            "some of the steps.",
            search_aliases=["cfg", "emotion strength", "guidance interval"],
            inputs=[
                io.Float.Input(
                    "emotion_guidance",
                    default=-1.0,
                    min=-1.0,
                    max=10.0,
                    step=0.05,
                    tooltip="How strongly the emotion is followed: 0 not at all, 1 as the model "
                    "has it, more exaggerates it without moving the lips more. Below 0 it is like "
                    "the speech.",
                ),
                io.Float.Input(
                    "sigma_start",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="Noise level from which guidance acts; steps go from 1 down to 0. "
                    "Lower leaves the first steps alone, which decide the large movements.",
                ),
                io.Float.Input(
                    "sigma_end",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="Noise level down to which guidance acts. Higher leaves the last steps "
                    "alone, and takes less time.",
                ),
                options_input(),
            ],
            outputs=[
                SamplingType.Output(display_name="options", tooltip="For MoDA Sample Motion.")
            ],
        )

    @classmethod
    def execute(
        cls,
        emotion_guidance: float = -1.0,
        sigma_start: float = 1.0,
        sigma_end: float = 0.0,
        options: SamplingRequest | None = None,
    ) -> io.NodeOutput:
        """Add the guidance."""
        if sigma_end > sigma_start:
            raise ValueError(
                f"Guidance begins at the noise level {sigma_start:g} and ends at {sigma_end:g}. "
                "Noise falls, so 'sigma_end' must not be above 'sigma_start'."
            )
        interval = (sigma_end, sigma_start)
        request = (options or SamplingRequest()).with_options(
            emotion_scale=emotion_guidance if emotion_guidance >= 0 else None,
            guidance_interval=None if interval == ALWAYS else interval,
        )
        return io.NodeOutput(request)


class MoDASolver(io.ComfyNode):
    """Chooses how the steps are made."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDASolver",
            display_name="MoDA Solver",
            category="MoDA",
            description="Chooses how the steps of the diffusion are made and where they lie; takes "
            "ComfyUI's own samplers and sigmas, too.",
            search_aliases=["sampler", "scheduler", "heun", "sigmas", "shift"],
            inputs=[
                io.Combo.Input(
                    "solver",
                    options=["euler", "heun", "midpoint", "ab2"],
                    default="euler",
                    tooltip="'euler' is the usual one. 'ab2' is more exact in the same time, "
                    "'heun' and 'midpoint' in twice the time.",
                ),
                io.Combo.Input(
                    "schedule",
                    options=["released", "even"],
                    default="released",
                    tooltip="'released' is the usual one, whose last step does next to nothing; "
                    "'even' makes all steps equal, as they always are for a linked sampler.",
                ),
                io.Float.Input(
                    "shift",
                    default=1.0,
                    min=0.05,
                    max=20.0,
                    step=0.05,
                    tooltip="Above 1 more steps are spent on high noise, the large movements; "
                    "below 1 on low noise, the details.",
                ),
                io.Sampler.Input(
                    "sampler",
                    optional=True,
                    tooltip="One of ComfyUI's, as from KSamplerSelect; it takes the place of "
                    "'solver'. Those with 'cfg_pp' in their names don't fit.",
                ),
                io.Sigmas.Input(
                    "sigmas",
                    optional=True,
                    tooltip="Noise levels from 1 down to 0, as from ManualSigmas; they take the "
                    "place of 'schedule', 'shift' and the number of steps.",
                ),
                options_input(),
            ],
            outputs=[
                SamplingType.Output(display_name="options", tooltip="For MoDA Sample Motion.")
            ],
        )

    @classmethod
    def execute(
        cls,
        solver: str = "euler",
        schedule: str = "released",
        shift: float = 1.0,
        sampler=None,
        sigmas: Tensor | None = None,
        options: SamplingRequest | None = None,
    ) -> io.NodeOutput:
        """Add the solver."""
        request = (options or SamplingRequest()).with_options(
            solver=solver,
            schedule=schedule,
            shift=shift,
            solve=None if sampler is None else _host.solver_of(sampler),
            sigmas=sigmas,
        )
        return io.NodeOutput(request)


class MoDAWindows(io.ComfyNode):
    """Chooses how long speech is cut into windows."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDAWindows",
            display_name="MoDA Windows",
            category="MoDA",
            description="Chooses how long speech is cut into windows of 3.2 seconds, and how they "
            "are joined.",
            search_aliases=["long audio", "context", "overlap", "drift"],
            inputs=[
                io.Combo.Input(
                    "windows",
                    options=["chain", "joint"],
                    default="chain",
                    tooltip="'chain' makes one after the other, each continuing the last; 'joint' "
                    "makes all at once: quicker on a GPU, and the pose does not drift.",
                ),
                io.Int.Input(
                    "overlap",
                    default=16,
                    min=1,
                    max=64,
                    step=1,
                    tooltip="Frames that neighbours share, at 25 a second; more is smoother and "
                    "takes longer.",
                ),
                options_input(),
            ],
            outputs=[
                SamplingType.Output(display_name="options", tooltip="For MoDA Sample Motion.")
            ],
        )

    @classmethod
    def execute(
        cls,
        windows: str = "chain",
        overlap: int = 16,
        options: SamplingRequest | None = None,
    ) -> io.NodeOutput:
        """Add the windows."""
        request = options or SamplingRequest()
        return io.NodeOutput(request.with_options(windows=windows, overlap=overlap))
