"""Errors that a user can act on."""


class MoDAError(Exception):
    """Base of the errors that users can act on; the text is one sentence that says how."""


class InputFileError(MoDAError):
    """A picture, sound or model file that cannot be used; the text names the file."""


class FaceNotFoundError(MoDAError):
    """No usable face in a picture; the text says how to give points."""


class OutputError(MoDAError):
    """A result that cannot be written where the user asked."""
