"""The network for one clip, with all that its windows and steps share."""

import torch
from torch import Tensor

from ..mmdit.model import MotionMMDiT
from ..mmdit.rope import rope_tables
from .conditions import Conditions
from .flow import NUM_TRAIN_STEPS
from .guidance import label_table
from .options import SamplingOptions
from .schedule import Schedule
from .window_plan import WINDOW

SIGMA_TOLERANCE = 1e-4  # levels are float32, and users write 0.8
STORED_SIGMAS = 3  # times the steps of a schedule; adaptive solvers ask for ever new noise levels


class VelocityField:
    """Holds what the windows and the steps of one clip share.

    Parameters
    ----------
    null_audio : Tensor, shape (channels,)
        Stands for "no audio", in every frame and layer (spec D.4). Its device and dtype are those
        of the run.
    conditions : Conditions
        Of these the identity and the emotion.
    schedule : Schedule
        Noise levels that will be asked for; others cost more.
    threads : int
        Network calls that run at the same time where there are several; for a CPU whose operators
        run in one thread.
    """

    def __init__(
        self,
        network: MotionMMDiT,
        null_audio: Tensor,
        conditions: Conditions,
        options: SamplingOptions,
        schedule: Schedule,
        threads: int = 1,
    ):
        self.network, self.curve, self.options = network, conditions.emotion, options
        self.threads = threads
        self.factory = {"device": null_audio.device, "dtype": null_audio.dtype}
        self.rope = rope_tables(WINDOW, network.config.head_dim, self.factory["device"])
        # Of each head's attention map, what a perturbed row replaces: (blocks, H), or None.
        self.head_shares = None
        if options.perturbed:
            self.head_shares = options.perturbation.shares(network.config).to(**self.factory)
        self.labels = label_table(self.curve, options).to(**self.factory)  # (R, 9)
        self.null_token = network.audio_embedder(self._null_frame(null_audio))  # (1, 1, D)
        identities = (
            conditions.identity.reshape(1, -1).expand(len(self.labels), -1).to(**self.factory)
        )
        tokens = network.condition_tokens(self.null_token, identities, self.labels)
        self.emotion_tokens, self.identity_tokens = tokens[1:]  # (R, 1, D)
        self.modulations = self._modulations(schedule)
        self.max_stored = STORED_SIGMAS * len(schedule)

    def embed(self, audio: Tensor) -> Tensor:
        """Return the tokens of windows: (B, L, context, layers, channels) to (B, L, D)."""
        return self.network.audio_embedder(audio.to(**self.factory))

    def rope_of(self, num_frames: int) -> tuple[Tensor, Tensor]:
        """Return the rotary tables of a window of up to 80 frames."""
        cos, sin = self.rope
        return cos[:num_frames], sin[:num_frames]

    def guided_at(self, sigma: float) -> bool:
        """Return whether guidance acts at a noise level."""
        return within(self.options.guidance_interval, sigma)

    def perturbed_at(self, sigma: float) -> bool:
        """Return whether attention-perturbation guidance acts at a noise level."""
        return self.options.perturbed and within(self.options.perturbation.interval, sigma)

    def modulations_at(self, sigma: float) -> list[Tensor]:
        """Return the AdaLN parameters of a noise level for every label, shape (R, k * D)."""
        stored = self.modulations.get(sigma)
        if stored is None:
            timestep = torch.full((len(self.labels),), NUM_TRAIN_STEPS * sigma)
            stored = self.network.modulations(timestep.to(self.labels.device), self.labels)
            if len(self.modulations) < self.max_stored:
                self.modulations[sigma] = stored
        return stored

    def _null_frame(self, null_audio: Tensor) -> Tensor:
        config = self.network.config
        frame = null_audio.reshape(1, 1, 1, 1, -1).to(**self.factory)
        return frame.expand(-1, -1, config.audio_context, config.audio_layers, -1)

    def _modulations(self, schedule: Schedule) -> dict[float, list[Tensor]]:
        num_steps, num_labels = len(schedule), len(self.labels)
        timesteps = schedule.timestep.to(self.labels.device).repeat_interleave(num_labels)
        tables = self.network.modulations(timesteps, self.labels.repeat(num_steps, 1))
        by_step = [table.unflatten(0, (num_steps, num_labels)).unbind(0) for table in tables]
        steps = [list(step) for step in zip(*by_step, strict=True)]
        return dict(zip(schedule.sigma.tolist(), steps, strict=True))


def within(interval: tuple[float, float] | None, sigma: float) -> bool:
    """Return whether a noise level lies in an interval, ends included; None is all."""
    low, high = interval or (0.0, 1.0)
    return low - SIGMA_TOLERANCE <= sigma <= high + SIGMA_TOLERANCE
