import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from moda_core.errors import InputFileError
from moda_core.face.yunet import YuNet, anchors, decode, load_yunet, suppress, yunet_network

pytest.importorskip("kornia")


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """Weights of the network's own shapes, of no use for faces."""
    generator = torch.Generator().manual_seed(0)
    state = yunet_network().state_dict()
    return {
        key: torch.zeros((), dtype=tensor.dtype)
        if not tensor.is_floating_point()
        else torch.rand(tensor.shape, generator=generator) * 0.1
        for key, tensor in state.items()
    }


class Painted(nn.Module):
    """Stands for a trained network: finds red pixels, and says where the points would be."""

    # Relative to the anchor: the box, then eyes, nose and mouth corners, in tenths of its side.
    loc = torch.tensor([0, 0, 0, 0, -2, -2, 2, -2, 0, 0, -1.5, 3, 1.5, 3])

    def __init__(self, anchor_size: float = 48.0) -> None:
        super().__init__()
        self.anchor_size = anchor_size

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        anchor = anchors(*pixels.shape[2:])
        x, y = anchor[:, 0].long(), anchor[:, 1].long()
        blue, _, red = pixels[0, :, y, x]
        face = ((red > 200) & (blue < 50) & (anchor[:, 2] == self.anchor_size)).float()
        return {
            "loc": self.loc.expand(1, len(anchor), 14),
            "conf": torch.stack([1 - face, 0.81 * face], dim=-1)[None],
            "iou": torch.ones(1, len(anchor), 1),
        }


def test_network_has_as_many_outputs_as_there_are_anchors(weights):
    network = yunet_network()
    network.load_state_dict(weights, assign=True)

    output = network(torch.rand(1, 3, 128, 192))

    count = len(anchors(128, 192))
    assert count == 3 * 16 * 24 + 2 * 8 * 12 + 2 * 4 * 6 + 3 * 2 * 3
    assert [output[key].shape for key in ("loc", "conf", "iou")] == [
        (1, count, 14),
        (1, count, 2),
        (1, count, 1),
    ]


def test_anchors_go_by_map_row_cell_and_size():
    first = anchors(128, 64)

    assert first[:4].tolist() == [[4, 4, 10], [4, 4, 16], [4, 4, 24], [12, 4, 10]]
    assert first[3 * 8].tolist() == [4, 12, 10]
    assert first[-3:].tolist() == [[32, 96, 128], [32, 96, 192], [32, 96, 256]]


def test_decoding_follows_the_published_formula():
    anchor = torch.tensor([[100.0, 60.0, 50.0]])
    loc = torch.tensor([[1.0, -2, 3, -1, 2, 1, 0, 0, 0, 0, 0, 0, -4, 5]])

    faces, scores = decode(loc, torch.tensor([[0.1, 0.9]]), torch.tensor([[1.5]]), anchor)

    width, height = 50 * np.exp(0.6), 50 * np.exp(-0.2)
    box = [105 - width / 2, 50 - height / 2, 105 + width / 2, 50 + height / 2]
    assert faces[0, :4].tolist() == pytest.approx(box, rel=1e-5)
    assert faces[0, 4:6].tolist() == [110, 65]
    assert faces[0, 12:].tolist() == [80, 85]
    assert scores[0].item() == pytest.approx(np.sqrt(0.9))  # the overlap counts at most 1


def test_of_overlapping_faces_the_surest_is_kept():
    boxes = [(0, 0, 10, 10), (1, 0, 11, 10), (8, 0, 18, 10), (40, 40, 50, 50)]
    faces = torch.zeros(4, 14)
    faces[:, :4] = torch.tensor(boxes)

    assert suppress(faces, torch.tensor([0.7, 0.9, 0.6, 0.4])) == [1, 2]


@pytest.mark.parametrize("size", [(200, 300), (900, 700), (1080, 1920)])
def test_faces_come_back_in_pixels_of_the_picture(size):
    height, width = size
    image = torch.full((height, width, 3), 100, dtype=torch.uint8)
    scale = max(size) / 320
    x, y = 0.4 * width, 0.6 * height
    rows, columns = (
        slice(round(at - 8 * scale), round(at + 8 * scale)) for at in (y, x)
    )  # one cell of the map of stride 16
    image[rows, columns] = torch.tensor([255, 0, 0], dtype=torch.uint8)

    ((box, landmarks),) = YuNet(Painted()).find(image)

    assert (box.center_x, box.center_y) == pytest.approx((x, y), abs=9 * scale)
    assert box.size == pytest.approx(48 * scale, rel=0.02)
    assert box.angle_deg == pytest.approx(0, abs=0.5)
    assert box.score == landmarks.confidence == pytest.approx(0.9)
    assert landmarks.eye_distance == pytest.approx(4 * 4.8 * scale, rel=0.02)
    assert landmarks.mouth - landmarks.eyes == pytest.approx([0, 5 * 4.8 * scale], rel=0.02, abs=1)
    assert (landmarks.upper_lip == landmarks.mouth).all()
    assert (landmarks.lower_lip == landmarks.mouth).all()


def test_colours_reach_the_network_in_its_order():
    blue = torch.zeros(128, 320, 3, dtype=torch.uint8)
    blue[..., 2] = 255

    assert YuNet(Painted()).find(blue) == []
    assert YuNet(Painted()).find(blue.flip(2)) != []


@pytest.mark.parametrize("name", ["yunet.pth", "yunet.safetensors"])
def test_weights_are_read_from_either_format(weights, tmp_path, name):
    path = tmp_path / name
    save_file(weights, path) if path.suffix == ".safetensors" else torch.save(weights, path)

    detector = load_yunet(path)

    stored = detector.network.state_dict()
    assert all(torch.equal(stored[key], tensor) for key, tensor in weights.items())
    assert not detector.network.training
    assert isinstance(detector.find(torch.zeros(80, 60, 3, dtype=torch.uint8)), list)


def test_half_precision_weights_are_cast(weights, tmp_path):
    halved = {key: t.half() if t.is_floating_point() else t for key, t in weights.items()}
    torch.save(halved, tmp_path / "yunet.pth")

    detector = load_yunet(tmp_path / "yunet.pth")

    assert detector.network.state_dict()["model0.conv1.weight"].dtype == torch.float32


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save({"layer.weight": torch.zeros(3)}, tmp_path / "yunet.pth")

    with pytest.raises(InputFileError, match=r"yunet\.pth.*missing"):
        load_yunet(tmp_path / "yunet.pth")


def test_broken_weights_are_refused_by_name(weights, tmp_path):
    broken = weights | {"head.0.conv1.conv1.bias": torch.full((64,), float("nan"))}
    torch.save(broken, tmp_path / "yunet.pth")

    with pytest.raises(InputFileError, match=r"head\.0\.conv1\.conv1\.bias holds NaN"):
        load_yunet(tmp_path / "yunet.pth")


def test_missing_kornia_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "kornia.contrib.face_detection", None)

    with pytest.raises(InputFileError, match="needs kornia"):
        load_yunet(tmp_path / "yunet.pth")


def test_building_the_network_fetches_nothing():
    # In a fresh process, where every connection is refused.
    program = (
        "import socket, sys\n"
        "def refuse(*args, **kwargs): raise AssertionError('a connection was opened')\n"
        "socket.socket.connect = socket.create_connection = refuse\n"
        "from moda_core.face.yunet import yunet_network\n"
        "yunet_network()\n"
        "assert 'torchvision' not in sys.modules\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert result.returncode == 0, result.stderr


def test_greyscale_picture_in_colour_channels_is_taken():
    picture = np.array(Image.new("L", (64, 96), 90).convert("RGB"))

    assert YuNet(Painted()).find(torch.from_numpy(picture)) == []
