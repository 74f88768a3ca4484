"""How the colours of a clip are coded, by the numbers of ISO/IEC 23091-2."""

from dataclasses import dataclass

import av

BT709, UNSPECIFIED, BT601, BT2020 = 1, 2, 6, 9
RGB_MATRICES = {1: 1, 4: 4, 5: 5, 6: 6, 7: 7, 9: 9, 10: 9}  # that swscale knows; 10 is nearly 9
PQ, HLG = 16, 18  # transfer functions of high dynamic range
LIMITED_RANGE, FULL_RANGE = 1, 2  # by FFmpeg's numbers


@dataclass(frozen=True)
class ColorTags:
    """Colour description of a clip.

    Parameters
    ----------
    matrix : int
        Of luma and chroma. Where the file names none that is known, BT.709 from 1280 pixels across
        or 577 down on, and else BT.601: as players take it.
    primaries, transfer : int
        As the file has them; 2 is unspecified.
    full_range : bool
        Whether black and white are coded as 0 and 255 rather than as 16 and 235.
    """

    matrix: int
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    full_range: bool = False

    @property
    def high_dynamic_range(self) -> bool:
        """Whether the transfer function is PQ or HLG."""
        return self.transfer in (PQ, HLG)

    @classmethod
    def of_frame(cls, frame: av.VideoFrame, context: av.VideoCodecContext) -> "ColorTags":
        """Return the tags of a decoded frame; `context` is of its decoder."""
        large = frame.width >= 1280 or frame.height > 576
        full = frame.format.name.startswith(("yuvj", "gray")) or frame.format.is_rgb
        return cls(
            RGB_MATRICES.get(frame.colorspace, BT709 if large else BT601),
            context.color_primaries,
            context.color_trc,
            frame.color_range == FULL_RANGE or (full and frame.color_range != LIMITED_RANGE),
        )
