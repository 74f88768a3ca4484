"""The pack loads as ComfyUI loads it: by path, under a name of its own, off `sys.path`."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from .host import REAL, ROOT, STANDIN

IMPORT_ALONE = """
import importlib.util, json, sys
root = sys.argv[1]
spec = importlib.util.spec_from_file_location(
    "pack", root + "/__init__.py", submodule_search_locations=[root]
)
module = sys.modules["pack"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(json.dumps(sorted(sys.modules)))
"""
NODES = [
    "MoDALoadAudioEncoder", "MoDALoadMotionModel", "MoDALoadRenderer", "MoDAEncodeAudio",
    "MoDAExtractIdentity", "MoDAEmotion", "MoDASampleMotion", "MoDARenderVideo",
    "MoDARenderFrames", "MoDAPreviewMotion", "MoDATalkingPortrait", "MoDAExample",
    "MoDADownloadModels", "MoDAMixMotion", "MoDAPose", "MoDAEyes", "MoDALips", "MoDASmoothMotion",
    "MoDARetimeMotion", "MoDAFadeMotion", "MoDAIdleMotion", "MoDAConcatMotion", "MoDASaveMotion",
    "MoDALoadMotion", "MoDADirector", "MoDAEmotionBlend", "MoDAEmotionTimeline", "MoDAGuidance",
    "MoDASolver", "MoDAWindows", "MoDAHoldMotion", "MoDAInvertMotion", "MoDABestOfN",
    "MoDATrackFace", "MoDARelipVideo", "MoDASpeaker", "MoDAConversation", "MoDARenderScene",
    "MoDAExpression", "MoDALoadPictureFolder", "MoDALoadSoundFolder", "MoDAStyleMotion",
    "MoDAStyleContext", "MoDADiversity", "MoDARefineMotion", "MoDACleanSpeech",
    "MoDAPerturbedGuidance", "MoDAScore",
]  # fmt: skip


def output_of(*command):
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def loaded():
    """What the import of the pack in a new process brought."""
    script = Path(__file__).with_name("time_import.py")
    return output_of(str(script), str(ROOT), REAL or str(STANDIN))


def test_the_root_is_not_on_the_path(host):
    assert str(ROOT) not in [str(Path(entry).resolve()) for entry in sys.path if entry]


def test_importing_the_pack_needs_no_host():
    modules = output_of("-c", IMPORT_ALONE, str(ROOT))

    assert not {"torch", "comfy", "comfy_api", "folder_paths"} & set(modules)


def test_v1_mappings_are_absent_so_that_the_entrypoint_is_used(host):
    assert Path(host.pack.__path__[0], host.pack.WEB_DIRECTORY).is_dir()
    assert not hasattr(host.pack, "NODE_CLASS_MAPPINGS")
    assert callable(host.pack.comfy_entrypoint)


def test_the_core_is_reached_as_the_packs_submodule(host):
    motion = importlib.import_module(f"{host.pack.__name__}.moda_core.motion.motion")

    assert motion.released_stats().mean.shape == (70,)
    assert "moda_core" not in sys.modules


def test_the_host_has_all_nodes(host):
    found = [name for name in host.node_classes if name.startswith("MoDA")]

    assert sorted(found) == sorted(NODES)


def test_a_new_process_gets_all_nodes(loaded):
    assert loaded["nodes"] == len(NODES)


def test_loading_brings_no_heavy_library(loaded):
    heavy = {"transformers", "cv2", "kornia", "huggingface_hub", "torchvision", "torchaudio"}

    assert not heavy & set(loaded["modules"])
