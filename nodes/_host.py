"""All that the pack asks of ComfyUI's internals: folders, devices, memory, progress, samplers."""

import dataclasses
import itertools
import os
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import comfy.model_management as management
import comfy.model_patcher
import comfy.model_sampling
import comfy.ops
import comfy.utils
import folder_paths
import torch
from comfy.cli_args import args
from comfy_api.latest import io
from comfy_execution.graph_utils import GraphBuilder
from PIL import Image
from torch import Tensor, nn

from ..moda_core.errors import MoDAError
from ..moda_core.model_files.places import KINDS, LIVEPORTRAIT, MODA, Places, kind_places
from ..moda_core.model_files.stamps import NAME, Stamps
from ..moda_core.sampling.denoiser import FlowDenoiser
from ..moda_core.sampling.options import Solve

PROGRESS_INTERVAL_S = 0.05  # every update costs the host work for each node of the graph
PREVIEW_INTERVAL_S = 0.25
SCHEMA_FIELDS = {field.name for field in dataclasses.fields(io.Schema)}
SAMPLER_ERRORS = (AttributeError, IndexError, KeyError, TypeError, ValueError, ZeroDivisionError)
PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def schema(**fields) -> io.Schema:
    """Return a node's schema without the fields that an older host does not know."""
    return io.Schema(**{name: value for name, value in fields.items() if name in SCHEMA_FIELDS})


def register_folders() -> None:
    """Tell the host of the pack's model folders, beside places that the user has added."""
    for name in (MODA, LIVEPORTRAIT):
        folder_paths.add_model_folder_path(name, os.path.join(folder_paths.models_dir, name))
        paths, extensions = folder_paths.folder_names_and_paths[name]
        known = {*extensions, ".safetensors", ".pth", ".pt", ".bin"}
        folder_paths.folder_names_and_paths[name] = (paths, known)


def model_roots(name: str) -> list[Path]:
    """Return the existing places of a kind of model files."""
    return [Path(path) for path in folder_paths.get_folder_paths(name) if os.path.isdir(path)]


def model_places() -> Places:
    """Return where model files are looked for, and where new ones belong."""
    return kind_places({kind: folder_paths.get_folder_paths(kind) for kind in KINDS})


def stamps() -> Stamps:
    """Return the list of checked files, which lies in the host's folder of the user."""
    return Stamps(Path(folder_paths.get_user_directory(), "moda", NAME))


def graph_of(node_id: str) -> GraphBuilder:
    """Return an empty graph to expand a node to; its ids depend only on the node's."""
    return GraphBuilder(prefix=f"{node_id}.")


def show_text(node_id: str, text: str) -> None:
    """Show text on the running node, where there is a page to show it on."""
    from server import PromptServer

    if getattr(PromptServer, "instance", None) is not None:
        PromptServer.instance.send_progress_text(text, node_id)


def temporary_path(suffix: str) -> Path:
    """Return a new name in the host's temporary folder, which the host empties when it starts."""
    folder = Path(folder_paths.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"moda_{uuid.uuid4().hex}{suffix}"


def user_folders() -> tuple[Path, Path]:
    """Return the host's input and output folders."""
    return Path(folder_paths.get_input_directory()), Path(folder_paths.get_output_directory())


def numbered_name(prefix: str, output: Path) -> tuple[str, str, int, str]:
    """Return folder, name, next number and subfolder of a file that is saved in `output`.

    Parameters
    ----------
    prefix : str
        The host fills in what it knows, such as ``%year%``, and makes the folder. It counts files
        by the letters behind the last slash, so there must be some, and no more than the name's.
    output : Path
    """
    return folder_paths.get_save_image_path(prefix, str(output))[:4]


def load_device() -> torch.device:
    """Return the device that the host computes on."""
    return management.get_torch_device()


def offload_device() -> torch.device:
    """Return where the host keeps models that are not in use."""
    return management.unet_offload_device()


def layers():
    """Return the host's layers, which it can move one by one; None, plain ones, on a CPU.

    There nothing is ever moved, and plain layers have faster kernels for it.
    """
    return None if load_device().type == "cpu" else comfy.ops.disable_weight_init


def choose_dtype(precision: str, num_parameters: int) -> torch.dtype:
    """Return the precision of a network's weights and of its computation.

    Parameters
    ----------
    precision : {"auto", "fp32", "fp16", "bf16"}
        "auto" leaves it to the host, between fp32 and fp16.
    num_parameters : int
    """
    if precision != "auto":
        return PRECISIONS[precision]
    device, supported = load_device(), [torch.float16, torch.float32]
    options = {"device": device, "supported_dtypes": supported}
    weights = management.unet_dtype(model_params=num_parameters, **options)
    computing = management.unet_manual_cast(weights, device, supported)
    chosen = computing or weights
    return chosen if chosen in supported else torch.float32  # it may ask for 8 bits


def managed(network: nn.Module):
    """Put a network, which lies on the offload device, under the host's memory management.

    Returns
    -------
    ModelPatcher
        Only this may move the network.
    """
    # Newer hosts replace the class when they start, so it is looked up now.
    patchers = comfy.model_patcher
    patcher = getattr(patchers, "CoreModelPatcher", patchers.ModelPatcher)
    return patcher(network, load_device=load_device(), offload_device=offload_device())


def bring_to_device(patchers: Sequence, activations: float) -> None:
    """Load networks together, and make room for what they compute.

    Parameters
    ----------
    patchers : sequence of ModelPatcher
    activations : float
        Bytes that one call takes beside the weights.
    """
    if patchers:
        management.load_models_gpu(list(patchers), memory_required=activations)


def weight_bytes(patchers: Iterable) -> int:
    """Return the memory that networks take."""
    return sum(patcher.model_size() for patcher in patchers)


def free_memory() -> None:
    """Give back what torch holds unused, after memory ran out."""
    management.soft_empty_cache()


@contextmanager
def memory_errors_shown() -> Iterator[None]:
    """Let the host see that memory ran out: it then unloads all models, and says so."""
    try:
        yield
    except MoDAError as error:
        if isinstance(error.__cause__, management.OOM_EXCEPTION):
            raise error.__cause__ from None
        raise


class Progress:
    """Shows how far the running node is; every call also lets Cancel stop it."""

    def __init__(self):
        self._bar, self._shown_at, self._preview_at = None, 0.0, 0.0

    def __call__(self, done: int, total: int, picture: Callable[[], Tensor] | None = None) -> None:
        """Show progress.

        Parameters
        ----------
        done, total : int
        picture : callable () -> Tensor, shape (H, W, 3), uint8, optional
            Makes a preview; called at most four times a second.

        Raises
        ------
        InterruptProcessingException
            If the user has pressed Cancel.
        """
        management.throw_exception_if_processing_interrupted()
        now = time.monotonic()
        preview = None
        if picture is not None and now - self._preview_at >= PREVIEW_INTERVAL_S:
            self._preview_at = now
            preview = ("JPEG", Image.fromarray(picture().cpu().numpy()), args.preview_size)
        if preview is None and done < total and now - self._shown_at < PROGRESS_INTERVAL_S:
            return
        self._bar = self._bar or comfy.utils.ProgressBar(total)
        self._shown_at = now
        self._bar.update_absolute(done, total, preview)


def solver_of(sampler) -> Solve:
    """Let one of the host's samplers solve the flow.

    Parameters
    ----------
    sampler : comfy.samplers.Sampler
        What a SAMPLER link carries.

    Returns
    -------
    callable
        See `SamplingOptions.solve`. What a sampler draws depends on the noise that it begins
        with, so that the same seed gives the same motion.
    """

    def solve(velocity, noise: Tensor, sigmas: Tensor, on_step: Callable[[], None]) -> Tensor:
        extra = {"model_options": {}, "seed": zlib.crc32(noise.cpu().numpy().tobytes())}
        model = _GuidedFlow(FlowDenoiser(velocity))
        sigmas, clean = sigmas.to(noise), torch.zeros_like(noise)
        steps = itertools.count(1)

        def on_host_step(*_) -> None:
            if next(steps) < len(sigmas):
                on_step()
            else:  # some take more steps than they were asked for
                management.throw_exception_if_processing_interrupted()

        try:
            motion = sampler.sample(model, sigmas, extra, on_host_step, noise, clean, None, True)
        except SAMPLER_ERRORS as error:
            raise ValueError(
                f"The linked sampler can't be used here ({type(error).__name__}: {error}). Choose "
                "another one, or more steps."
            ) from error
        for _ in range(next(steps), len(sigmas)):  # and some fewer
            on_step()
        return motion

    return solve


class _FlowSigmas(comfy.model_sampling.ModelSamplingDiscreteFlow, comfy.model_sampling.CONST):
    """What samplers ask about noise: a flow, from 1 to 0."""


class _GuidedFlow:
    """A denoiser with what the host's samplers look for in their model."""

    def __init__(self, denoise: FlowDenoiser):
        self.denoise = denoise
        self.inner_model = SimpleNamespace(model_sampling=_FlowSigmas())
        self.model_patcher = SimpleNamespace(
            get_model_object=lambda name: getattr(self.inner_model, name)
        )

    def __call__(self, x: Tensor, sigma: Tensor, model_options=None, seed=None) -> Tensor:
        if (model_options or {}).get("sampler_post_cfg_function"):
            raise ValueError("it asks for a prediction without guidance, as those of CFG++ do")
        return self.denoise(x, sigma)
