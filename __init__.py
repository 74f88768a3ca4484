"""ComfyUI-MoDA: talking-head animation from a portrait and speech."""

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    """Return the pack's extension; called by ComfyUI when it loads the pack."""
    from .nodes.extension import MoDAExtension

    return MoDAExtension()
