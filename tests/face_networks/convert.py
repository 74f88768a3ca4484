"""Convert MediaPipe's face networks from .tflite to the .safetensors files of `moda_core.face`.

A stand-alone script for an environment of its own; the .tflite files come with mediapipe's wheel::

    python3.11 -m venv ENV
    ENV/bin/pip install mediapipe==0.10.14 tflite safetensors
    ENV/bin/python tests/face_networks/convert.py \\
        ENV/lib/python3.11/site-packages/mediapipe/modules moda_core/face/weights

It reproduces the files of the pack byte for byte. Weights stay the half floats that the .tflite
files hold; only the order of the axes changes, to torch's. A layer is found by what it reads, and
where several layers read one tensor, by their order in the file.
"""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tflite_graph import Graph

FILES = {
    "short_range": "face_detection/face_detection_short_range.tflite",
    "full_range": "face_detection/face_detection_full_range_sparse.tflite",
    "attention_mesh": "face_landmark/face_landmark_with_attention.tflite",
}
# Whether each bottleneck of the full range network has a skip connection, by stage.
FULL_RANGE_SKIPS = ((1, 1, 0, 1, 1), (0, 1, 1), (0, 1, 1), (0, 1, 1, 1))
# Bottlenecks after each level's upsampling, from the coarsest level to the finest.
FULL_RANGE_UP = ((2, 2), (1, 2), (0, 1))
# Branches of lips, left eye and right eye in the attention mesh: points, and the iris of an eye.
BRANCHES = (1, 2, 2)


class LayerCollector:
    """Follows a graph from tensor to tensor and collects weights under torch's names.

    Every method but `padded` and `store` takes the number of a tensor and the name of the module
    that reads it, stores the weights in `state`, and returns the number of the module's output.
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self.state: dict[str, np.ndarray] = {}

    def padded(self, tensor: int) -> list[int]:
        """Return a tensor and its zero-padded copies."""
        return [tensor, *(node.outputs[0] for node in self.graph.readers(tensor, "PAD"))]

    def store(self, name: str, weights: np.ndarray) -> None:
        """Store weights; a name that is there already gets another group of them."""
        groups = [self.state[name]] if name in self.state else []
        self.state[name] = np.concatenate([*groups, weights])

    def conv(self, tensor: int, name: str, index: int = 0, depthwise: bool = False) -> int:
        """Collect the convolution of that index among those that read the tensor."""
        kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        nodes = [node for each in self.padded(tensor) for node in self.graph.readers(each, kind)]
        weight, bias = (self.graph.constants[key] for key in nodes[index].inputs[1:3])
        # TensorFlow's axes are (out, h, w, in); (1, h, w, channels) if depthwise.
        axes = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
        self.store(f"{name}.weight", np.ascontiguousarray(weight.transpose(axes)))
        self.store(f"{name}.bias", bias)
        return nodes[index].outputs[0]

    def pointwise(self, tensor: int, name: str) -> int:
        """Collect a `Pointwise`: its weights are (1, in, out)."""
        [node] = self.graph.readers(tensor, "CONV_2D")
        weight, bias = (self.graph.constants[key] for key in node.inputs[1:3])
        self.store(f"{name}.weight", np.ascontiguousarray(weight.transpose(1, 2, 3, 0)[0]))
        self.store(f"{name}.bias", bias.reshape(1, 1, -1))
        return node.outputs[0]

    def act(self, tensor: int, name: str) -> int:
        """Collect the slopes of a PReLU; a ReLU has none."""
        node = self.graph.readers(tensor, "PRELU", "RELU")[0]
        if node.kind == "PRELU":
            self.store(f"{name}.weight", self.graph.constants[node.inputs[1]].reshape(-1))
        return node.outputs[0]

    def add(self, tensor: int) -> int:
        """Pass the sum with a skip connection."""
        return self.graph.readers(tensor, "ADD", anywhere=True)[0].outputs[0]

    def blocks(self, tensor: int, name: str, count: int, index: int = 0) -> int:
        """Collect BlazeBlocks in a row; `index` chooses the first among those of branches."""
        for block in range(count):
            tensor = self.block(tensor, f"{name}.{block}", 0 if block else index)
        return tensor

    def block(self, tensor: int, name: str, index: int = 0) -> int:
        tensor = self.conv(tensor, f"{name}.depthwise", index, depthwise=True)
        tensor = self.add(self.pointwise(tensor, f"{name}.pointwise"))
        return self.act(tensor, f"{name}.act")

    def narrowed(self, tensor: int, name: str) -> int:
        """Collect the narrowing convolution and the last block before a head's output."""
        tensor = self.act(self.pointwise(tensor, f"{name}.narrow"), f"{name}.narrow_act")
        return self.block(tensor, f"{name}.last")

    def bottleneck(self, tensor: int, name: str, skips: bool = True) -> int:
        for index in (1, 2):
            tensor = self.conv(tensor, f"{name}.depthwise{index}", depthwise=True)
            tensor = self.conv(tensor, f"{name}.pointwise{index}")
        return self.add(tensor) if skips else tensor


def short_range(layers: LayerCollector) -> None:
    """Collect the weights of `ShortRange`."""
    stem = layers.act(layers.conv(layers.graph.inputs[0], "stem"), "stem_act")
    fine = layers.blocks(stem, "fine", 11)
    coarse = layers.blocks(fine, "coarse", 5)
    for index, name in enumerate(("score", "box")):
        layers.conv(fine, f"fine_{name}", index)
        layers.conv(coarse, f"coarse_{name}", index)


def full_range(layers: LayerCollector) -> None:
    """Collect the weights of `FullRange`."""
    tensor, across = layers.conv(layers.graph.inputs[0], "stem"), []
    for stage, skips in enumerate(FULL_RANGE_SKIPS):
        for index, skip in enumerate(skips):
            tensor = layers.bottleneck(tensor, f"down.{stage}.{index}", bool(skip))
        across.append(layers.conv(tensor, f"across.{stage}"))
    tensor = across[-1]
    for level, count in FULL_RANGE_UP:
        tensor = layers.add(layers.graph.readers(tensor, "RESIZE_BILINEAR")[0].outputs[0])
        for index in range(count):
            tensor = layers.bottleneck(tensor, f"up.{level}.{index}")
        if level:
            tensor = layers.conv(tensor, f"narrow.{level - 1}")
    for index, (name, num_values) in enumerate((("score", 1), ("box", 16))):
        layers.conv(layers.conv(tensor, name, index), f"{name}_last", depthwise=True)
        # TensorFlow's depth_to_space has the channel last, torch's pixel_shuffle has it first.
        order = np.arange(4 * num_values).reshape(4, num_values).T.reshape(-1)
        for key in (f"{name}.weight", f"{name}.bias", f"{name}_last.weight", f"{name}_last.bias"):
            layers.state[key] = np.ascontiguousarray(layers.state[key][order])


def attention_mesh(layers: LayerCollector) -> None:
    """Collect the weights of `AttentionMesh`."""
    stem = layers.act(layers.conv(layers.graph.inputs[0], "stem"), "stem_act")
    early = layers.blocks(stem, "early", 3)
    late = layers.blocks(early, "late", 11)
    features = layers.narrowed(layers.blocks(late, "mesh.blocks", 3), "mesh")
    layers.conv(features, "points", 0)
    layers.conv(features, "score", 1)
    regions = layers.graph.readers(early, "TransformTensorBilinear")
    placed = 0
    for region, num_branches in zip(regions, BRANCHES, strict=True):
        shared = layers.blocks(region.outputs[0], "regions.trunk", 6)
        for index in range(num_branches):
            tensor = layers.blocks(shared, "regions.branches.blocks", 5, index)
            tensor = layers.narrowed(tensor, "regions.branches")
            layers.conv(tensor, f"regions.points.{placed}")
            placed += 1


def main(modules: Path, out: Path) -> None:
    """Convert every network of mediapipe's `modules` folder into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    for collect in (short_range, full_range, attention_mesh):
        name = collect.__name__
        layers = LayerCollector(Graph(modules / FILES[name]))
        collect(layers)
        save_file(layers.state, out / f"{name}.safetensors")
        count = sum(weight.size for weight in layers.state.values())
        print(f"{name}: {len(layers.state)} tensors, {count} numbers")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
