"""Builds the graph that a node is expanded to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A node of the graph."""

    id: str
    class_type: str
    inputs: dict

    def out(self, index: int) -> list:
        """Return a link to an output."""
        return [self.id, index]


class GraphBuilder:
    """Collects nodes whose ids begin with a prefix; without ids they are counted from 1."""

    def __init__(self, prefix: str):
        self.prefix, self.nodes = prefix, {}

    def node(self, class_type: str, id: str | None = None, **inputs) -> Node:
        """Add a node, or return the one that has the id already."""
        key = self.prefix + (id or str(len(self.nodes) + 1))
        return self.nodes.setdefault(key, Node(key, class_type, inputs))

    def finalize(self) -> dict:
        """Return the graph in the form of a prompt."""
        return {
            key: {"class_type": node.class_type, "inputs": node.inputs}
            for key, node in self.nodes.items()
        }
