"""What was read of a pickle, to be compared."""

from moda_core.motion.files.pickled_array import PickledArray


def plain(content):
    """What was read, with the arrays as numpy's."""
    if isinstance(content, PickledArray):
        return content.array
    if isinstance(content, dict):
        return {key: plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return type(content)(plain(value) for value in content)
    return content
