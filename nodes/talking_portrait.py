"""The node for all steps from picture and audio to video."""

from comfy_api.latest import io

from ..moda_core.emotion.labels import EMOTIONS
from ..moda_core.model_files.catalog import RENDERER_GROUP
from ..moda_core.model_files.model_folder import ENCODER, NAMES, released_motion_models
from . import _host, inputs, menus


class MoDATalkingPortrait(io.ComfyNode):
    """Animates a portrait with speech."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Animates a portrait with speech: from a picture and audio to a video. The "
            "other MoDA nodes do the same in single steps.",
            search_aliases=["talking head", "lip sync", "portrait animation", "audio driven"],
            enable_expand=True,
            hidden=[io.Hidden.unique_id],
            inputs=[
                io.Image.Input("image", raw_link=True, tooltip="One picture with a face."),
                io.Audio.Input("audio", raw_link=True, tooltip="Speech."),
                inputs.bundle(),
                inputs.choice(
                    "emotion",
                    list(EMOTIONS),
                    "Emotion that the face shows. With 'none' the speech alone sets the "
                    "expression.",
                    default="none",
                ),
                inputs.seed(42, "Random seed. Each value gives a different take of the speech."),
                inputs.channel(
                    "Channel of a stereo recording to listen to: 'mix' for both, 'left' or 'right' "
                    "where each voice has a side. The video keeps all channels."
                ),
            ],
            outputs=[
                io.Video.Output(display_name="video", tooltip="H.264 video with the audio."),
                inputs.motion_output("The motion, for any portrait and renderer."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, bundle: str = menus.BUILT_IN, **inputs) -> str:
        return parts_fingerprint(bundle)

    @classmethod
    def execute(
        cls,
        image,
        audio,
        bundle: str = menus.BUILT_IN,
        emotion: str = "none",
        seed: int = 42,
        channel: str = "mix",
    ) -> io.NodeOutput:
        """Expand to the other nodes, so that each of them is cached separately."""
        parts, graph = menu_names(bundle), _host.graph_of(cls.hidden.unique_id)
        links = add_steps(graph, parts, image, audio, emotion, seed, channel)
        return io.NodeOutput(*links, expand=graph.finalize())


def add_steps(
    graph,
    parts: tuple[str, str, str],
    image: list,
    audio: list,
    emotion: str,
    seed: int,
    channel: str,
):
    """Add the nodes of all steps; return links to the video and the motion.

    `parts` are the menu names of encoder, model and renderer; `image` and `audio` are links.
    """
    renderer = add_node(graph, "MoDALoadRenderer", renderer=parts[2], precision="auto")
    portrait = add_node(graph, "MoDAExtractIdentity", renderer=renderer(0), image=image)
    return add_speech(graph, parts, renderer, portrait, audio, emotion, seed, channel)


def add_node(graph, node: str, **inputs):
    """Add a node; returns a function from the number of an output to a link."""
    return graph.node(node, node, **inputs).out  # its class is its id: there is one of each


def add_speech(
    graph,
    parts: tuple[str, str, str],
    renderer,
    portrait,
    audio: list,
    emotion: str,
    seed: int,
    channel: str,
):
    """Add the nodes that let a portrait speak; return links to the video and the motion.

    `renderer` and `portrait` are nodes of `add_node`; the rest is as in `add_steps`.
    """
    encoder = add_node(graph, "MoDALoadAudioEncoder", encoder=parts[0], precision="auto")
    model = add_node(graph, "MoDALoadMotionModel", model=parts[1], precision="auto")
    features = add_node(
        graph, "MoDAEncodeAudio", audio_encoder=encoder(0), audio=audio, channel=channel
    )
    shown = add_node(graph, "MoDAEmotion", label=emotion, intensity=1.0)
    motion = add_node(
        graph,
        "MoDASampleMotion",
        model=model(0),
        audio_features=features(0),
        portrait=portrait(0),
        emotion=shown(0),
        seed=seed,
    )
    video = add_node(
        graph,
        "MoDARenderVideo",
        renderer=renderer(0),
        portrait=portrait(0),
        motion=motion(0),
        audio=features(1),
    )
    return video(0), motion(0)


def menu_names(bundle: str) -> tuple[str, str, str]:
    """Return the menu names of the encoder, the model and the renderer of a bundle."""
    return released_parts() if bundle == menus.RELEASED else (menus.BUILT_IN,) * 3


def parts_fingerprint(bundle: str) -> str:
    """Return a text that changes with the files of a bundle, or what is wrong with them."""
    try:
        return " ".join(released_parts()) if bundle == menus.RELEASED else ""
    except ValueError as error:
        return str(error)


def released_parts() -> tuple[str, str, str]:
    """Return the menu names of the released encoder, model and renderer.

    Raises `ValueError` with the names of all that are missing.
    """
    encoders, models = menus.encoder_places(), menus.model_places()
    found = {
        ENCODER: sorted(name for name in encoders if ENCODER in name.lower()),
        NAMES["motion_model"]: released_motion_models(models),
        RENDERER_GROUP: sorted(menus.renderer_places()),
    }
    missing = [name for name, places in found.items() if not places]
    if missing:
        raise ValueError(
            f"The folders models/moda, models/audio_encoders and models/liveportrait lack "
            f"{' and '.join(missing)}. Download them with the node MoDA Download Models, put them "
            f"there yourself, or choose '{menus.BUILT_IN}'.\n{menus.describe_published(missing)}"
        )
    return tuple(places[0] for places in found.values())
