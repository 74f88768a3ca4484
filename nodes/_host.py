"""Access to ComfyUI's internals: folders, devices, memory, progress, samplers."""

import dataclasses
import itertools
import json
import os
import re
import sys
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
Cancelled = management.InterruptProcessingException
PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def schema(node: type[io.ComfyNode], **fields) -> io.Schema:
    """Return the schema of a node, without fields that an older host does not know.

    Its class `MoDABestOfN` is shown as "MoDA Best Of N".
    """
    known = {name: value for name, value in fields.items() if name in SCHEMA_FIELDS}
    words = re.findall("[A-Z][a-z]*", node.__name__.removeprefix("MoDA"))
    shown = " ".join(["MoDA", *words])
    return io.Schema(node_id=node.__name__, display_name=shown, category="MoDA", **known)


def register_folders() -> None:
    """Register the pack's model folders, after those that the user has added."""
    for name in (MODA, LIVEPORTRAIT):
        folder_paths.add_model_folder_path(name, os.path.join(folder_paths.models_dir, name))
        paths, extensions = folder_paths.folder_names_and_paths[name]
        known = {*extensions, ".safetensors", ".pth", ".pt", ".bin"}
        folder_paths.folder_names_and_paths[name] = (paths, known)


def model_roots(name: str) -> list[Path]:
    """Return the existing folders for a kind of model files."""
    return [Path(path) for path in folder_paths.get_folder_paths(name) if os.path.isdir(path)]


def model_places() -> Places:
    """Return the folders of all model files."""
    return kind_places({kind: folder_paths.get_folder_paths(kind) for kind in KINDS})


def stamps() -> Stamps:
    """Return the list of checked files in the host's user folder."""
    return Stamps(Path(folder_paths.get_user_directory(), "moda", NAME))


def for_page(name: str, value) -> dict[str, list[str]]:
    """Return what a view in the page reads of a node's run, for the `ui` of its result.

    It is text, since hosts count other values among the pictures and files that a run made.
    """
    return {name: [json.dumps(value)]}


def graph_of(node_id: str) -> GraphBuilder:
    """Return an empty graph to expand a node to; its ids depend only on the node's."""
    return GraphBuilder(prefix=f"{node_id}.")


def add_routes(routes: Mapping[tuple[str, str], Callable]) -> None:
    """Add handlers of requests, by method and path; does nothing without a server."""
    # A host that runs one has imported it; importing it alone takes long.
    prompt_server = getattr(sys.modules.get("server"), "PromptServer", None)
    server = getattr(prompt_server, "instance", None)
    for (method, path), handler in routes.items() if server else ():
        server.routes.route(method, path)(handler)


def show_text(node_id: str, text: str) -> None:
    """Show text on a running node; does nothing without a server."""
    from server import PromptServer

    if getattr(PromptServer, "instance", None) is not None:
        PromptServer.instance.send_progress_text(text, node_id)


def send(event: str, data: dict) -> None:
    """Send an event to the page that runs the workflow; does nothing without a server."""
    from server import PromptServer

    server = getattr(PromptServer, "instance", None)
    if server is not None:
        server.send_sync(event, data, server.client_id)


def temporary_path(suffix: str) -> Path:
    """Return a new path in the temporary folder, which the host empties when it starts."""
    folder = Path(folder_paths.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"moda_{uuid.uuid4().hex}{suffix}"


def user_folders() -> tuple[Path, Path]:
    """Return the host's input and output folders."""
    return Path(folder_paths.get_input_directory()), Path(folder_paths.get_output_directory())


def shown_folder(kind: str) -> Path | None:
    """Return the folder whose files the host shows as of a kind; None if there is none."""
    folder = folder_paths.get_directory_by_type(kind)
    return folder and Path(folder)


def numbered_name(prefix: str, output: Path) -> tuple[str, str, int, str]:
    """Return folder, name, next number and subfolder for a file below `output`.

    The host replaces placeholders such as ``%year%`` in `prefix`, and makes the folder. It counts
    files by the part after the last slash, which must not be empty.
    """
    return folder_paths.get_save_image_path(prefix, str(output))[:4]


def load_device() -> torch.device:
    """Return the device for computation."""
    return management.get_torch_device()


def offload_device() -> torch.device:
    """Return the device for models that are not in use."""
    return management.unet_offload_device()


def layers():
    """Return the host's layer classes, which it can offload one by one.

    None on a CPU: nothing is offloaded there, and plain layers have faster kernels.
    """
    return None if load_device().type == "cpu" else comfy.ops.disable_weight_init


def choose_dtype(precision: str, num_parameters: int) -> torch.dtype:
    """Return the dtype for a network's weights and computation; "auto" lets the host choose."""
    if precision != "auto":
        return PRECISIONS[precision]
    device, supported = load_device(), [torch.float16, torch.float32]
    options = {"device": device, "supported_dtypes": supported}
    weights = management.unet_dtype(model_params=num_parameters, **options)
    computing = management.unet_manual_cast(weights, device, supported)
    chosen = computing or weights
    return chosen if chosen in supported else torch.float32  # the host may choose 8 bits


def managed(network: nn.Module):
    """Return the `ModelPatcher` of a network; from then on only it moves the network."""
    # Newer hosts replace the class when they start, so it is looked up now.
    patchers = comfy.model_patcher
    patcher = getattr(patchers, "CoreModelPatcher", patchers.ModelPatcher)
    return patcher(network, load_device=load_device(), offload_device=offload_device())


def bring_to_device(patchers: Sequence, activations: float) -> None:
    """Load networks together, with room for the activations of one call, in bytes."""
    if patchers:
        management.load_models_gpu(list(patchers), memory_required=activations)


def weight_bytes(patchers: Iterable) -> int:
    """Return the bytes of the networks' weights."""
    return sum(patcher.model_size() for patcher in patchers)


def free_memory() -> None:
    """Release the memory that torch caches."""
    management.soft_empty_cache()


@contextmanager
def memory_errors_shown() -> Iterator[None]:
    """Raise the host's own out-of-memory error, at which it unloads all models."""
    try:
        yield
    except MoDAError as error:
        if isinstance(error.__cause__, management.OOM_EXCEPTION):
            raise error.__cause__ from None
        raise


class Progress:
    """Shows the progress of the running node and checks for Cancel."""

    def __init__(self):
        self._bar, self._shown_at, self._preview_at = None, 0.0, 0.0

    def __call__(self, done: int, total: int, picture: Callable[[], Tensor] | None = None) -> None:
        """Show progress; raises `InterruptProcessingException` after Cancel.

        `picture` makes a preview (H, W, 3) in uint8. It is called at most four times a second.
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
    """Return a function for `SamplingOptions.solve` that uses a SAMPLER of the host.

    The sampler's own random numbers depend on the initial noise, so that the same seed gives the
    same motion.
    """

    def solve(velocity, noise: Tensor, sigmas: Tensor, on_step: Callable[[], None]) -> Tensor:
        extra = {"model_options": {}, "seed": zlib.crc32(noise.cpu().numpy().tobytes())}
        model = _GuidedFlow(FlowDenoiser(velocity))
        sigmas, clean = sigmas.to(noise), torch.zeros_like(noise)
        steps = itertools.count(1)

        def on_host_step(*_) -> None:
            if next(steps) < len(sigmas):
                on_step()
            else:  # some samplers take more steps than sigmas ask for
                management.throw_exception_if_processing_interrupted()

        try:
            motion = sampler.sample(model, sigmas, extra, on_host_step, noise, clean, None, True)
        except SAMPLER_ERRORS as error:
            raise ValueError(
                f"The linked sampler can't be used here ({type(error).__name__}: {error}). Choose "
                "another sampler, or more steps."
            ) from error
        for _ in range(next(steps), len(sigmas)):  # and some take fewer
            on_step()
        return motion

    return solve


class _FlowSigmas(comfy.model_sampling.ModelSamplingDiscreteFlow, comfy.model_sampling.CONST):
    """The noise schedule of a rectified flow, from 1 to 0, as samplers query it."""


class _GuidedFlow:
    """A denoiser with the interface that the host's samplers expect of a model."""

    def __init__(self, denoise: FlowDenoiser):
        self.denoise = denoise
        self.inner_model = SimpleNamespace(model_sampling=_FlowSigmas())
        self.model_patcher = SimpleNamespace(
            get_model_object=lambda name: getattr(self.inner_model, name)
        )

    def __call__(self, x: Tensor, sigma: Tensor, model_options=None, seed=None) -> Tensor:
        if (model_options or {}).get("sampler_post_cfg_function"):
            raise ValueError("it needs a prediction without guidance, as CFG++ samplers do")
        return self.denoise(x, sigma)
