"""The list of nodes that ComfyUI asks the pack for."""

from comfy_api.latest import ComfyExtension, io


class MoDAExtension(ComfyExtension):
    """ComfyUI-MoDA's nodes."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """Return the node classes; so far the pack works from the command line only."""
        return []
