"""A node that notes what it is given."""

from comfy_api.latest import io

CALLS: list[tuple] = []  # picture, sound and name of each call


class Seen(io.ComfyNode):
    """Notes what each of its calls is given."""

    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TestSeen",
            is_output_node=True,
            inputs=[
                io.Image.Input("image", optional=True),
                io.Audio.Input("audio", optional=True),
                io.String.Input("name", default="", optional=True),
            ],
        )

    @classmethod
    def execute(cls, image=None, audio=None, name=""):
        CALLS.append((image, audio, name))
        return io.NodeOutput()
