"""Errors that a user can act on."""


class MoDAError(Exception):
    """Base of the errors that users can act on; the text is one sentence that says how."""


class InputFileError(MoDAError):
    """A picture, sound or model file that cannot be used; the text names the file."""


class MissingModelError(InputFileError):
    """Model files that are not where they were looked for; the text names all of them."""


class FaceNotFoundError(MoDAError):
    """No usable face in a picture; the text says how to give points."""


class OutputError(MoDAError):
    """A result that cannot be written where the user asked."""


class DownloadError(MoDAError):
    """A model file that cannot be fetched; the text names the file, its address and what to do."""
