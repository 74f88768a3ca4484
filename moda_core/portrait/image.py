"""Reading of pictures of any kind as 8-bit RGB, and the limit of their size."""

import contextlib
import io
import logging
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from ..errors import InputFileError
from ..weights.input_file import check_input_file
from .picture_kind import HEAD_SIZE, HEIC, picture_kind

try:  # missing in some builds of Pillow
    from PIL import ImageCms
except ImportError:
    ImageCms = None

logger = logging.getLogger(__name__)

Convert = Callable[[Image.Image], Image.Image | None]
# By which pictures are found in a folder; the content decides whether one can be read.
PICTURE_SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"),
)
SIZE_LIMIT = 1920
SIZE_MULTIPLE = 2
SMALLEST_SIDE = 16
BACKGROUND = "white"  # behind transparent parts, as in a passport photo
DEEP_GREY = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")
STRIP = 16  # rows that are scaled at once
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
LARGEST_PROFILE = 1 << 25  # bytes


def read_image(path: str | Path, smallest_side: int = SMALLEST_SIDE) -> Tensor:
    """Read a picture file as 8-bit RGB, at its own size.

    It is rotated upright (EXIF) and converted to sRGB; transparent parts get a white background,
    and deeper values are scaled to 8 bits. Only the first frame of an animation is read; a warning
    is logged. HEIC is read where the package pillow-heif is installed.

    Returns
    -------
    Tensor, shape (H, W, 3), uint8

    Raises
    ------
    InputFileError
        If the file is missing, empty, damaged or not a picture, has more pixels than Pillow allows,
        or a side under `smallest_side` pixels.
    """
    path = Path(path)
    check_input_file(path, "picture")
    rgb = _decoded(path, _to_rgb)
    if min(rgb.size) < smallest_side:
        raise InputFileError(
            f"'{path}' measures {rgb.width} x {rgb.height} pixels. "
            f"Use a picture of at least {smallest_side} x {smallest_side}."
        )
    return torch.from_numpy(np.array(rgb))


def read_opacity(path: str | Path) -> Tensor | None:
    """Return the opacity (H, W), uint8, of a picture file; None if it is opaque throughout.

    It is upright, and of the size of `read_image`, whose errors it raises.
    """
    path = Path(path)
    check_input_file(path, "picture")
    opacity = _decoded(path, _opacity)
    return None if opacity is None else torch.from_numpy(np.array(opacity))


def check_picture(image: Tensor) -> None:
    """Raise ValueError unless a picture has the shape (H, W, 3) and the type uint8."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != torch.uint8:
        raise ValueError(
            f"Expected a picture of shape (H, W, 3) and type uint8, got {tuple(image.shape)} "
            f"of {image.dtype}. Convert it to 8-bit RGB."
        )


def resize_limit(
    height: int, width: int, limit: int = SIZE_LIMIT, multiple: int = SIZE_MULTIPLE
) -> tuple[int, int]:
    """Return the height and width to which `limit_size` brings a picture (spec G, Limit).

    The longer side is scaled to at most `limit`, then both are cut to a multiple of `multiple`,
    unless one would become 0. Raises ValueError if the limit is below 1.
    """
    height, width = _scaled(height, width, limit)
    cut_height, cut_width = height - height % multiple, width - width % multiple
    if cut_height == 0 or cut_width == 0:
        return height, width
    return cut_height, cut_width


def limit_size(image: Tensor, limit: int = SIZE_LIMIT, multiple: int = SIZE_MULTIPLE) -> Tensor:
    """Scale a picture (H, W, 3), uint8, to the size of `resize_limit`.

    It is scaled bilinearly, then cut at the bottom and the right.
    """
    height, width = image.shape[:2]
    scaled = _scaled(height, width, limit)
    if scaled != (height, width):
        image = _interpolated(image, scaled)
    height, width = resize_limit(height, width, limit, multiple)
    return image[:height, :width].contiguous()


def _interpolated(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Scale a picture bilinearly, a few rows at a time, since phones make very large ones.

    Not antialiased: the reference is OpenCV's plain bilinear rule.
    """
    (above, below, down), (left, right, across) = (
        _neighbours(stop, count, image.device)
        for stop, count in zip(image.shape, size, strict=False)
    )
    scaled = image.new_empty(*size, image.shape[2])
    for rows in torch.arange(size[0], device=image.device).split(STRIP):
        upper, lower = (
            torch.lerp(pixels[:, left].float(), pixels[:, right].float(), across[:, None])
            for pixels in (image[above[rows]], image[below[rows]])
        )
        scaled[rows] = torch.lerp(upper, lower, down[rows, None, None]).round().to(torch.uint8)
    return scaled


def _neighbours(count: int, new_count: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return the pixels before and after each new one, and its place between them, in [0, 1)."""
    centers = torch.arange(new_count, device=device, dtype=torch.float64) + 0.5
    place = (centers * (count / new_count) - 0.5).clamp(min=0)
    before = place.long()
    return before, (before + 1).clamp(max=count - 1), (place - before).float()


def _scaled(height: int, width: int, limit: int) -> tuple[int, int]:
    if limit < 1:
        raise ValueError(f"Expected a longest side of at least 1 pixel, got {limit}.")
    if max(height, width) <= limit:
        return height, width
    if height > width:
        return limit, max(int(width * limit / height), 1)
    return max(int(height * limit / width), 1), limit


def _decoded(path: Path, convert: Convert) -> Image.Image | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, on size and odd EXIF
            try:
                return _opened(path, path, None, convert)
            except UnidentifiedImageError as error:
                return convert(_heic(path, error))
            except ValueError:
                # Pillow refuses texts, such as workflows, and profiles above a megabyte.
                return _opened(path, *_without_texts(path), convert)
    except InputFileError:
        raise
    except Image.DecompressionBombError as error:
        raise InputFileError(
            f"'{path}' has more than {2 * Image.MAX_IMAGE_PIXELS // 10**6} million pixels. "
            "Scale it down first."
        ) from error
    except PermissionError as error:
        raise InputFileError(f"'{path}' can't be read. Change its permissions.") from error
    except Exception as error:  # Pillow does not document its decoders' errors
        raise InputFileError(
            f"'{path}' is damaged or incomplete ({error}). Export or download it again."
        ) from error


def _opened(
    path: Path, source: Path | io.BytesIO, profile: bytes | None, convert: Convert
) -> Image.Image | None:
    with Image.open(source) as image:
        if profile:
            image.info["icc_profile"] = profile
        if image.format == "MPEG":  # which Pillow knows, but can't decode
            raise UnidentifiedImageError("a video")
        if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
            logger.warning("'%s' holds several frames; the first one is used.", path)
        return convert(image)


def _heic(path: Path, error: Exception) -> Image.Image:
    """Read HEIC, upright; InputFileError names what else the file is, or what reading it takes.

    FFmpeg's libraries give the tiles of an iPhone's picture one by one, and unrotated.
    """
    with path.open("rb") as file:
        kind = picture_kind(file.read(HEAD_SIZE))
    if kind is None:
        raise InputFileError(f"'{path}' is not a picture. Use a JPEG or PNG file.") from error
    if kind[0] == HEIC:
        with contextlib.suppress(ImportError):
            import pillow_heif

            return pillow_heif.read_heif(path).to_pillow()
    raise InputFileError(f"'{path}' is {kind[0]}. {kind[1]}.") from error


def _without_texts(path: Path) -> tuple[io.BytesIO, bytes | None]:
    """Return a PNG file without texts and colour profile, and the profile; another as it is."""
    content, profile = path.read_bytes(), None
    if not content.startswith(PNG_SIGNATURE):
        return io.BytesIO(content), profile
    kept, start = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while start < len(content):
        end = start + 12 + int.from_bytes(content[start : start + 4], "big")
        kind = content[start + 4 : start + 8]
        if kind == b"iCCP":
            _, _, packed = content[start + 8 : end - 4].partition(b"\0")
            with contextlib.suppress(zlib.error):
                profile = zlib.decompressobj().decompress(packed[1:], LARGEST_PROFILE)
        elif kind not in PNG_TEXTS:
            kept.append(content[start:end])
        start = end
    return io.BytesIO(b"".join(kept)), profile


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert any mode to upright RGB: depth, colour profile, transparency."""
    image = ImageOps.exif_transpose(image)
    if image.mode in DEEP_GREY:
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    alpha = None
    if image.has_transparency_data:
        image = image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
        alpha = image.getchannel("A")
    rgb = _profiled(image) or image.convert("RGB")
    if alpha is None:
        return rgb
    background = Image.new("RGB", rgb.size, BACKGROUND)
    return Image.composite(rgb, background, alpha)


def _opacity(image: Image.Image) -> Image.Image | None:
    if image.mode in DEEP_GREY or not image.has_transparency_data:
        return None
    opacity = ImageOps.exif_transpose(image).convert("RGBA").getchannel("A")
    return None if opacity.getextrema()[0] == 255 else opacity


def _eight_bits(image: Image.Image) -> np.ndarray:
    """Scale greyscale of 16 bits, 32 bits or floating point to uint8."""
    stored = np.asarray(image)
    if stored.dtype == np.int32 and stored.min() < 0:
        stored = stored.view(np.uint32)  # Pillow has no unsigned mode of this depth
    values = np.nan_to_num(stored.astype(np.float64))
    # 32 bits and floating point have no defined full scale: the smallest common one that fits.
    scales = {"F": (1.0, 255.0, 65535.0), "I": (255.0, 65535.0)}.get(image.mode, (65535.0,))
    full_scale = next((scale for scale in scales if values.max() <= scale), values.max())
    return np.clip(np.rint(values * 255 / full_scale), 0, 255).astype(np.uint8)


def _profiled(image: Image.Image) -> Image.Image | None:
    """Convert by the embedded colour profile; None if there is no usable one."""
    profile = image.info.get("icc_profile")
    if not profile or ImageCms is None:
        return None
    colours = {"LA": "L", "RGBA": "RGB", "P": "RGB"}.get(image.mode, image.mode)
    try:
        return ImageCms.profileToProfile(
            image.convert(colours),
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        logger.info("The picture's colour profile is unusable; its colours are taken as sRGB.")
        return None
