"""Nodes that load an audio encoder, a motion model and a renderer."""

from dataclasses import replace
from functools import partial

from comfy_api.latest import io

from ..moda_core.audio.encoder_file import encoder_name
from ..moda_core.audio.encoder_folder import load_audio_encoder
from ..moda_core.audio.recording import encode_recording
from ..moda_core.bundles.released import load_released_model
from ..moda_core.bundles.starter import STARTER_ENCODER, encode_speech, load_starter_model
from ..moda_core.liveportrait.load import load_renderer
from ..moda_core.model_files.model_folder import RENDERER_PARTS, find_model_files
from ..moda_core.warp.warp_renderer import WarpRenderer
from . import _host, menus
from .types import (
    AudioEncoderType,
    LoadedEncoder,
    LoadedModel,
    LoadedRenderer,
    ModelType,
    RendererType,
)

# Millions of weights, by which the host decides on a precision.
ENCODER_SIZE, MODEL_SIZE, RENDERER_SIZE = 95_000_000, 373_000_000, 130_000_000


def precision_input() -> io.Combo.Input:
    """Return the widget that all loaders have."""
    return io.Combo.Input(
        "precision",
        options=["auto", "fp32", "fp16", "bf16"],
        default="auto",
        tooltip="Of the weights and of the computation. 'auto' leaves it to ComfyUI; fp16 halves "
        "the memory at almost the same result, bf16 is coarser. The built-in parts stay in fp32.",
        extra_dict={"advanced": True},
    )


class MoDALoadAudioEncoder(io.ComfyNode):
    """Loads what turns speech into features."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDALoadAudioEncoder",
            display_name="MoDA Load Audio Encoder",
            category="MoDA",
            description="Loads the network that listens to the speech. A motion model takes only "
            "features of the encoder that it was trained on: the starter's of the built-in one, "
            "the released MoDA's of chinese-hubert-base.",
            search_aliases=["hubert", "wav2vec", "speech encoder", "talking head"],
            inputs=[
                io.Combo.Input(
                    "encoder",
                    options=menus.options(menus.ENCODERS),
                    tooltip="The built-in encoder needs no file. Others are transformers folders, "
                    "or single safetensors files, of HuBERT or wav2vec 2.0 base, found in "
                    "models/audio_encoders and models/moda.",
                ),
                precision_input(),
            ],
            outputs=[
                AudioEncoderType.Output(
                    display_name="audio_encoder", tooltip="For MoDA Encode Audio."
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, encoder=menus.BUILT_IN) -> bool | str:
        """Check the choice; either slash is right."""
        return menus.check_choice(encoder, menus.ENCODERS)

    @classmethod
    def fingerprint_inputs(cls, encoder=menus.BUILT_IN, precision="auto") -> str:
        """Return what changes with the files."""
        return menus.fingerprint(encoder, menus.ENCODERS)

    @classmethod
    def execute(cls, encoder=menus.BUILT_IN, precision="auto") -> io.NodeOutput:
        """Load the encoder."""
        return io.NodeOutput(load_encoder(encoder, precision))


def load_encoder(choice: str, precision: str) -> LoadedEncoder:
    """Load an audio encoder.

    Parameters
    ----------
    choice, precision : str
        As in the node's widgets.
    """
    if menus.is_built_in(choice):
        return LoadedEncoder(STARTER_ENCODER, encode_with_starter)
    path = menus.unchanged(choice, menus.ENCODERS)
    dtype = _host.choose_dtype(precision, ENCODER_SIZE)
    encoder = load_audio_encoder(path, _host.offload_device(), dtype, encoder_name(choice))
    return LoadedEncoder(
        encoder.name, partial(encode_with_network, encoder), (_host.managed(encoder),)
    )


def encode_with_starter(recording, progress):
    """Compute the built-in encoder's features of a recording, which takes no time."""
    return encode_speech(recording)


def encode_with_network(encoder, recording, progress):
    """Compute a network's features of a recording."""
    return encode_recording(encoder, recording, progress=progress)


class MoDALoadMotionModel(io.ComfyNode):
    """Loads what turns features into motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDALoadMotionModel",
            display_name="MoDA Load Motion Model",
            category="MoDA",
            description="Loads the diffusion transformer that makes facial motion of speech. The "
            "starter comes with the pack; the released MoDA (net-200) goes into models/moda.",
            search_aliases=["moda", "net-200", "mmdit", "talking head", "lip sync"],
            inputs=[
                io.Combo.Input(
                    "model",
                    options=menus.options(menus.MODELS),
                    tooltip="The starter is small and quick and takes any portrait. The released "
                    "MoDA gives the result, and takes portraits of the LivePortrait renderer.",
                ),
                precision_input(),
            ],
            outputs=[ModelType.Output(display_name="model", tooltip="For MoDA Sample Motion.")],
        )

    @classmethod
    def validate_inputs(cls, model=menus.BUILT_IN) -> bool | str:
        """Check the choice; either slash is right."""
        return menus.check_choice(model, menus.MODELS)

    @classmethod
    def fingerprint_inputs(cls, model=menus.BUILT_IN, precision="auto") -> str:
        """Return what changes with the file."""
        return menus.fingerprint(model, menus.MODELS)

    @classmethod
    def execute(cls, model=menus.BUILT_IN, precision="auto") -> io.NodeOutput:
        """Load the model."""
        return io.NodeOutput(load_model(model, precision))


def load_model(choice: str, precision: str) -> LoadedModel:
    """Load a motion model.

    Parameters
    ----------
    choice, precision : str
        As in the node's widgets.
    """
    place = _host.offload_device()
    if menus.is_built_in(choice):
        model = load_starter_model(place, operations=_host.layers())
    else:
        path = menus.unchanged(choice, menus.MODELS)
        dtype = _host.choose_dtype(precision, MODEL_SIZE)
        model = load_released_model(path, place, dtype, _host.layers())
    # Where this lies is where motion is sampled.
    model = replace(model, null_audio=model.null_audio.to(_host.load_device()))
    return LoadedModel(model, (_host.managed(model.network),))


class MoDALoadRenderer(io.ComfyNode):
    """Loads what turns motion into frames."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Return the node's schema."""
        return _host.schema(
            node_id="MoDALoadRenderer",
            display_name="MoDA Load Renderer",
            category="MoDA",
            description="Loads what moves the portrait. The built-in one warps the picture and "
            "needs no file; LivePortrait's networks draw the face anew, and go into "
            "models/liveportrait or models/moda.",
            search_aliases=["liveportrait", "portrait animation", "talking head"],
            inputs=[
                io.Combo.Input(
                    "renderer",
                    options=menus.options(menus.RENDERERS),
                    tooltip="A folder is listed if it holds all five LivePortrait files. Portraits "
                    "belong to the renderer that made them.",
                ),
                precision_input(),
            ],
            outputs=[
                RendererType.Output(
                    display_name="renderer",
                    tooltip="For MoDA Extract Identity and the render nodes.",
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, renderer=menus.BUILT_IN) -> bool | str:
        """Check the choice; either slash is right."""
        return menus.check_choice(renderer, menus.RENDERERS)

    @classmethod
    def fingerprint_inputs(cls, renderer=menus.BUILT_IN, precision="auto") -> str:
        """Return what changes with the files."""
        return menus.fingerprint(renderer, menus.RENDERERS)

    @classmethod
    def execute(cls, renderer=menus.BUILT_IN, precision="auto") -> io.NodeOutput:
        """Load the renderer."""
        return io.NodeOutput(load_chosen_renderer(renderer, precision))


def load_chosen_renderer(choice: str, precision: str) -> LoadedRenderer:
    """Load a renderer.

    Parameters
    ----------
    choice, precision : str
        As in the node's widgets.
    """
    if menus.is_built_in(choice):
        return LoadedRenderer(WarpRenderer(_host.load_device(), free_memory=_host.free_memory))
    folder = menus.unchanged(choice, menus.RENDERERS)
    files = find_model_files(folder, RENDERER_PARTS)
    dtype = _host.choose_dtype(precision, RENDERER_SIZE)
    renderer = load_renderer(
        files,
        _host.offload_device(),
        dtype,
        _host.layers(),
        compute_device=_host.load_device(),
        free_memory=_host.free_memory,
    )
    networks = vars(renderer.networks).values()
    return LoadedRenderer(renderer, tuple(map(_host.managed, networks)), files.yunet)
