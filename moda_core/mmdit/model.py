"""The motion transformer: noisy motion and its conditions in, velocity out (spec B)."""

from itertools import repeat

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..emotion.labels import EMOTIONS
from ..motion.motion import MOTION_DIM
from ..runtime.layers import PLAIN, Layers
from .blocks import FinalLayer, JointBlock, SingleStreamBlock
from .config import MMDiTConfig
from .embedders import TIMESTEP_DIM, AudioEmbedder, MLPEmbedder, timestep_features
from .hearing import HearingEmbedder, HearingHead
from .rope import rope_tables

IDENTITY_DIM = 63

# Stage one leaves the emotion and identity tokens unrotated, stage two rotates all (spec B.2).
FOUR_STREAM_ROTATED = (True, True, False, False)
DOUBLE_STREAM_ROTATED = (True, True)


def _audio_embedder(config: MMDiTConfig, layers: Layers) -> nn.Module:
    if config.hearing_width:
        shape = (config.audio_layers, config.audio_width, config.hearing_width)
        return HearingEmbedder(*shape, config.width, layers)
    audio_dim = config.audio_context * config.audio_layers * config.audio_width
    return AudioEmbedder(audio_dim, config.width, layers)


class MotionMMDiT(nn.Module):
    """Multi-modal diffusion transformer that predicts the velocity of rectified flow.

    Parameters
    ----------
    config : MMDiTConfig
    layers : Layers
        Makes `Linear` and `RMSNorm`.
    """

    def __init__(self, config: MMDiTConfig, layers: Layers = PLAIN):
        super().__init__()
        self.config = config
        self.motion_embedder = MLPEmbedder(2 * MOTION_DIM, config.width, layers)
        self.audio_embedder = _audio_embedder(config, layers)
        self.identity_embedder = MLPEmbedder(IDENTITY_DIM, config.width, layers)
        self.time_embedder = MLPEmbedder(TIMESTEP_DIM, config.width, layers)
        self.emotion_embedder = layers.Linear(len(EMOTIONS), config.width, bias=False)
        self.four_stream_blocks = nn.ModuleList(
            JointBlock(config, FOUR_STREAM_ROTATED, layers) for _ in range(config.num_four_stream)
        )
        self.double_stream_blocks = nn.ModuleList(
            JointBlock(config, DOUBLE_STREAM_ROTATED, layers)
            for _ in range(config.num_double_stream)
        )
        self.single_stream_blocks = nn.ModuleList(
            SingleStreamBlock(config, layers) for _ in range(config.num_single_stream)
        )
        self.final_layer = FinalLayer(config, MOTION_DIM, layers)
        self.hearing_head = HearingHead(config.width, layers) if config.hearing_width else None

    def forward(
        self,
        motion: Tensor,
        timesteps: Tensor,
        audio: Tensor,
        identity: Tensor,
        emotion: Tensor,
        perturbation: Tensor | None = None,
    ) -> Tensor:
        """Predict the velocity of one batch, with nothing computed beforehand.

        Parameters
        ----------
        motion : Tensor, shape (B, L, 140)
            The motion before the window, repeated, beside the noisy motion; normalised.
        timesteps : Tensor, shape (B,), in [0, 1000]
        audio : Tensor, shape (B, L, context, layers, channels)
        identity : Tensor, shape (B, 63)
            Canonical keypoints of the face.
        emotion : Tensor, shape (B, 9)
            Weights over `EMOTIONS`.
        perturbation : Tensor, shape (blocks, B, H), optional
            See `velocity`.

        Returns
        -------
        Tensor, shape (B, L, 70)
            Velocity, ``noise - clean``.

        Raises
        ------
        ValueError
            If a shape does not fit.
        """
        self._check_shapes(motion, audio, identity, emotion)
        conditions = self.condition_tokens(self.audio_embedder(audio), identity, emotion)
        modulations = self.modulations(timesteps, emotion)
        return self.velocity(motion, conditions, modulations, perturbation=perturbation)

    def condition_tokens(self, audio: Tensor, identity: Tensor, emotion: Tensor) -> list[Tensor]:
        """Return the tokens of the three conditions, which all steps of a window share.

        Parameters
        ----------
        audio : Tensor, shape (B, L, D)
            Tokens from `audio_embedder`.
        identity : Tensor, shape (B, 63)
            Canonical keypoints of the face.
        emotion : Tensor, shape (B, 9)
            Weights over `EMOTIONS`.

        Returns
        -------
        list of Tensor
            Audio, shape (B, L, D); emotion and identity, shape (B, 1, D), one token that stands
            for L equal ones.
        """
        rows = (self.emotion_embedder(emotion), self.identity_embedder(identity))
        return [audio, *(row[:, None] for row in rows)]

    def modulations(self, timesteps: Tensor, emotion: Tensor) -> list[Tensor]:
        """Return the AdaLN parameters of every block, which all windows of a run share.

        Parameters
        ----------
        timesteps : Tensor, shape (R,), in [0, 1000]
            One for each row.
        emotion : Tensor, shape (R, 9)
            Weights over `EMOTIONS`.

        Returns
        -------
        list of Tensor, shape (R, k * D)
            In the order of the blocks, the final layer last.
        """
        features = timestep_features(timesteps).to(emotion.dtype)
        condition = self.time_embedder(features) + self.emotion_embedder(emotion)  # (R, D)
        condition = F.silu(condition)
        return [layer.modulation(condition) for layer in self._modulated_layers()]

    def velocity(
        self,
        motion: Tensor,
        conditions: list[Tensor],
        modulations: list[Tensor],
        rope: tuple[Tensor, Tensor] | None = None,
        perturbation: Tensor | None = None,
    ) -> Tensor:
        """Run the embedder of the motion, the blocks and the head.

        Parameters
        ----------
        motion : Tensor, shape (B, L, 140)
            See `forward`.
        conditions : list of Tensor
            From `condition_tokens`.
        modulations : list of Tensor, shape (B, k * D)
            From `modulations`.
        rope : tuple of Tensor, optional
            `rope_tables` of the window, else made here.
        perturbation : Tensor, shape (blocks, B, H), optional
            In [0, 1], of each block, row and head: how much of the motion tokens' attention map is
            replaced by the identity matrix. Default none.

        Returns
        -------
        Tensor, shape (B, L, 70)
            Velocity, ``noise - clean``.
        """
        num_frames = motion.shape[1]
        rope = rope or rope_tables(num_frames, self.config.head_dim, motion.device)
        modulation = iter(modulations)
        shares = repeat(None) if perturbation is None else iter(perturbation)

        streams = [self.motion_embedder(motion), *conditions]  # 2 x (B, L, D), 2 x (B, 1, D)
        for block in self.four_stream_blocks:
            streams = block(streams, next(modulation), rope, next(shares))

        streams = [stream.expand(-1, num_frames, -1) for stream in streams]
        streams = [streams[0], torch.cat(streams[1:], dim=1)]  # (B, L, D), (B, 3L, D)
        for block in self.double_stream_blocks:
            streams = block(streams, next(modulation), rope, next(shares))

        x = torch.cat(streams, dim=1)  # (B, 4L, D)
        for block in self.single_stream_blocks:
            # Only the motion tokens of the last block are read.
            last = block is self.single_stream_blocks[-1]
            num_read = num_frames if last else x.shape[1]
            x = block(x, next(modulation), rope, num_read, next(shares))

        return self.final_layer(x, next(modulation))  # (B, L, 70)

    def _modulated_layers(self):
        yield from self.four_stream_blocks
        yield from self.double_stream_blocks
        yield from self.single_stream_blocks
        yield self.final_layer

    def _check_shapes(self, motion, audio, identity, emotion) -> None:
        batch, num_frames = motion.shape[:2]
        config = self.config
        audio_shape = (config.audio_context, config.audio_layers, config.audio_width)
        expected = {
            "motion": (motion, (batch, num_frames, 2 * MOTION_DIM)),
            "audio": (audio, (batch, num_frames, *audio_shape)),
            "identity": (identity, (batch, IDENTITY_DIM)),
            "emotion": (emotion, (batch, len(EMOTIONS))),
        }
        for name, (tensor, shape) in expected.items():
            if tuple(tensor.shape) != shape:
                raise ValueError(
                    f"Expected {name} of shape {shape}, got {tuple(tensor.shape)}. "
                    f"The model takes audio of (context, layers, channels) = {audio_shape}."
                )
