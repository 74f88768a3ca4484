"""A stream of frames that cost nothing, for tests of what plays it."""

import time
from types import SimpleNamespace

import numpy as np
import torch

from moda_core.bundles.live.stream import StreamFrame, mono_sound
from moda_core.motion.motion import FPS, MOTION_DIM

RATE, FRAME = 16000, 640  # samples a second, and a frame
PLAN = SimpleNamespace(take=2, ahead=3)
WIDTH, HEIGHT = 6, 4


class CountingStream:
    """Behaves as a `PortraitStream`; each picture shows the number of its frame.

    A window takes `window_s`.
    """

    def __init__(self, sample_rate=RATE, width=WIDTH, height=HEIGHT, window_s=0.0):
        self._window_s = window_s
        self.plan, self.num_frames, self.sample_rate = PLAN, 0, sample_rate
        self.portrait = SimpleNamespace(size=(width, height))
        self.sound, self.frame = np.zeros(0, np.float32), sample_rate // FPS
        self.interrupted_at, self.emotions = [], []
        self.hurried = []  # whether each window was
        self._shape = height, width, 3

    @property
    def num_heard(self):
        return -(-len(self.sound) // self.frame)

    def push(self, sound, sample_rate):
        self.sound = np.concatenate([self.sound, mono_sound(sound, sample_rate)])

    def next_frames(self, hurried=False):
        ready = len(self.sound) // self.frame >= PLAN.take + PLAN.ahead
        return self._made(hurried) if ready else []

    def next_at_rest(self, hurried=False):
        missing = max(0, PLAN.take * self.frame - len(self.sound))
        self.sound = np.pad(self.sound, (0, missing))
        return self._made(hurried)

    def interrupt(self, shown):
        self.interrupted_at.append(shown)
        self.rewind(shown)

    def rewind(self, shown):
        assert self.num_frames - 64 <= shown <= self.num_frames
        self.num_frames, self.sound = shown, self.sound[:0]

    def set_emotion(self, emotion):
        self.emotions.append(emotion.description)

    def set_portrait(self, portrait):
        self.portrait = portrait

    def _made(self, hurried):
        made = []
        self.hurried.append(hurried)
        time.sleep(self._window_s)
        for _ in range(PLAN.take):
            sound, self.sound = self.sound[: self.frame], self.sound[self.frame :]
            image = torch.full(self._shape, self.num_frames % 256, dtype=torch.uint8)
            made.append(StreamFrame(self.num_frames, image, sound, torch.zeros(MOTION_DIM)))
            self.num_frames += 1
        return made
