"""A motion to edit, that tests of nodes make without a model."""

from dataclasses import replace

import torch

EXPRESSION, HEAD = slice(0, 63), slice(63, 70)
PITCH, YAW, ROLL = 67, 68, 69


def acted_motion(parts, num_frames: int = 100, seed: int = 0):
    """Return a motion in which everything walks about the starter's first frame.

    Parameters
    ----------
    parts : Parts
        Values of the starter's graph.
    num_frames : int
        At 25 frames a second.
    seed : int
    """
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn(num_frames, 70, generator=generator).cumsum(0)
    walk = steps - steps.mean(0)
    scale = torch.full((70,), 0.001)
    scale[PITCH:] = 0.3
    return replace(parts.motion, values=parts.motion.values[:1] + walk * scale)


def changed(motion, other) -> set:
    """Return the dims in which two motions of one length differ."""
    return set((motion.values != other.values).any(0).nonzero().flatten().tolist())
