"""The operators of a .tflite file, and its constants as dense arrays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tflite
from tflite.Int32Vector import Int32Vector
from tflite.Model import Model
from tflite.Uint8Vector import Uint8Vector
from tflite.Uint16Vector import Uint16Vector

OPERATORS = {
    code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)
}
DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}
INDEX_VECTORS = {1: Int32Vector, 2: Uint16Vector, 3: Uint8Vector}
UNPACKING = ("DEQUANTIZE", "DENSIFY")  # half floats to floats, sparse weights to dense ones


@dataclass(frozen=True)
class Node:
    """An operator: its kind, and the numbers of the tensors that it reads and writes.

    The kind is the name of a built-in operator, `CONV_2D`, or that of a custom one.
    """

    kind: str
    inputs: list[int]
    outputs: list[int]


class Graph:
    """The graph of a file with a single one, without the operators that unpack weights.

    `constants` holds the dense arrays by tensor, in the types of the file.
    """

    def __init__(self, path: Path):
        model = Model.GetRootAs(path.read_bytes(), 0)
        graph = model.Subgraphs(0)
        self.inputs: list[int] = graph.InputsAsNumpy().tolist()
        self.constants: dict[int, np.ndarray] = {}
        for index in range(graph.TensorsLength()):
            tensor = graph.Tensors(index)
            buffer = model.Buffers(tensor.Buffer())
            if buffer.DataLength():
                values = buffer.DataAsNumpy().view(DTYPES[tensor.Type()])
                shape = tuple(tensor.ShapeAsNumpy()) if tensor.ShapeLength() else ()
                self.constants[index] = dense(values, shape, tensor.Sparsity())
        self.nodes: list[Node] = []
        for index in range(graph.OperatorsLength()):
            operator = graph.Operators(index)
            code = model.OperatorCodes(operator.OpcodeIndex())
            kind = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            if kind == "CUSTOM":
                kind = code.CustomCode().decode()
            inputs, outputs = operator.InputsAsNumpy().tolist(), operator.OutputsAsNumpy().tolist()
            if kind in UNPACKING:
                self.constants[outputs[0]] = self.constants[inputs[0]]
            else:
                self.nodes.append(Node(kind, inputs, outputs))

    def readers(self, tensor: int, *kinds: str, anywhere: bool = False) -> list[Node]:
        """Return the operators of some kinds that read a tensor first, or `anywhere`, in order."""
        return [
            node
            for node in self.nodes
            if node.kind in kinds and tensor in (node.inputs if anywhere else node.inputs[:1])
        ]


def dense(values: np.ndarray, shape: tuple[int, ...], sparsity: object | None) -> np.ndarray:
    """Return an array of a shape from its stored values.

    A sparse array lists its values by walking a tree, whose levels are the axes in
    `TraversalOrder`. Axes from `len(shape)` on count inside blocks; `BlockMap` names the axis of
    the shape that each of them subdivides. The children of a node are all indices of a dense axis,
    and of a compressed one ``ArrayIndices[s[p]:s[p + 1]]``, where s is `ArraySegments` and p
    numbers the nodes of the level above.
    """
    if sparsity is None:
        return values.reshape(shape)
    order = sparsity.TraversalOrderAsNumpy().tolist()
    block_axes = sparsity.BlockMapAsNumpy().tolist() if sparsity.BlockMapLength() else []
    levels = [sparsity.DimMetadata(level) for level in range(sparsity.DimMetadataLength())]
    paths = np.zeros((1, 0), int)
    for level in levels:
        if level.Format() == tflite.DimensionType.DENSE:
            indices = np.tile(np.arange(level.DenseSize()), len(paths))
            parents = np.repeat(np.arange(len(paths)), level.DenseSize())
        else:
            indices = index_vector(level, "ArrayIndices")
            counts = np.diff(index_vector(level, "ArraySegments"))
            parents = np.repeat(np.arange(len(paths)), counts)
        paths = np.concatenate([paths[parents], indices[:, None]], axis=1)
    index = [paths[:, order.index(axis)] for axis in range(len(shape))]
    for block, axis in enumerate(block_axes, len(shape)):
        level = order.index(block)
        index[axis] = index[axis] * levels[level].DenseSize() + paths[:, level]
    result = np.zeros(shape, values.dtype)
    result[tuple(index)] = values
    return result


def index_vector(level: object, name: str) -> np.ndarray:
    """Return the segments or the indices of a compressed axis."""
    table = getattr(level, name)()
    vector = INDEX_VECTORS[getattr(level, f"{name}Type")()]()
    vector.Init(table.Bytes, table.Pos)
    return vector.ValuesAsNumpy().astype(int)
