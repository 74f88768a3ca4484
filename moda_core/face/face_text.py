"""Texts that choose a face: points, boxes and the order of several faces.

Imports nothing heavy: the command line's help reads this file.
"""

FACE_ORDERS = ("largest", "left to right", "center")  # center: nearest to the picture's middle


def parse_points(text: str) -> list[tuple[float, float]]:
    """Parse the points of a face, such as `210,180 300,182 225,290 290,291`.

    Parameters
    ----------
    text : str
        Four or six pairs x,y in pixels: left and right eye, left and right mouth corner, and
        optionally the inner edges of the upper and the lower lip.

    Raises
    ------
    ValueError
        If the text is not four or six pairs of numbers.
    """
    try:
        numbers = [[float(value) for value in pair.split(",")] for pair in text.split()]
    except ValueError as error:
        raise ValueError(f"{text!r} is not a list of x,y pairs") from error
    if any(len(pair) != 2 for pair in numbers) or len(numbers) not in (4, 6):
        raise ValueError(
            f"expected 4 or 6 pairs x,y in pixels, such as '210,180 300,182 225,290 290,291', got "
            f"{text!r}: eyes and mouth corners from left to right as seen in the picture, and "
            "optionally the inner edges of the upper and lower lip"
        )
    return [(x, y) for x, y in numbers]


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
