"""What the process loads from which workers are forked; it alone imports this."""

import gc

from . import worker  # noqa: F401 (and so all that it needs)

# What is loaded stays: no worker's collection looks at it again, and the process ends sooner.
gc.freeze()
