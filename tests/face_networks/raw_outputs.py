"""Store raw outputs of the face networks, by LiteRT and MediaPipe, for `run.py parity`.

A stand-alone script for an environment of its own::

    python3.11 -m venv ENV
    ENV/bin/pip install mediapipe==0.10.14 ai-edge-litert Pillow
    ENV/bin/python tests/face_networks/raw_outputs.py tests/parity/golden

It writes `faces.npz` into the folder and its case into the folder's `cases.json`. LiteRT runs the
two detectors. The attention mesh has operators of MediaPipe's own, so a graph of MediaPipe runs it,
which also joins the outputs to one mesh. The pictures are crops of the bundled portrait and two
drawn ones, 192 pixels wide; the short range detector gets the 128 in the middle.
"""

import json
import sys
from pathlib import Path

import mediapipe
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from mediapipe.framework.formats import landmark_pb2
from mediapipe.python import packet_creator, packet_getter
from mediapipe.python._framework_bindings import calculator_graph, resource_util
from PIL import Image, ImageDraw

PACKAGE = Path(mediapipe.__file__).parent
MESH_MODEL = "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite"
DETECTORS = {
    "short_range": ("face_detection_short_range.tflite", 128),
    "full_range": ("face_detection_full_range_sparse.tflite", 192),
}
SIDE = 192
NUM_MESH_TENSORS = 6  # mesh, lips, eyes, irises; the seventh is the logit
# Stored of the detectors' anchors; no divisor of their numbers in a row or in a place.
ANCHOR_STEP = 13
TOLERANCE = 5e-6  # of an array's largest value
PORTRAIT = Path(__file__).parents[2] / "moda_core/example/portrait.jpg"
# Left, top, side and clockwise turn in degrees of the crops.
CROPS = ((185, 115, 240, 0), (150, 80, 310, 35), (0, 0, 608, 0))

MESH_GRAPH = f"""
input_stream: "image"
output_stream: "mesh"
output_stream: "logit"
node {{
  calculator: "TensorConverterCalculator"
  input_stream: "IMAGE:image"
  output_stream: "TENSORS:pixels"
  options {{ [mediapipe.TensorConverterCalculatorOptions.ext] {{ zero_center: false }} }}
}}
node {{
  calculator: "TfLiteCustomOpResolverCalculator"
  output_side_packet: "OP_RESOLVER:operators"
  options {{ [mediapipe.TfLiteCustomOpResolverCalculatorOptions.ext] {{ use_gpu: false }} }}
}}
node {{
  calculator: "InferenceCalculator"
  input_side_packet: "OP_RESOLVER:operators"
  input_stream: "TENSORS:pixels"
  output_stream: "TENSORS:outputs"
  options {{ [mediapipe.InferenceCalculatorOptions.ext] {{
    model_path: "{MESH_MODEL}"
    delegate {{ xnnpack {{ num_threads: 1 }} }}
  }} }}
}}
node {{
  calculator: "SplitTensorVectorCalculator"
  input_stream: "outputs"
  output_stream: "mesh_tensors"
  output_stream: "logit_tensor"
  options {{ [mediapipe.SplitVectorCalculatorOptions.ext] {{
    ranges: {{ begin: 0 end: {NUM_MESH_TENSORS} }}
    ranges: {{ begin: {NUM_MESH_TENSORS} end: {NUM_MESH_TENSORS + 1} }}
  }} }}
}}
node {{
  calculator: "TensorsToFaceLandmarksWithAttention"
  input_stream: "TENSORS:mesh_tensors"
  output_stream: "LANDMARKS:mesh"
}}
node {{
  calculator: "TensorsToFloatsCalculator"
  input_stream: "TENSORS:logit_tensor"
  output_stream: "FLOATS:logit"
}}
"""


def make_pictures() -> np.ndarray:
    """Return the pictures (n, 192, 192, 3), uint8."""
    portrait = Image.open(PORTRAIT).convert("RGB")
    pictures = []
    for left, top, side, turn_deg in CROPS:
        middle = (left + side / 2, top + side / 2)
        turned = portrait.rotate(-turn_deg, Image.Resampling.BICUBIC, center=middle)
        square = turned.crop((left, top, left + side, top + side))
        pictures.append(square.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    smiley = Image.new("RGB", (SIDE, SIDE), (240, 240, 235))
    draw = ImageDraw.Draw(smiley)
    draw.ellipse((36, 36, 156, 156), fill=(250, 210, 60), outline="black", width=3)
    for x in (76, 116):
        draw.ellipse((x - 8, 70, x + 8, 90), fill="black")
    draw.arc((66, 80, 126, 134), 20, 160, fill="black", width=4)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    waves = [np.sin(40 * x + 9 * y * y), np.sin(25 * x * y), np.cos(30 * y - 12 * x)]
    waves = (127.5 + 127.5 * np.round(4 * np.stack(waves, axis=-1)) / 4).astype(np.uint8)
    return np.stack([np.asarray(picture) for picture in (*pictures, smiley, waves)])


def run_detector(file: str, side: int, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values (n, anchors, 16) and the logits (n, anchors) of a detector."""
    interpreter = Interpreter(str(PACKAGE / "modules/face_detection" / file), num_threads=1)
    interpreter.allocate_tensors()
    margin = (SIDE - side) // 2
    middles = pictures[:, margin : margin + side, margin : margin + side]
    results = []
    for pixels in middles.astype(np.float32) / 127.5 - 1:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels[None])
        interpreter.invoke()
        tensors = [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]
        results.append(sorted(tensors, key=np.size, reverse=True))
    values, logits = (np.concatenate(tensors) for tensors in zip(*results, strict=True))
    return values, logits[..., 0]


def run_mesh(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the meshes (n, 478, 3), in pixels of the pictures, and the logits (n,)."""
    resource_util.set_resource_dir(str(PACKAGE.parent))
    graph = calculator_graph.CalculatorGraph(graph_config=MESH_GRAPH)
    lists: list[landmark_pb2.NormalizedLandmarkList] = []
    logits: list[float] = []
    graph.observe_output_stream(
        "mesh", lambda _, found: lists.append(packet_getter.get_proto(found))
    )
    graph.observe_output_stream(
        "logit", lambda _, found: logits.extend(packet_getter.get_float_list(found))
    )
    graph.start_run()
    for index, picture in enumerate(pictures):
        image = packet_creator.create_image_frame(picture, image_format=mediapipe.ImageFormat.SRGB)
        graph.add_packet_to_input_stream("image", image.at(index))
        graph.wait_until_idle()
    meshes = [[(point.x, point.y, point.z) for point in each.landmark] for each in lists]
    return np.array(meshes, np.float32) * SIDE, np.array(logits, np.float32)


def main(folder: Path) -> None:
    """Write the arrays and their case."""
    arrays = {"pictures": make_pictures()}
    for name, detector in DETECTORS.items():
        values, logits = run_detector(*detector, arrays["pictures"])
        arrays |= {f"{name}_values": values[:, ::ANCHOR_STEP], f"{name}_logits": logits}
    arrays["mesh_points"], arrays["mesh_logits"] = run_mesh(arrays["pictures"])
    np.savez_compressed(folder / "faces.npz", **arrays)
    case = {
        "arrays": {name: [list(array.shape), str(array.dtype)] for name, array in arrays.items()},
        "inputs": "pictures / 127.5 - 1 for the detectors, / 255 for the mesh",
        "short_range_side": DETECTORS["short_range"][1],
        "subsample": "; ".join(f"{name}_values[:, ::{ANCHOR_STEP}]" for name in DETECTORS),
        "tol": {
            name: {"rel": TOLERANCE, "floor": float(np.abs(array).max())}
            for name, array in arrays.items()
        }
        | {"pictures": {"input": True}},
    }
    path = folder / "cases.json"
    cases = json.loads(path.read_text("utf-8")) | {"faces.npz": case}
    path.write_text(json.dumps(cases, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
