"""Failures of a connection that may pass, and how long to wait for that."""

import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

MAX_RETRIES = 5  # in a row, without a new byte
WAITS_S = (1.0, 2.0, 4.0, 8.0)
LONGEST_WAIT_S = 120.0
STEP_S = 0.2  # so that a cancel is noticed soon


class TransientError(Exception):
    """A failure that may pass; the text is a clause such as "the connection was lost".

    Parameters
    ----------
    reason : str
    wait_s : float, optional
        How long the server asks to wait.
    """

    def __init__(self, reason: str, wait_s: float | None = None):
        super().__init__(reason)
        self.wait_s = wait_s


class Patience:
    """Counts failures in a row and waits after each.

    Parameters
    ----------
    on_wait : callable ()
        Called in every short step of a wait; may raise to cancel.
    sleep : callable (seconds)
    """

    def __init__(self, on_wait: Callable[[], None], sleep: Callable[[float], None]):
        self.on_wait, self.sleep = on_wait, sleep
        self.num_failures = 0

    def reset(self) -> None:
        """Forget the failures, because something has come."""
        self.num_failures = 0

    def wait(self, failure: TransientError) -> None:
        """Wait after a failure.

        Raises
        ------
        TransientError
            `failure` itself, if it was one too many or the server asks for too long a wait.
        """
        self.num_failures += 1
        wait_s = WAITS_S[min(self.num_failures, len(WAITS_S)) - 1]
        if failure.wait_s is not None:
            wait_s = failure.wait_s
        if self.num_failures > MAX_RETRIES or wait_s > LONGEST_WAIT_S:
            raise failure
        while wait_s > 0:
            self.on_wait()
            self.sleep(min(wait_s, STEP_S))
            wait_s -= STEP_S
        self.on_wait()


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds an answer asks to wait, None if it does not.

    Parameters
    ----------
    headers : mapping of str to str
        ``Retry-After`` holds seconds or a date; of the hub's own ``RateLimit`` counts ``t``, the
        seconds until more requests are allowed.
    """
    value = headers.get("Retry-After")
    if value is None:
        limit = re.search(r";\s*t=(\d+)", headers.get("RateLimit") or "")
        return float(limit[1]) if limit else None
    digits = re.fullmatch(r"\s*(\d+)\s*", value)
    if digits:
        return float(digits[1][:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
