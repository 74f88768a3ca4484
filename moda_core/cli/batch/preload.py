"""What the process loads from which workers are forked; it alone imports this."""

from ...runtime.loading import loading

with loading():
    from . import worker  # noqa: F401 (and so all that it needs)
