"""Conversion of frames between RGB and the ways in which videos code colours."""

from collections.abc import Callable
from functools import partial

import av
import torch
from av.video.reformatter import VideoReformatter


def reformatter() -> Callable[..., av.VideoFrame]:
    """Return a function as `VideoReformatter.reformat`, in as many threads as this process has.

    From version 17 on PyAV takes a thread for each core unless it is told.
    """
    can_be_told = int(av.__version__.partition(".")[0]) >= 17
    options = {"threads": torch.get_num_threads()} if can_be_told else {}
    return partial(VideoReformatter().reformat, **options)
