"""The starter's graph as a prompt, and its values without one."""

from dataclasses import dataclass
from functools import cache

BUILT_IN = "starter (built in)"
SECONDS = 0.4  # of speech, ten frames
POINTS = "261,201 351,199 268,293 346,292"  # of the example, so that nothing is searched for


def node(class_type: str, **inputs) -> dict:
    """Return a node of a prompt."""
    return {"class_type": class_type, "inputs": inputs}


def starter_prompt(**changes: dict) -> dict:
    """Return the starter's quick start, from the example to the saved video.

    Parameters
    ----------
    **changes
        Inputs to add or to change, by the node's id.
    """
    prompt = {
        "example": node("MoDAExample"),
        "encoder": node("MoDALoadAudioEncoder", encoder=BUILT_IN, precision="auto"),
        "model": node("MoDALoadMotionModel", model=BUILT_IN, precision="auto"),
        "renderer": node("MoDALoadRenderer", renderer=BUILT_IN, precision="auto"),
        "audio": node(
            "MoDAEncodeAudio",
            audio_encoder=["encoder", 0],
            audio=["example", 1],
            start=1.0,
            duration=SECONDS,
            normalize_loudness=False,
        ),
        "portrait": node(
            "MoDAExtractIdentity",
            renderer=["renderer", 0],
            image=["example", 0],
            face_index=0,
            face_order="largest",
            crop_scale=2.3,
            points=POINTS,
            box="",
        ),
        "motion": node(
            "MoDASampleMotion",
            model=["model", 0],
            audio_features=["audio", 0],
            portrait=["portrait", 0],
            steps=2,
            guidance=1.2,
            seed=42,
        ),
        "video": node(
            "MoDARenderVideo",
            renderer=["renderer", 0],
            portrait=["portrait", 0],
            motion=["motion", 0],
            audio=["audio", 1],
            fps=25.0,
            quality="standard",
        ),
        "save": node(
            "SaveVideo",
            video=["video", 0],
            filename_prefix="video/MoDA",
            format="auto",
            codec="auto",
        ),
    }
    for node_id, inputs in changes.items():
        prompt[node_id]["inputs"].update(inputs)
    return prompt


@dataclass(frozen=True)
class Parts:
    """What the starter's nodes gave for the example."""

    image: object
    audio: dict
    encoder: object
    model: object
    renderer: object
    features: object
    speech: dict
    portrait: object
    motion: object


@cache
def starter_parts(host) -> Parts:
    """Return the values of the starter's graph, made by calling its nodes once."""
    image, audio = host.call("MoDAExample")
    (encoder,) = host.call("MoDALoadAudioEncoder")
    (model,) = host.call("MoDALoadMotionModel")
    (renderer,) = host.call("MoDALoadRenderer")
    features, speech = host.call(
        "MoDAEncodeAudio", audio_encoder=encoder, audio=audio, start=1.0, duration=SECONDS
    )
    portrait, *_ = host.call("MoDAExtractIdentity", renderer=renderer, image=image, points=POINTS)
    (motion,) = host.call(
        "MoDASampleMotion", model=model, audio_features=features, portrait=portrait, steps=2
    )
    return Parts(image, audio, encoder, model, renderer, features, speech, portrait, motion)
