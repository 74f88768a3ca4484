"""Configurations of the networks."""

import json
from dataclasses import dataclass

from ..errors import InputFileError
from .hearing import CONTEXT

HEARING_SHAPE = (CONTEXT, 4)  # context and layers that a `HearingEmbedder` takes


@dataclass(frozen=True)
class MMDiTConfig:
    """Shape of a motion transformer; the released one and the starter's are two values of it.

    Parameters
    ----------
    width : int
        Channels D of every token; a multiple of ``2 * num_heads``.
    num_heads : int
        Attention heads; each has ``width / num_heads`` channels.
    num_four_stream, num_double_stream, num_single_stream : int
        Blocks of each of the three fusion stages, coarse to fine.
    audio_layers, audio_width : int
        Layers and channels of the audio features of one frame.
    audio_context : int
        Audio frames that one token sees, centred on its own; odd.
    mlp_ratio : int
        Hidden width of the MLPs over `width`.
    hearing_width : int
        Channels of a `HearingEmbedder`; 0 embeds the audio by an `AudioEmbedder`.

    Raises
    ------
    ValueError
        If a number is not positive, the heads do not divide the width, or the context is even or
        not the `HearingEmbedder`'s.
    """

    width: int
    num_heads: int
    num_four_stream: int
    num_double_stream: int
    num_single_stream: int
    audio_layers: int
    audio_width: int
    audio_context: int = 1
    mlp_ratio: int = 4
    hearing_width: int = 0

    def __post_init__(self):
        for name, value in vars(self).items():
            if not isinstance(value, int) or value < (name != "hearing_width"):
                raise ValueError(f"Expected {name} to be a positive integer, got {value!r}.")
        if self.width % (2 * self.num_heads):
            raise ValueError(
                f"Expected width to be a multiple of 2 x num_heads, got width {self.width} "
                f"and {self.num_heads} heads."
            )
        if self.audio_context % 2 == 0:
            raise ValueError(f"Expected an odd audio_context, got {self.audio_context}.")
        if self.hearing_width and (self.audio_context, self.audio_layers) != HEARING_SHAPE:
            raise ValueError(
                f"Expected audio_context and audio_layers of {HEARING_SHAPE} with a hearing_width, "
                f"got {self.audio_context} and {self.audio_layers}."
            )

    @property
    def head_dim(self) -> int:
        """Channels of one attention head."""
        return self.width // self.num_heads

    @property
    def num_blocks(self) -> int:
        """Blocks of all three stages."""
        return self.num_four_stream + self.num_double_stream + self.num_single_stream

    @property
    def metadata(self) -> dict[str, str]:
        """What `read_config` reads, for the metadata of a weights file."""
        return {"config": json.dumps(vars(self))}


# Spec 0: `TalkingHeadDiT-B`.
RELEASED = MMDiTConfig(
    width=768,
    num_heads=12,
    num_four_stream=3,
    num_double_stream=6,
    num_single_stream=12,
    audio_layers=12,
    audio_width=768,
)

STARTER = MMDiTConfig(
    width=128,
    num_heads=4,
    num_four_stream=1,
    num_double_stream=1,
    num_single_stream=1,
    audio_layers=4,
    audio_width=64,
    audio_context=CONTEXT,
    mlp_ratio=2,
    hearing_width=160,
)


def read_config(metadata: dict[str, str], source: str = "The file") -> MMDiTConfig:
    """Return the configuration that a weights file holds, see `MMDiTConfig.metadata`.

    Parameters
    ----------
    metadata : dict
        Of `read_safetensors`.
    source : str
        File that it came from, for the message.

    Raises
    ------
    InputFileError
        If there is none, or it is no configuration.
    """
    try:
        return MMDiTConfig(**json.loads(metadata["config"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputFileError(
            f"{source} holds no configuration of a motion model ({error!r}). "
            "Use a file made by train-starter."
        ) from error
