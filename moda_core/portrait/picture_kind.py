"""What a file is that was taken for a picture, by how it begins and not by its name."""

import re
from pathlib import Path

from ..weights.file_format import foreign_content

HEIC = "a HEIC picture, as iPhones take"
FRAME = "Save one of its frames as a PNG file"
EXPORT = "Export it as a PNG or JPEG file"
HEAD_SIZE = 1 << 16  # bytes; drawings may begin with a long comment
PROLOG = re.compile(rb"<!--.*?(-->|$)|<\?.*?(\?>|$)", re.DOTALL)  # comments and <?xml ...?>
# Brands of ISO base media files; other ones are videos.
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
# How files begin, what they are, and what to do about each.
STARTS = (
    (b"\xff\x0a", "a JPEG XL picture", EXPORT),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture", EXPORT),
    (b"%PDF", "a PDF document", "Export the page, or the picture in it, as a PNG file"),
    (b"\x1a\x45\xdf\xa3", "a video", FRAME),  # Matroska and WebM
    (b"\0\0\x01", "a video", FRAME),  # MPEG program streams, and elementary ones of MPEG-1 to 4
    (b"\0\0\0\x01", "a video", FRAME),  # H.264 and HEVC
    (b"FLV\x01", "a video", FRAME),
    (b"OggS", "a video or sound", FRAME),
)


def picture_kind(head: bytes) -> tuple[str, str] | None:
    """Tell what a file is that Pillow can't identify.

    Parameters
    ----------
    head : bytes
        Its first `HEAD_SIZE` bytes, or as many as there are.

    Returns
    -------
    tuple of (str, str) or None
        What it is, and what to do about it; None if it is of no known kind.
    """
    for start, what, remedy in STARTS:
        if head.startswith(start):
            return what, remedy
    if head[4:8] == b"ftyp":
        return _media_kind(head)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "a video", FRAME
    text = PROLOG.sub(b"", head).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<!doctype svg")):
        return "an SVG drawing", EXPORT
    return foreign_content(text)


def is_video(path: Path) -> bool:
    """Return whether a file begins like a video; False also if it can't be read."""
    try:
        with path.open("rb") as file:
            kind = picture_kind(file.read(HEAD_SIZE))
    except OSError:
        return False
    return kind is not None and kind[0] == "a video"


def _media_kind(head: bytes) -> tuple[str, str]:
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head)), 4))]
    if b"avif" in brands or b"avis" in brands:
        return "an AVIF picture, which this version of Pillow can't read", EXPORT
    if brands[0] in HEIC_BRANDS:
        return HEIC, "Convert it to JPEG or PNG, or install the Python package pillow-heif"
    if brands[0] in SOUND_BRANDS:
        return "a sound file", "Use a JPEG or PNG file"
    return "a video", FRAME
