"""Progress that nodes report."""

PROGRESS_BAR_HOOK = None


def set_progress_bar_global_hook(function) -> None:
    """Let a function of (value, total, preview, node_id) hear of all progress."""
    global PROGRESS_BAR_HOOK
    PROGRESS_BAR_HOOK = function


class ProgressBar:
    """Progress of one node, with an optional preview ("JPEG", picture, largest side)."""

    def __init__(self, total, node_id=None):
        self.total, self.current, self.node_id = total, 0, node_id
        self.hook = PROGRESS_BAR_HOOK

    def update_absolute(self, value, total=None, preview=None) -> None:
        """Report how much is done; raises if the user cancelled."""
        if total is not None:
            self.total = total
        self.current = min(value, self.total)
        if self.hook is not None:
            self.hook(self.current, self.total, preview, node_id=self.node_id)

    def update(self, value) -> None:
        """Report how much more is done; raises if the user cancelled."""
        self.update_absolute(self.current + value)
