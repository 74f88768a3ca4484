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
from . import _host, inputs, menus
from .types import (
    AudioEncoderType,
    LoadedEncoder,
    LoadedModel,
    LoadedRenderer,
    ModelType,
    RendererType,
)

# Numbers of weights, by which the host chooses a precision.
ENCODER_SIZE, MODEL_SIZE, RENDERER_SIZE = 95_000_000, 373_000_000, 130_000_000


class MoDALoadAudioEncoder(io.ComfyNode):
    """Loads an audio encoder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Loads the audio encoder. Use the one that the motion model was trained "
            "with: the built-in encoder for the starter, chinese-hubert-base for the released "
            "MoDA.",
            search_aliases=["hubert", "wav2vec", "speech encoder", "talking head"],
            inputs=[
                io.Combo.Input(
                    "encoder",
                    options=menus.options(menus.ENCODERS),
                    tooltip="The built-in encoder needs no file. The others are HuBERT or wav2vec "
                    "2.0 base encoders, as safetensors files or transformers folders in "
                    "models/audio_encoders and models/moda.",
                ),
                inputs.precision(),
            ],
            outputs=[
                AudioEncoderType.Output(
                    display_name="audio_encoder", tooltip="Audio encoder for MoDA Encode Audio."
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, encoder=menus.BUILT_IN) -> bool | str:
        return menus.check_choice(encoder, menus.ENCODERS)

    @classmethod
    def fingerprint_inputs(cls, encoder=menus.BUILT_IN, precision="auto") -> str:
        return menus.fingerprint(encoder, menus.ENCODERS)

    @classmethod
    def execute(cls, encoder=menus.BUILT_IN, precision="auto") -> io.NodeOutput:
        return io.NodeOutput(load_encoder(encoder, precision))


def load_encoder(choice: str, precision: str) -> LoadedEncoder:
    """Load the audio encoder of a menu's choice."""
    if menus.is_built_in(choice):
        return LoadedEncoder(STARTER_ENCODER, encode_with_starter)
    path = menus.unchanged(choice, menus.ENCODERS)
    dtype = _host.choose_dtype(precision, ENCODER_SIZE)
    encoder = load_audio_encoder(path, _host.offload_device(), dtype, encoder_name(choice))
    return LoadedEncoder(
        encoder.name, partial(encode_with_network, encoder), (_host.managed(encoder),)
    )


def encode_with_starter(recording, progress):
    return encode_speech(recording)  # takes no time that needs to be shown


def encode_with_network(encoder, recording, progress):
    return encode_recording(encoder, recording, progress=progress)


class MoDALoadMotionModel(io.ComfyNode):
    """Loads a motion model."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Loads the diffusion transformer that generates motion from audio "
            "features. The starter is built in; the released MoDA (net-200) belongs in "
            "models/moda.",
            search_aliases=["moda", "net-200", "mmdit", "talking head", "lip sync"],
            inputs=[
                io.Combo.Input(
                    "model",
                    options=menus.options(menus.MODELS),
                    tooltip="The starter is small, fast and a preview, and accepts any portrait. "
                    "The released MoDA gives the final quality and accepts only portraits of the "
                    "LivePortrait renderer.",
                ),
                inputs.precision(),
            ],
            outputs=[
                ModelType.Output(
                    display_name="model", tooltip="Motion model for MoDA Sample Motion."
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, model=menus.BUILT_IN) -> bool | str:
        return menus.check_choice(model, menus.MODELS)

    @classmethod
    def fingerprint_inputs(cls, model=menus.BUILT_IN, precision="auto") -> str:
        return menus.fingerprint(model, menus.MODELS)

    @classmethod
    def execute(cls, model=menus.BUILT_IN, precision="auto") -> io.NodeOutput:
        return io.NodeOutput(load_model(model, precision))


def load_model(choice: str, precision: str) -> LoadedModel:
    """Load the motion model of a menu's choice."""
    place = _host.offload_device()
    if menus.is_built_in(choice):
        model = load_starter_model(place, operations=_host.layers())
    else:
        path = menus.unchanged(choice, menus.MODELS)
        dtype = _host.choose_dtype(precision, MODEL_SIZE)
        model = load_released_model(path, place, dtype, _host.layers())
    # Motion is sampled on the device of this tensor.
    model = replace(model, null_audio=model.null_audio.to(_host.load_device()))
    return LoadedModel(model, (_host.managed(model.network),))


class MoDALoadRenderer(io.ComfyNode):
    """Loads a renderer."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Loads the renderer that animates the portrait. The built-in one warps the "
            "picture and needs no file; LivePortrait generates the face with networks, whose files "
            "belong in models/liveportrait or models/moda.",
            search_aliases=["liveportrait", "portrait animation", "talking head"],
            inputs=[
                io.Combo.Input(
                    "renderer",
                    options=menus.options(menus.RENDERERS),
                    tooltip="The built-in renderer, or a folder that holds all five LivePortrait "
                    "files. A portrait works only with the renderer that made it.",
                ),
                inputs.precision(),
            ],
            outputs=[
                RendererType.Output(
                    display_name="renderer",
                    tooltip="Renderer for MoDA Extract Identity and the render nodes.",
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, renderer=menus.BUILT_IN) -> bool | str:
        return menus.check_choice(renderer, menus.RENDERERS)

    @classmethod
    def fingerprint_inputs(cls, renderer=menus.BUILT_IN, precision="auto") -> str:
        return menus.fingerprint(renderer, menus.RENDERERS)

    @classmethod
    def execute(cls, renderer=menus.BUILT_IN, precision="auto") -> io.NodeOutput:
        return io.NodeOutput(load_chosen_renderer(renderer, precision))


def load_chosen_renderer(choice: str, precision: str) -> LoadedRenderer:
    """Load the renderer of a menu's choice."""
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
    return LoadedRenderer(renderer, tuple(map(_host.managed, networks)))
