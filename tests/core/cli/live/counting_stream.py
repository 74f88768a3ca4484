"""A stand-in for the models of the live page, whose frames cost nothing."""

from types import SimpleNamespace

import numpy as np
import torch

from moda_core.bundles.live.stream import StreamFrame, mono_sound
from moda_core.motion.motion import MOTION_DIM

PLAN = SimpleNamespace(take=2, ahead=3)
FPS = 25


class CountingStream:
    """Behaves as a `PortraitStream`; the grey of its frames is their index."""

    def __init__(self, sample_rate, size=16):
        self.plan, self.num_frames, self.rate, self.size = PLAN, 0, sample_rate, size
        self.frame = sample_rate // FPS
        self.sound, self.emotions, self.portrait = np.zeros(0, np.float32), [], None

    @property
    def num_heard(self):
        return -(-len(self.sound) // self.frame)

    def push(self, sound, sample_rate):
        assert sample_rate == self.rate
        self.sound = np.concatenate([self.sound, mono_sound(sound, sample_rate)])

    def next_frames(self, hurried=False):
        ready = len(self.sound) // self.frame >= PLAN.take + PLAN.ahead
        return self._made() if ready else []

    def next_at_rest(self, hurried=False):
        missing = max(0, PLAN.take * self.frame - len(self.sound))
        self.sound = np.pad(self.sound, (0, missing))
        return self._made()

    def rewind(self, shown):
        assert self.num_frames - 64 <= shown <= self.num_frames
        self.num_frames, self.sound = shown, self.sound[:0]

    def interrupt(self, shown):
        self.rewind(shown)

    def set_emotion(self, emotion):
        self.emotions.append(emotion.description)

    def set_portrait(self, portrait):
        self.portrait = portrait

    def _made(self):
        made = []
        for _ in range(PLAN.take):
            sound, self.sound = self.sound[: self.frame], self.sound[self.frame :]
            grey = self.num_frames % 256
            image = torch.full((self.size, self.size, 3), grey, dtype=torch.uint8)
            made.append(StreamFrame(self.num_frames, image, sound, torch.zeros(MOTION_DIM)))
            self.num_frames += 1
        return made


class CountingStage:
    """Behaves as a `Stage`."""

    def __init__(self, size=16):
        self.streams, self.emotion, self.size = [], "none", size
        self.portrait = SimpleNamespace(image=torch.zeros(8, 8, 3, dtype=torch.uint8))

    def stream(self, sample_rate):
        self.streams.append(CountingStream(sample_rate, self.size))
        return self.streams[-1]

    def read_portrait(self, content):
        return content

    def rest(self, portrait):
        return torch.zeros(63)
