"""Tests do not depend on the settings of whoever runs them."""

import os
import tempfile

# Before anything imports huggingface_hub, which reads them once.
SETTINGS = (
    "MODA_MODELS",
    *("HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_TOKEN", "HF_HUB_DISABLE_IMPLICIT_TOKEN"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
)
for name in SETTINGS:
    os.environ.pop(name, None)
os.environ["HF_HUB_DISABLE_XET"] = "1"

# What the command line remembers of checked files.
CACHE = tempfile.TemporaryDirectory(prefix="moda-test-cache-")
os.environ["XDG_CACHE_HOME"] = os.environ["LOCALAPPDATA"] = CACHE.name
