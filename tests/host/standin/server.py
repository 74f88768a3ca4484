"""The host's server, as far as nodes may speak to it."""


class PromptServer:
    """Sends to the page; the host makes one `instance` when it starts to serve."""

    def send_progress_text(self, text, node_id, sid=None) -> None:
        """Show text on a node."""
