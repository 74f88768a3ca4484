"""The released renderer: appearance and motion of a face, warped and decoded for every frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn

from ..errors import MoDAError
from ..keypoints import refine_motion_info, transform_keypoints
from ..motion import Motion, previous_motion, released_stats
from ..out_of_memory import is_out_of_memory
from ..portrait.crop import CropTransform, crop_face, crop_from_landmarks
from ..portrait.landmarks import FaceLandmarks
from ..portrait.paste_back import PasteBack, check_picture, frames_to_uint8
from ..portrait.portrait import Portrait, check_playable
from ..portrait.resample_picture import reduce_area
from .appearance import AppearanceExtractor
from .driving import DrivingOptions, driving_keypoints
from .motion_extractor import MotionExtractor
from .spade import SPADEDecoder
from .stitching import KeypointMLP
from .warping import SourceVolume, WarpingNetwork

RENDERER = "LivePortrait"
FACE_SIZE = 256  # of the crop that the extractors see
CPU_CHUNK, GPU_CHUNK = 1, 8  # frames at once: a CPU gains nothing from more
CROP_SCALE = 2.3  # side of the crop over that of the landmarks' bounding square


@dataclass(frozen=True, eq=False)
class RendererNetworks:
    """The five networks of the released renderer.

    Parameters
    ----------
    appearance : AppearanceExtractor
    motion : MotionExtractor
    stitching : KeypointMLP
    warping : WarpingNetwork
    decoder : SPADEDecoder
    """

    appearance: AppearanceExtractor
    motion: MotionExtractor
    stitching: KeypointMLP
    warping: WarpingNetwork
    decoder: SPADEDecoder


@dataclass(frozen=True, eq=False)
class SourceFace:
    """What the networks say of the face in a picture, computed once.

    Parameters
    ----------
    info : dict
        Refined motion info, see `refine_motion_info`, batch 1.
    keypoints : Tensor, shape (1, 21, 3)
        Where the picture has them.
    rescale_ratio : Tensor, shape (1, 1)
        Scale of the face over the data set's mean scale.
    volume : SourceVolume
        Appearance, with all that the warp derives from the source alone.
    """

    info: dict[str, Tensor]
    keypoints: Tensor
    rescale_ratio: Tensor
    volume: SourceVolume


@dataclass(frozen=True, eq=False)
class PreparedPortrait:
    """A face with its place in the full picture.

    Parameters
    ----------
    face : SourceFace
    crop : Tensor, shape (512, 512, 3), uint8
        What was cut out of the picture.
    transform : CropTransform
        Between the picture and the crop.
    paste : PasteBack
        Puts frames back into the picture.
    """

    face: SourceFace
    crop: Tensor
    transform: CropTransform
    paste: PasteBack


def dtype_of(network: nn.Module) -> torch.dtype:
    """Return the precision of a network's weights, in which it computes."""
    return next((weight.dtype for weight in network.parameters()), torch.float32)


class PortraitRenderer:
    """Renders portraits with the released networks.

    Parameters
    ----------
    networks : RendererNetworks
        On `device`, in eval mode.
    device : str or torch.device
        Where frames are computed; they are returned on the CPU.
    """

    name = RENDERER

    def __init__(self, networks: RendererNetworks, device: str | torch.device = "cpu") -> None:
        self.networks, self.device = networks, torch.device(device)

    @torch.inference_mode()
    def portrait(
        self,
        image: Tensor,
        landmarks: FaceLandmarks,
        crop_scale: float = CROP_SCALE,
        mask: Tensor | None = None,
        feather: float | None = None,
        erosion: float = 0.0,
    ) -> Portrait:
        """Prepare a picture for `frames`.

        Parameters
        ----------
        image : Tensor, shape (H, W, 3), uint8
            The full picture.
        landmarks : FaceLandmarks
            Of the face to animate, in pixels of `image`.
        crop_scale : float
            Side of the crop over that of the square around the face.
        mask : Tensor, shape (H, W), in [0, 1], optional
            Where frames replace the picture; default a square with soft edges.
        feather, erosion : float
            Width of the soft edge, and by how much it is moved inwards first, in pixels of the
            picture; see `PasteBack`.

        Returns
        -------
        Portrait

        Raises
        ------
        ValueError
            If the picture has another shape or type, the points make no face, or an option is out
            of range.
        """
        check_picture(image)
        transform = crop_from_landmarks(landmarks, crop_scale, image)
        paste = PasteBack(image, transform, self.device, mask, feather, erosion)
        crop = crop_face(image, transform)
        face = self.encode_face(reduce_area(crop, FACE_SIZE))
        prepared = PreparedPortrait(face, crop, transform, paste)
        identity = face.info["kp"].reshape(-1).cpu()
        return Portrait(image.cpu(), landmarks, self.name, identity, prepared)

    @torch.inference_mode()
    def encode_face(self, crop: Tensor) -> SourceFace:
        """Run the networks that see the picture.

        Parameters
        ----------
        crop : Tensor, shape (256, 256, 3), uint8
            The face, upright, with room around it.

        Returns
        -------
        SourceFace
        """
        networks = self.networks
        pixels = rearrange(crop.to(self.device), "h w c -> 1 c h w").float() / 255
        info = refine_motion_info(networks.motion(pixels))
        keypoints = transform_keypoints(info)
        _, rescale_ratio = previous_motion(info, released_stats())
        appearance = networks.appearance(pixels.to(dtype_of(networks.appearance)))
        volume = networks.warping.prepare(appearance.to(dtype_of(networks.warping)), keypoints)
        return SourceFace(info, keypoints, rescale_ratio, volume)

    @torch.inference_mode()
    def drive(
        self, face: SourceFace, motion: Motion, options: DrivingOptions | None = None
    ) -> Tensor:
        """Return the keypoints (N, 21, 3) of a face for every frame of a motion."""
        network = self.networks.stitching
        return driving_keypoints(
            face.info, face.keypoints, face.rescale_ratio, motion, network, options
        )

    @torch.inference_mode()
    def render_faces(self, face: SourceFace, keypoints: Tensor) -> Tensor:
        """Warp and decode a face.

        Parameters
        ----------
        face : SourceFace
        keypoints : Tensor, shape (n, 21, 3)
            Of the driven frames.

        Returns
        -------
        Tensor, shape (n, 512, 512, 3), uint8
            Frames in the square of the crop, on the renderer's device.
        """
        features = self.networks.warping(face.volume, keypoints)  # (n, 256, 64, 64)
        return frames_to_uint8(self.networks.decoder(features.to(dtype_of(self.networks.decoder))))

    def chunk_size(self, portrait: Portrait) -> int:
        """Return how many frames of a portrait to render at once."""
        return CPU_CHUNK if self.device.type == "cpu" else GPU_CHUNK

    def frames(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int = GPU_CHUNK,
        options: DrivingOptions | None = None,
    ) -> Iterator[Tensor]:
        """Render a motion, a chunk of frames at a time.

        Where memory runs out, the chunk is halved and rendering goes on.

        Parameters
        ----------
        portrait : Portrait
            Made by this renderer.
        motion : Motion
            Of any model.
        chunk : int
            Frames in memory at once, at least 1.
        options : DrivingOptions, optional

        Yields
        ------
        Tensor, shape (n, H, W, 3), uint8
            Full pictures on the CPU, n at most `chunk`.

        Raises
        ------
        ValueError
            If the portrait belongs to another renderer or `chunk` is below 1.
        MoDAError
            If there is not enough memory for a single frame.
        """
        check_playable(portrait, self.name, chunk)
        prepared = portrait.prepared
        keypoints = self.drive(prepared.face, motion, options)
        start = 0
        while start < len(motion):
            frames = self._chunk(prepared, keypoints[start : start + chunk])
            if frames is None and chunk == 1:
                raise MoDAError(
                    "There is not enough memory to render a single frame. Close other programs, or "
                    "load the renderer in half precision or on another device."
                )
            if frames is None:
                chunk //= 2
                continue
            yield frames
            start += len(frames)

    @torch.inference_mode()
    def _chunk(self, prepared: PreparedPortrait, keypoints: Tensor) -> Tensor | None:
        """Return the frames of some keypoints, or None where memory runs out."""
        try:
            return prepared.paste.compose(self.render_faces(prepared.face, keypoints))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        return None
