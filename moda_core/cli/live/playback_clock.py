"""The clock by which a page plays, as the server knows it."""

import time
from collections.abc import Callable

UNTOLD_S = 0.4  # for which the page is believed to play on after its last word


class PlaybackClock:
    """Tells how far a page has played, from what it says now and then.

    It stands still before the first word, while it is paused, and where the page stays silent; so
    nothing is made for a page that does not play. It never goes back.

    Parameters
    ----------
    lead_s : float
        How far it is ahead of the page.
    clock : callable () -> seconds
    """

    def __init__(self, lead_s: float, clock: Callable[[], float] = time.monotonic):
        self._lead_s, self._clock = lead_s, clock
        self._told: tuple[float, float] | None = None  # a place, and when it was told
        self._latest_s = 0.0

    def __call__(self) -> float:
        """Return the seconds that were played, and the lead."""
        if self._told is not None:
            place_s, told_at = self._told
            since_s = min(self._clock() - told_at, UNTOLD_S)
            self._latest_s = max(self._latest_s, place_s + since_s + self._lead_s)
        return self._latest_s

    def tell(self, place_s: float) -> None:
        """Take the page's word for how many seconds it has played."""
        self._told = place_s, self._clock()

    def pause(self) -> None:
        """Stand still until the page says how far it is."""
        self()
        self._told = None
