"""The node for all steps from a video and new speech to a video that says it."""

from comfy_api.latest import io

from ..moda_core.clip.clip_time import AFTER_END
from ..moda_core.emotion.labels import EMOTIONS
from ..moda_core.face.face_text import FACE_ORDERS
from . import _host, inputs, menus
from .talking_portrait import add_node, add_speech, menu_names, parts_fingerprint


class MoDARelipVideo(io.ComfyNode):
    """Lets the face in a video say something else."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _host.schema(
            cls,
            description="Lets the face in a video say something else: the mouth follows the new "
            "speech, everything else stays the video's. MoDA Track Face, MoDA Sample Motion and "
            "MoDA Render Video do the same in single steps.",
            search_aliases=["relip", "dub", "lip sync video", "wav2lip", "latentsync"],
            enable_expand=True,
            hidden=[io.Hidden.unique_id],
            inputs=[
                io.Video.Input(
                    "video", raw_link=True, tooltip="The video, with a face in its first seconds."
                ),
                io.Audio.Input("audio", raw_link=True, tooltip="The new speech."),
                inputs.bundle(),
                inputs.choice(
                    "emotion",
                    list(EMOTIONS),
                    "Emotion of the mouth. With 'none' the speech alone sets it.",
                    default="none",
                ),
                *inputs.face_choice(
                    "Index of the face in the first frame with one, in the order of 'face_order'"
                ),
                inputs.choice(
                    "after_end",
                    list(AFTER_END),
                    "What happens if the speech is longer than the video: 'loop' plays the video "
                    "there and back, 'hold' holds its last frame, 'cut' cuts the speech. After a "
                    "shorter speech the mouth is at rest.",
                ),
                inputs.seed(42, "Random seed. Each value gives a different take of the speech."),
                inputs.channel(
                    "Channel of a stereo recording to listen to: 'mix' for both, 'left' or 'right' "
                    "where each voice has a side. The video keeps all channels."
                ),
            ],
            outputs=[
                io.Video.Output(
                    display_name="video",
                    tooltip="H.264 video with the new speech, of the video's size and frame rate.",
                ),
                inputs.motion_output("The motion of the new speech, for any portrait."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, bundle: str = menus.BUILT_IN, **inputs) -> str:
        return parts_fingerprint(bundle)

    @classmethod
    def execute(
        cls,
        video,
        audio,
        bundle: str = menus.BUILT_IN,
        emotion: str = "none",
        face_index: int = 0,
        face_order: str = FACE_ORDERS[0],
        after_end: str = AFTER_END[0],
        seed: int = 42,
        channel: str = "mix",
    ) -> io.NodeOutput:
        """Expand to the other nodes, so that each of them is cached separately."""
        parts, graph = menu_names(bundle), _host.graph_of(cls.hidden.unique_id)
        renderer = add_node(graph, "MoDALoadRenderer", renderer=parts[2], precision="auto")
        portrait = add_node(
            graph,
            "MoDATrackFace",
            renderer=renderer(0),
            video=video,
            face_index=face_index,
            face_order=face_order,
            after_end=after_end,
        )
        links = add_speech(graph, parts, renderer, portrait, audio, emotion, seed, channel)
        return io.NodeOutput(*links, expand=graph.finalize())
