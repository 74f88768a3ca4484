"""The released renderer: appearance and motion of a face, warped and decoded for every frame."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from einops import rearrange
from torch import Tensor, nn

from ..compositing.composer import Composer, crop_composer
from ..compositing.compositing import Compositing
from ..compositing.paste_back import PasteBack, frames_to_uint8
from ..face.landmarks import FaceLandmarks
from ..motion.keypoints import refine_motion_info, transform_keypoints
from ..motion.motion import Motion, previous_motion, released_stats
from ..portrait.crop import CROP_SCALE, CropTransform, crop_face, crop_from_landmarks
from ..portrait.image import check_picture
from ..portrait.portrait import Portrait, check_playable
from ..portrait.resample_picture import reduce_area
from ..runtime.chunks import in_chunks
from .driving import DrivingOptions, driving_keypoints
from .networks import RendererNetworks
from .prepared import PreparedPortrait, SourceFace

RELEASED_RENDERER = "LivePortrait"
FACE_SIZE = 256  # of the crop that the extractors see
CPU_CHUNK, GPU_CHUNK = 1, 8  # frames at once: a CPU gains nothing from more


def dtype_of(network: nn.Module) -> torch.dtype:
    """Return the precision of a network's weights, in which it computes."""
    return next((weight.dtype for weight in network.parameters()), torch.float32)


class PortraitRenderer:
    """Renders portraits with the released networks.

    A host may move the weights between calls, as long as they are on `device` during each.

    Parameters
    ----------
    networks : RendererNetworks
        On `device`, in eval mode.
    device : str or torch.device
        Where frames are computed; they are returned on the CPU.
    compute_dtype : torch.dtype, optional
        In which the warping network and the decoder compute; for layers that cast their weights to
        their input's type. Default: that of each network's weights.
    free_memory : callable, optional
        Called when memory ran out, before the next try with fewer frames.
    """

    name = RELEASED_RENDERER
    slack = 0.06  # the normalisation of the decoder spreads the background over the face

    def __init__(
        self,
        networks: RendererNetworks,
        device: str | torch.device = "cpu",
        compute_dtype: torch.dtype | None = None,
        free_memory: Callable[[], None] | None = None,
    ) -> None:
        self.networks, self.device = networks, torch.device(device)
        self.compute_dtype, self.free_memory = compute_dtype, free_memory

    @torch.inference_mode()
    def portrait(
        self, image: Tensor, landmarks: FaceLandmarks, crop_scale: float = CROP_SCALE
    ) -> Portrait:
        """Prepare a picture for `frames`: run the extractors on its crop."""
        check_picture(image)
        transform = crop_from_landmarks(landmarks, crop_scale)
        crop = crop_face(image, transform)
        face = self.encode_face(reduce_area(crop, FACE_SIZE)).to("cpu")
        prepared = PreparedPortrait(face, crop.cpu(), transform, PasteBack(image, transform))
        identity = face.info["kp"].reshape(-1)
        return Portrait(image.cpu(), landmarks, self.name, identity, prepared)

    @torch.inference_mode()
    def with_picture(self, portrait: Portrait, image: Tensor) -> Portrait:
        """Return a portrait that moves another picture (H, W, 3), uint8, in the same way."""
        transform = portrait.prepared.transform
        crop = crop_face(image, transform)
        info = portrait.prepared.face.info
        face = self.encode_face(reduce_area(crop, FACE_SIZE), info).to("cpu")
        prepared = PreparedPortrait(face, crop.cpu(), transform, PasteBack(image, transform))
        return replace(portrait, image=image.cpu(), prepared=prepared)

    @torch.inference_mode()
    def see_face(self, crop: Tensor) -> dict[str, Tensor]:
        """Return the refined motion info of the upright face (256, 256, 3), uint8."""
        return refine_motion_info(self.networks.motion(self._pixels(crop)))

    def _pixels(self, crop: Tensor) -> Tensor:
        return rearrange(crop.to(self.device), "h w c -> 1 c h w").float() / 255

    @torch.inference_mode()
    def encode_face(self, crop: Tensor, info: dict[str, Tensor] | None = None) -> SourceFace:
        """Run the networks that see the upright face (256, 256, 3), uint8.

        `info` is its refined motion info, if it is known.
        """
        networks, pixels = self.networks, self._pixels(crop)
        info = info or self.see_face(crop)
        info = {key: value.to(self.device) for key, value in info.items()}
        keypoints = transform_keypoints(info)
        _, rescale_ratio = previous_motion(info, released_stats())
        appearance = networks.appearance(pixels.to(dtype_of(networks.appearance)))
        appearance = appearance.to(self.compute_dtype or dtype_of(networks.warping))
        volume = networks.warping.prepare(appearance, keypoints)
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
        """Warp and decode a face at keypoints (n, 21, 3) into the square of the crop.

        Returns (n, 512, 512, 3), uint8, on the renderer's device.
        """
        features = self.networks.warping(face.volume, keypoints)  # (n, 256, 64, 64)
        decoder = self.networks.decoder
        return frames_to_uint8(decoder(features.to(self.compute_dtype or dtype_of(decoder))))

    def chunk_size(self, portrait: Portrait) -> int:
        """Return how many frames of a portrait to render at once."""
        return CPU_CHUNK if self.device.type == "cpu" else GPU_CHUNK

    def frames(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int = GPU_CHUNK,
        options: DrivingOptions | None = None,
        *,
        compositing: Compositing | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> Iterator[Tensor]:
        """Render a motion as every renderer does; `options` say how it drives the face."""
        check_playable(portrait, self.name, chunk)
        compose = crop_composer(portrait.prepared.paste.to(self.device), compositing)
        yield from self._chunks(portrait, motion, chunk, options, compose, slice(start, stop))

    def faces(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int = GPU_CHUNK,
        options: DrivingOptions | None = None,
        *,
        start: int = 0,
        stop: int | None = None,
    ) -> Iterator[Tensor]:
        """Render the crop alone, without putting it back; `options` as in `frames`."""
        check_playable(portrait, self.name, chunk)

        def on_cpu(faces: Tensor, first: int) -> Tensor:
            return faces.cpu()

        yield from self._chunks(portrait, motion, chunk, options, on_cpu, slice(start, stop))

    def _chunks(
        self,
        portrait: Portrait,
        motion: Motion,
        chunk: int,
        options: DrivingOptions | None,
        compose: Composer,
        chosen: slice,
    ) -> Iterator[Tensor]:
        # The portrait may be from a renderer of another precision.
        dtype = self.compute_dtype or dtype_of(self.networks.warping)
        face = portrait.prepared.face.to(self.device, dtype)
        keypoints = self.drive(face, motion, options)[chosen]

        @torch.inference_mode()
        def render(first: int, end: int) -> Tensor:
            return compose(self.render_faces(face, keypoints[first:end]), first)

        return in_chunks(len(keypoints), chunk, render, self.free_memory)

    def crop(self, portrait: Portrait) -> tuple[Tensor, CropTransform]:
        """Return the unmoved crop, and where it lies in the picture."""
        check_playable(portrait, self.name)
        return portrait.prepared.crop, portrait.prepared.transform

    def paste_mask(self, portrait: Portrait) -> Tensor:
        """Return where frames replace the picture."""
        check_playable(portrait, self.name)
        return portrait.prepared.paste.full_mask()
