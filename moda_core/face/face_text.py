"""Texts that choose a face: points, boxes and the order of several faces.

Imports nothing heavy: the command line's help reads this file.
"""

FACE_ORDERS = ("largest", "left to right", "center")  # center: nearest to the picture's middle
POINT_NAMES = ("left_eye", "right_eye", "left_mouth", "right_mouth", "upper_lip", "lower_lip")
EXTRA_NAMES = ("nose", "chin", "forehead", "brow_left", "brow_right", "jaw_left", "jaw_right")
EXAMPLE = "210,180 300,182 225,290 290,291"

Point = tuple[float, float]


def parse_points(text: str) -> dict[str, Point]:
    """Parse the points of a face, such as `210,180 300,182 225,290 290,291 chin:258,352`.

    Parameters
    ----------
    text : str
        Four or six pairs x,y in pixels: left and right eye, left and right mouth corner, and
        optionally the inner edges of the upper and the lower lip. Other points of the face follow
        by name: `EXTRA_NAMES`.

    Returns
    -------
    dict
        Points by name: the first four or six of `POINT_NAMES`, and those named.

    Raises
    ------
    ValueError
        If the text is not four or six pairs of numbers, or a name is unknown or given twice.
    """
    pairs, named = [], {}
    for word in text.split():
        name, colon, pair = word.rpartition(":")
        if colon and name not in EXTRA_NAMES:
            raise ValueError(f"unknown point {name!r}; the names are {', '.join(EXTRA_NAMES)}")
        if name in named:
            raise ValueError(f"the point {name!r} is given twice")
        try:
            x, y = (float(value) for value in pair.split(","))
        except ValueError as error:
            raise ValueError(
                f"{word!r} is not a pair x,y in pixels; write points such as '{EXAMPLE}'"
            ) from error
        if colon:
            named[name] = (x, y)
        else:
            pairs.append((x, y))
    if len(pairs) not in (4, 6):
        raise ValueError(
            f"expected 4 or 6 pairs x,y in pixels, such as '{EXAMPLE}', got {text!r}: eyes and "
            "mouth corners from left to right as seen in the picture, and optionally the inner "
            "edges of the upper and lower lip"
        )
    return {**dict(zip(POINT_NAMES, pairs, strict=False)), **named}


def format_points(points: dict[str, Point]) -> str:
    """Write points as `parse_points` reads them, to a tenth of a pixel."""
    return " ".join(
        ("" if name in POINT_NAMES else f"{name}:") + f"{round(x, 1):g},{round(y, 1):g}"
        for name, (x, y) in points.items()
    )


def parse_box(text: str) -> tuple[float, float, float, float]:
    """Parse a box of left, top, width and height in pixels, such as `210,180,90,110`.

    Raises
    ------
    ValueError
        If the text is not four numbers, or the size is not above 0.
    """
    try:
        left, top, width, height = (float(value) for value in text.split(","))
    except ValueError as error:
        raise ValueError(f"{text!r} is not x,y,width,height") from error
    if not (width > 0 and height > 0):
        raise ValueError(f"expected a width and a height above 0, got {text!r}")
    return left, top, width, height
