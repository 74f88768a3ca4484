"""Hard pictures of portraits whose meshes are known, and pictures without a face."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

POINTS = (468, 473, 61, 291)  # of the mesh: irises and mouth corners, left ones first
# Points of the mesh: the jaw from ear to ear, the bridge of the nose, a cheek, the nose's tip.
JAW = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152)
JAW += (377, 400, 378, 379, 365, 397, 288, 361, 323, 454)
NOSE_BRIDGE, CHEEK, NOSE_TIP = 195, 50, 1
LARGEST_SIDE = 1024
SCREEN = (1280, 720)
PLACE = (1020, 330)  # middle of a shrunk portrait on the screen
LARGE_PHOTO, FACE_SHARE = (4000, 3000), 1 / 12
GREY = (128, 128, 128)
SKINS = (None, (250, 210, 60), (235, 190, 160), (130, 200, 240), (120, 85, 65))  # of smileys
SMALLEST_STRIP = 96  # pixels
NUM_STRIPS, NUM_DRAWN = 32, 12  # beside faces; of each drawn kind

Hard = tuple[Image.Image, np.ndarray]  # a picture, and the four points (4, 2) of its face


@dataclass(frozen=True, eq=False)
class Portrait:
    """A picture of one face, and the mesh (478, 2) of it in pixels."""

    name: str
    image: Image.Image
    mesh: np.ndarray
    scale: np.ndarray | float = 1.0  # pixels for each of the file's, across and down

    @classmethod
    def read(cls, path: Path, mesh: list[list[float]]) -> "Portrait":
        """Read a file, reduced to `LARGEST_SIDE`; `mesh` (478, 3) is in the file's own pixels."""
        image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        scale = min(1.0, LARGEST_SIDE / max(image.size))
        return cls(path.name, image, np.array(mesh)[:, :2]).resized(scale)

    def resized(self, scale: float) -> "Portrait":
        """Return the portrait with its sides scaled, to whole pixels."""
        size = [max(1, round(side * scale)) for side in self.image.size]
        ratio = np.divide(size, self.image.size)
        image = self.image.resize(size, Image.Resampling.LANCZOS)
        return Portrait(self.name, image, self.mesh * ratio, self.scale * ratio)

    def with_face(self, width: float) -> "Portrait":
        """Return the portrait with a face so many pixels wide."""
        return self.resized(width / float(np.ptp(self.mesh[:, 0])))

    @property
    def points(self) -> np.ndarray:
        """Irises and mouth corners (4, 2)."""
        return self.mesh[list(POINTS)]

    @property
    def eye_distance(self) -> float:
        """Distance of the irises in pixels."""
        return float(np.hypot(*(self.points[1] - self.points[0])))

    @property
    def box(self) -> np.ndarray:
        """Left, top; right, bottom of the face, (2, 2)."""
        return np.stack([self.mesh.min(axis=0), self.mesh.max(axis=0)])


def mirror(portrait: Portrait) -> Hard:
    """Swap left and right."""
    points = portrait.points[[1, 0, 3, 2]]
    points = points * (-1, 1) + (portrait.image.width, 0)
    return ImageOps.mirror(portrait.image), points


def turn(portrait: Portrait, angle_deg: float) -> Hard:
    """Turn the picture clockwise, in a larger grey one."""
    image, angle = portrait.image, math.radians(angle_deg)
    bicubic = Image.Resampling.BICUBIC
    turned = image.rotate(-angle_deg, bicubic, expand=True, fillcolor=GREY)
    matrix = [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    middles = [np.array(each.size) / 2 for each in (image, turned)]
    return turned, (portrait.points - middles[0]) @ matrix + middles[1]


def shrink(portrait: Portrait, width: float) -> Hard:
    """Put the portrait, with a face so many pixels wide, on the right of a grey screen."""
    small, screen = portrait.with_face(width), Image.new("RGB", SCREEN, (96, 104, 112))
    corner = np.subtract(PLACE, np.array(small.image.size) // 2)
    screen.paste(small.image, tuple(corner.tolist()))
    return screen, small.points + corner


def cut_off(portrait: Portrait) -> Hard:
    """Cut the picture off close to the left side and the top of the face."""
    (left, top), (right, _) = portrait.box
    corner = np.array([left + 0.12 * (right - left), max(0, top - 0.1 * portrait.eye_distance)])
    corner = corner.astype(int)
    size = portrait.image.size
    return portrait.image.crop((*corner.tolist(), *size)), portrait.points - corner


def draw(portrait: Portrait, paint: Callable[[ImageDraw.ImageDraw], None]) -> Hard:
    """Return the portrait with something painted over it."""
    image = portrait.image.copy()
    paint(ImageDraw.Draw(image))
    return image, portrait.points


def half_hidden(portrait: Portrait) -> Hard:
    """Hide everything left of the nose."""
    (left, top), (_, bottom) = portrait.box
    margin = portrait.eye_distance / 2
    middle = portrait.mesh[NOSE_TIP, 0]
    box = (left - margin, top - 2 * margin, middle, bottom + margin)
    return draw(portrait, lambda picture: picture.rectangle(box, fill=GREY))


def glasses(portrait: Portrait, fill: tuple[int, int, int] | None = None) -> Hard:
    """Draw thin dark frames around the eyes; filled ones are sunglasses."""
    unit, dark = portrait.eye_distance, (20, 15, 15)
    line = max(2, round(unit / 14))
    eyes = portrait.points[:2]

    def paint(picture: ImageDraw.ImageDraw) -> None:
        for x, y in eyes:
            reach_x, reach_y = 0.36 * unit, 0.29 * unit
            box = (x - reach_x, y - reach_y, x + reach_x, y + reach_y)
            picture.ellipse(box, fill=fill, outline=dark, width=line)
        bridge = [tuple(eyes[0] + (eyes[1] - eyes[0]) * share) for share in (0.35, 0.65)]
        picture.line(bridge, fill=dark, width=line)

    return draw(portrait, paint)


def mask(portrait: Portrait) -> Hard:
    """Draw a surgical mask with three pleats over mouth and nose."""
    jaw, bridge = portrait.mesh[list(JAW)], portrait.mesh[NOSE_BRIDGE]
    outline = [tuple(point) for point in (*(bridge + 1.05 * (jaw - bridge)), bridge)]
    line = max(1, round(portrait.eye_distance / 40))

    def paint(picture: ImageDraw.ImageDraw) -> None:
        picture.polygon(outline, fill=(165, 200, 215), outline=(120, 150, 165))
        for share in (0.35, 0.5, 0.65):
            pleat = [tuple(bridge + share * (jaw[index] - bridge)) for index in range(3, 18)]
            picture.line(pleat, fill=(140, 175, 190), width=line)

    return draw(portrait, paint)


def hand(portrait: Portrait) -> Hard:
    """Lay four fingers of the cheek's colour over the mouth."""
    unit = portrait.eye_distance
    x, y = portrait.mesh[CHEEK]
    around = portrait.image.crop((int(x) - 3, int(y) - 3, int(x) + 4, int(y) + 4))
    skin = np.asarray(around).mean(axis=(0, 1))
    across = (portrait.points[3] - portrait.points[2]) / unit
    down = np.array([-across[1], across[0]]) / np.hypot(*across)
    mouth = portrait.points[2:].mean(axis=0)

    def paint(picture: ImageDraw.ImageDraw) -> None:
        for index, share in enumerate((-0.36, -0.12, 0.12, 0.36)):
            tip = mouth + down * share * unit + across * unit * (0.5 + 0.1 * (index % 3))
            root = mouth + down * share * unit - across * 2 * unit
            radius, shade = 0.13 * unit, 0.92 + 0.04 * (index % 2)
            fill = tuple(int(value * shade) for value in skin)
            picture.line([tuple(root), tuple(tip)], fill=fill, width=round(2 * radius))
            picture.ellipse((*(tip - radius), *(tip + radius)), fill=fill)

    return draw(portrait, paint)


def blur(portrait: Portrait) -> Hard:
    """Blur the picture by a Gaussian of an eighth of the eye distance."""
    radius = 0.12 * portrait.eye_distance
    return portrait.image.filter(ImageFilter.GaussianBlur(radius)), portrait.points


def darken(portrait: Portrait) -> Hard:
    """Raise the picture to a gamma of 3."""
    image = portrait.image.point(lambda value: round(255 * (value / 255) ** 3))
    return image, portrait.points


CASES: dict[str, Callable[[Portrait], Hard]] = {
    "clean": lambda portrait: (portrait.image, portrait.points),
    "mirror": mirror,
    "grey": lambda portrait: (portrait.image.convert("L").convert("RGB"), portrait.points),
    "dark": darken,
    "border": cut_off,
    **{f"turned {deg}": lambda portrait, deg=deg: turn(portrait, deg) for deg in (30, 60, 90, 180)},
    **{f"{width} px": lambda portrait, width=width: shrink(portrait, width) for width in (80, 40)},
    "blur": blur,
    "half hidden": half_hidden,
    "glasses": glasses,
    "sunglasses": lambda portrait: glasses(portrait, (15, 15, 15)),
    "mask": mask,
    "hand": hand,
}


def pair(first: Portrait, second: Portrait) -> tuple[Image.Image, list[np.ndarray]]:
    """Put two portraits beside each other on a black screen; return it and the points of both."""
    screen, points = Image.new("RGB", SCREEN), []
    half = SCREEN[0] // 2
    for index, portrait in enumerate((first, second)):
        width, height = portrait.image.size
        fitted = portrait.resized(min(half / width, SCREEN[1] / height))
        screen.paste(fitted.image, (half * index, 0))
        points.append(fitted.points + np.array([half * index, 0]))
    return screen, points


def large_photo(portrait: Portrait) -> Hard:
    """Put the portrait, with a face a twelfth as wide, on a photo of 12 megapixels."""
    face = portrait.with_face(LARGE_PHOTO[0] * FACE_SHARE)
    noise = np.random.default_rng(0).integers(60, 200, (30, 40, 3), np.uint8)
    photo = Image.fromarray(noise).resize(LARGE_PHOTO, Image.Resampling.BICUBIC)
    corner = np.array([1900, 800])
    photo.paste(face.image, tuple(corner.tolist()))
    return photo, face.points + corner


def without_face(portraits: list[Portrait]) -> Iterator[tuple[str, Image.Image]]:
    """Yield pictures without a face, by name: parts beside faces, noise, textures, smileys, text.

    With a dozen portraits of the usual kind there are 80.
    """
    strips = [strip for portrait in portraits for strip in strips_beside(portrait)]
    strips.sort(key=lambda strip: -math.prod(strip[1].size))
    yield from strips[:NUM_STRIPS]
    for kind in (noise, texture, smiley, text):
        for index in range(NUM_DRAWN):
            generator = np.random.default_rng((NUM_DRAWN, index))
            yield f"{kind.__name__} {index}", kind(index, generator)


def strips_beside(portrait: Portrait) -> Iterator[tuple[str, Image.Image]]:
    """Yield the parts of a portrait on the four sides of its face, if they are large enough."""
    margin = 0.2 * portrait.eye_distance
    (left, top), (right, bottom) = portrait.box + np.array([[-margin], [margin]])
    width, height = portrait.image.size
    boxes = {
        "left": (0, 0, left, height),
        "right": (right, 0, width, height),
        "above": (0, 0, width, top),
        "below": (0, bottom, width, height),
    }
    for side, box in boxes.items():
        x, y, end_x, end_y = (int(value) for value in box)
        if min(end_x - x, end_y - y) >= SMALLEST_STRIP:
            yield f"{portrait.name} {side}", portrait.image.crop((x, y, end_x, end_y))


def noise(index: int, generator: np.random.Generator) -> Image.Image:
    """Draw noise: grains of 1 to 64 pixels, in colour or grey."""
    grain, channels = 2 ** (index % 6 + index // 6), 3 if index % 2 else 1
    small = generator.integers(0, 256, (512 // grain, 640 // grain, channels), np.uint8)
    small = np.broadcast_to(small, (*small.shape[:2], 3))
    resampling = Image.Resampling.BICUBIC if index % 4 < 2 else Image.Resampling.NEAREST
    return Image.fromarray(np.ascontiguousarray(small)).resize((640, 512), resampling)


def texture(index: int, generator: np.random.Generator) -> Image.Image:
    """Draw waves, rings, bricks or dots, in two colours of the generator's choice."""
    y, x = np.mgrid[:512, :640]
    step = 12 * 2 ** (index // 4) + 7
    rows, columns = y // step, (x + (y // step % 2) * step) // (2 * step)
    fields = (
        np.sin(x / step + 2 * np.sin(y / (3 * step))),
        np.cos(np.hypot(x - 320, y - 256) / step),
        np.where(
            (y % step < 3) | ((x + rows % 2 * step) % (2 * step) < 3), -1.0, (columns % 3) / 2
        ),
        np.where(np.hypot(x % (2 * step) - step, y % (2 * step) - step) < 0.6 * step, 1.0, -1.0),
    )
    share = (fields[index % 4][..., None] + 1) / 2
    first, second = generator.integers(0, 256, (2, 3))
    return Image.fromarray((first + (second - first) * share).astype(np.uint8))


def smiley(index: int, generator: np.random.Generator) -> Image.Image:
    """Draw a round face of dots and an arc, 64 to 400 pixels wide."""
    side = 64 + 30 * index
    size = (max(320, 2 * side), max(240, round(1.5 * side)))
    ground, skin = tuple(generator.integers(120, 256, 3).tolist()), SKINS[index % len(SKINS)]
    picture = Image.new("RGB", size, ground)
    canvas, (x, y), half = ImageDraw.Draw(picture), np.array(size) / 2, side / 2
    line = max(2, side // 40)
    canvas.ellipse((x - half, y - half, x + half, y + half), skin, "black", line)
    for eye in (x - 0.36 * half, x + 0.36 * half):
        width, height = 0.11 * half, 0.2 * half
        box = (eye - width, y - 0.3 * half - height, eye + width, y - 0.3 * half + height)
        canvas.ellipse(box, "white" if index % 4 == 3 else "black", "black", line)
    box = (x - 0.55 * half, y - 0.45 * half, x + 0.55 * half, y + 0.6 * half)
    canvas.arc(box, 20, 160, "black", 2 * line)
    return picture


def text(index: int, generator: np.random.Generator) -> Image.Image:
    """Write words in lines, 10 to 76 pixels high."""
    size = 10 + 6 * index
    ground = (250, 248, 240) if index % 2 else (30, 34, 40)
    picture = Image.new("RGB", (640, 512), ground)
    canvas, font = ImageDraw.Draw(picture), ImageFont.load_default(size)
    letters = list("aabcdeeefghiiklmnoooprsttuvw0O8%@&    ")
    for y in range(8, 504, round(1.4 * size)):
        line = "".join(generator.choice(letters, 640 // size * 2))
        canvas.text((8, y), line, (20, 20, 20) if index % 2 else (230, 230, 230), font)
    return picture
