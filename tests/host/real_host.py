"""A real ComfyUI without its server: its own loader, validator, cache and executor."""

import asyncio
import inspect
import sys
from pathlib import Path

import execution
from comfyui_version import __version__

import nodes

from .host import ROOT, Host, Result

CLIENT = {"client_id": "test"}


class _Server:
    """The part of the server that the executor uses; records the messages."""

    client_id, last_node_id, last_prompt_id = None, None, None
    sockets_metadata: dict = {}

    def __init__(self):
        self.sent = []

    def send_sync(self, event, data, sid=None):
        self.sent.append((event, data))

    def of(self, event):
        return [data for name, data in self.sent if name == event]


class RealHost(Host):
    """ComfyUI at COMFYUI_PATH."""

    name = f"ComfyUI {__version__}"
    is_real = True

    def __init__(self, base: Path):
        super().__init__(base)
        asyncio.run(self._load_packs())
        self.node_classes = nodes.NODE_CLASS_MAPPINGS
        self.pack = sys.modules.get(str(ROOT).replace(".", "_x_"))

    async def _load_packs(self):
        await nodes.init_builtin_extra_nodes()
        await nodes.load_custom_node(str(ROOT))

    def clear_cache(self) -> None:
        self.server, self.count = _Server(), 0
        accepted = inspect.signature(execution.PromptExecutor.__init__).parameters
        cache = {"cache_args": {"ram": 0, "lru": 0}} if "cache_args" in accepted else {}
        classic = execution.CacheType.CLASSIC
        self.executor = execution.PromptExecutor(self.server, cache_type=classic, **cache)

    def _run(self, prompt: dict) -> Result:
        self.count += 1
        prompt_id = str(self.count)
        valid, error, roots, node_errors = asyncio.run(
            execution.validate_prompt(prompt_id, prompt, None)
        )
        if not valid:
            return Result(error=refusal(error, node_errors), error_type="invalid")
        self.server.sent.clear()
        self.executor.execute(prompt, prompt_id, dict(CLIENT), roots)
        return self._result(prompt)

    def _result(self, prompt: dict) -> Result:
        ran = [data["node"] for data in self.server.of("executing") if data.get("node")]
        failed = (self.server.of("execution_error") or [{}])[0]
        kind = failed.get("exception_type")
        return Result(
            ran=ran,
            cached=[each for data in self.server.of("execution_cached") for each in data["nodes"]],
            outputs=asyncio.run(self._outputs(prompt)),
            ui=self.executor.history_result["outputs"],
            error=(failed and failed["exception_message"].strip()) or None,
            error_type=kind and kind.rpartition(".")[2],
            error_node=failed.get("node_id"),
            interrupted=bool(self.server.of("execution_interrupted")),
        )

    async def _outputs(self, prompt: dict) -> dict[str, tuple]:
        found = {}
        for node_id in prompt:
            entry = self.executor.caches.outputs.get(node_id)
            entry = await entry if inspect.isawaitable(entry) else entry
            if entry is not None:
                found[node_id] = tuple(values[0] for values in entry.outputs)
        return found


def refusal(error: dict, node_errors: dict) -> str:
    """Return the validator's answer as text."""
    lines = [f"{error['type']}: {error['message']} {error['details']}"]
    for node_id, found in node_errors.items():
        for each in found["errors"]:
            lines.append(f"{node_id}: {each['type']}: {each['message']} {each['details']}")
    return "\n".join(lines)
