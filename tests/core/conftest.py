"""What several files of tests share: a released file to convert, a hub to fetch from."""

import pytest
import torch

from tests.parity.synthetic_weights import checkpoint_state

from .model_files.fault_cases import model_file, weights
from .model_files.hub_server import HubServer

SMALL = "appearance_feature_extractor"


@pytest.fixture(scope="session")
def appearance():
    """The weights of the smallest whole network, which nobody may change."""
    return checkpoint_state(SMALL)


@pytest.fixture
def original(tmp_path, appearance):
    """Their file, as it is published."""
    path = tmp_path / f"{SMALL}.pth"
    torch.save(appearance, path)
    return path


@pytest.fixture
def hub():
    """A hub with one file."""
    with HubServer(weights()) as server:
        yield server


@pytest.fixture
def target(tmp_path):
    """Where the file of the hub goes."""
    path = tmp_path / model_file().target
    path.parent.mkdir()
    return path
