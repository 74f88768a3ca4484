"""Nodes with options for sampling; each adds to those of the node before."""

from comfy_api.latest import io
from torch import Tensor

from ..moda_core.bundles.head_presets import HEAD_PRESETS, head_perturbation
from ..moda_core.sampling.diversity import Diversity
from ..moda_core.sampling.request import SamplingRequest
from . import _host, inputs

ALWAYS = (0.0, 1.0)  # noise levels


def sigma_inputs() -> list[io.Input]:
    """Return the noise levels between which guidance acts."""
    return [
        inputs.number(
            "sigma_start",
            inputs.Scale(0.0, 1.0, default=1.0, step=0.01),
            "Noise level at which guidance starts; sampling goes from 1 to 0. "
            "Lower leaves out the first steps, which set the large movements.",
        ),
        inputs.number(
            "sigma_end",
            inputs.Scale(0.0, 1.0, default=0.0, step=0.01),
            "Noise level at which guidance ends. Higher leaves out the last steps and is faster.",
        ),
    ]


def sigma_interval(sigma_start: float, sigma_end: float) -> tuple[float, float] | None:
    """Return the interval of `sigma_inputs`, or None for all noise levels."""
    if sigma_end > sigma_start:
        raise ValueError(
            f"Guidance starts at noise level {sigma_start:g} and ends at {sigma_end:g}. "
            "Sampling lowers the noise, so 'sigma_end' must not be above 'sigma_start'."
        )
    interval = (sigma_end, sigma_start)
    return None if interval == ALWAYS else interval


class MoDAGuidance(io.ComfyNode):
    """Sets the guidance of the emotion, and the steps that guidance applies to."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Sets a separate guidance scale for the emotion, and limits guidance to "
            "some of the steps.",
            search_aliases=["cfg", "emotion strength", "guidance interval"],
            inputs=[
                inputs.number(
                    "emotion_guidance",
                    inputs.Scale(-1.0, 10.0, default=-1.0),
                    "Guidance scale of the emotion: 0 ignores it, 1 is unguided, higher "
                    "exaggerates it without moving the lips more. Below 0 uses the scale of the "
                    "speech.",
                ),
                *sigma_inputs(),
                inputs.options(),
            ],
            outputs=[inputs.options_output()],
        )

    @classmethod
    def execute(
        cls,
        emotion_guidance: float = -1.0,
        sigma_start: float = 1.0,
        sigma_end: float = 0.0,
        options: SamplingRequest | None = None,
    ) -> io.NodeOutput:
        request = (options or SamplingRequest()).with_options(
            emotion_scale=emotion_guidance if emotion_guidance >= 0 else None,
            guidance_interval=sigma_interval(sigma_start, sigma_end),
        )
        return io.NodeOutput(request)


class MoDAPerturbedGuidance(io.ComfyNode):
    """Sets guidance away from what the model samples with some attention heads perturbed."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Guides sampling away from what the model predicts with some of its "
            "attention heads perturbed. Which heads decides what gets stronger.",
            search_aliases=["pag", "softpag", "headhunter", "attention heads", "perturbation"],
            inputs=[
                inputs.choice(
                    "preset",
                    list(HEAD_PRESETS),
                    "Heads to perturb, by what they strengthen. All but 'custom' are heads of the "
                    "starter and work with it only.",
                ),
                io.String.Input(
                    "heads",
                    default="",
                    tooltip="Heads of the preset 'custom': block and head in it, both from 0, such "
                    "as '3:0, 3:1'. Blocks are counted over all stages. Empty is off.",
                ),
                inputs.number(
                    "u",
                    inputs.Scale(0.0, 1.0, default=1.0),
                    "How much of each head's attention is replaced by the token itself: 0 is off, "
                    "1 all of it. Lower makes the guidance softer.",
                ),
                inputs.number(
                    "w",
                    inputs.Scale(0.0, 10.0, default=2.0),
                    "Guidance scale: 0 is off, higher has more effect. Above 0 each step computes "
                    "one more prediction.",
                ),
                *sigma_inputs(),
                inputs.options(),
            ],
            outputs=[inputs.options_output()],
        )

    @classmethod
    def execute(
        cls,
        preset: str = HEAD_PRESETS[0],
        heads: str = "",
        u: float = 1.0,
        w: float = 2.0,
        sigma_start: float = 1.0,
        sigma_end: float = 0.0,
        options: SamplingRequest | None = None,
    ) -> io.NodeOutput:
        interval = sigma_interval(sigma_start, sigma_end)
        perturbation = head_perturbation(preset, heads, u, w, interval)
        request = (options or SamplingRequest()).with_options(perturbation=perturbation)
        return io.NodeOutput(request)


class MoDASolver(io.ComfyNode):
    """Sets the solver and the noise schedule."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Sets the solver and the noise schedule of sampling. Also accepts "
            "ComfyUI's samplers and sigmas.",
            search_aliases=["sampler", "scheduler", "heun", "sigmas", "shift"],
            inputs=[
                inputs.choice(
                    "solver",
                    ["euler", "heun", "midpoint", "ab2"],
                    "Solver of the diffusion steps. 'ab2' is more exact than 'euler' in "
                    "the same time, 'heun' and 'midpoint' in twice the time.",
                ),
                inputs.choice(
                    "schedule",
                    ["released", "even"],
                    "Spacing of the noise levels. 'released' is MoDA's own, whose last "
                    "step changes almost nothing; 'even' spaces all steps equally. A linked "
                    "sampler always uses 'even'.",
                ),
                inputs.number(
                    "shift",
                    inputs.Scale(0.05, 20.0, default=1.0),
                    "Shift of the noise levels: above 1 spends more steps on high noise "
                    "(large movements), below 1 on low noise (details).",
                ),
                io.Sampler.Input(
                    "sampler",
                    optional=True,
                    tooltip="Optional. A ComfyUI sampler, for example from KSamplerSelect; "
                    "replaces 'solver'. Samplers with 'cfg_pp' in their names don't work here.",
                ),
                io.Sigmas.Input(
                    "sigmas",
                    optional=True,
                    tooltip="Optional. Noise levels from 1 to 0, for example from ManualSigmas; "
                    "replace 'schedule', 'shift' and the number of steps.",
                ),
                inputs.options(),
            ],
            outputs=[inputs.options_output()],
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
        request = (options or SamplingRequest()).with_options(
            solver=solver,
            schedule=schedule,
            shift=shift,
            solve=None if sampler is None else _host.solver_of(sampler),
            sigmas=sigmas,
        )
        return io.NodeOutput(request)


class MoDAWindows(io.ComfyNode):
    """Sets how long speech is split into windows."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Sets how long speech is split into windows of 3.2 seconds and how they "
            "are joined.",
            search_aliases=["long audio", "context", "overlap", "drift"],
            inputs=[
                inputs.choice(
                    "windows",
                    ["chain", "joint", "anchored"],
                    "'chain' samples one window after another, each continuing the one "
                    "before; 'joint' samples all at once, which lets the head wander less over "
                    "minutes and is faster on a GPU; 'anchored' is a chain that returns to the "
                    "start pose where the speech pauses.",
                    default="joint",
                ),
                inputs.number(
                    "overlap",
                    inputs.Scale(1, 64, default=16),
                    "Overlap of neighbouring windows in frames, at 25 fps; higher is "
                    "smoother and takes longer.",
                ),
                inputs.options(),
            ],
            outputs=[inputs.options_output()],
        )

    @classmethod
    def execute(
        cls, windows: str = "joint", overlap: int = 16, options: SamplingRequest | None = None
    ) -> io.NodeOutput:
        request = options or SamplingRequest()
        return io.NodeOutput(request.with_options(windows=windows, overlap=overlap))


class MoDADiversity(io.ComfyNode):
    """Sets how varied poses and expressions are."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Makes head poses and expressions more or less varied by their noise. The "
            "mouth keeps its own noise, so that lip sync stays.",
            search_aliases=["noise", "temperature", "variation", "head movement", "ancestral"],
            inputs=[
                inputs.number(
                    "pose_noise",
                    inputs.Scale(0.0, 2.0, default=1.0),
                    "Scale of the noise that head poses start from: above 1 the head moves further "
                    "and differs more between seeds, below 1 less.",
                ),
                inputs.number(
                    "expression_noise",
                    inputs.Scale(0.0, 2.0, default=1.0),
                    "Scale of the noise that eyes and brows start from: above 1 they are more "
                    "varied and less smooth, below 1 calmer.",
                ),
                inputs.weight(
                    "pose_temperature",
                    0.0,
                    "How much noise of head poses is drawn anew between steps: 0 none, 1 as an "
                    "ancestral sampler. Changes the take, not how far the head moves.",
                ),
                inputs.weight(
                    "expression_temperature",
                    0.0,
                    "How much noise of eyes and brows is drawn anew between steps: 0 none, 1 as "
                    "an ancestral sampler.",
                ),
                inputs.options(),
            ],
            outputs=[inputs.options_output()],
        )

    @classmethod
    def execute(
        cls,
        pose_noise: float = 1.0,
        expression_noise: float = 1.0,
        pose_temperature: float = 0.0,
        expression_temperature: float = 0.0,
        options: SamplingRequest | None = None,
    ) -> io.NodeOutput:
        diversity = Diversity(
            pose_noise, expression_noise, pose_temperature, expression_temperature
        )
        return io.NodeOutput((options or SamplingRequest()).with_options(diversity=diversity))
