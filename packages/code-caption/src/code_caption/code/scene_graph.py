"""A scene as a graph: a node for each thing, an edge for each relation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from code_caption.corners import around
from code_caption.errors import SceneError
from code_caption.scene import BoxFractions, Element, Group, Relation, Scene


@dataclass(frozen=True)
class GraphNode:
    """One thing, or several of a kind that stand together."""

    name: str
    box: BoxFractions
    """Around all of them, if they are several."""
    attributes: tuple[str, ...] = ()
    count: int = 1
    caption: str = ""
    text: str = ""
    members: tuple[BoxFractions, ...] = ()
    """The box of each, if the node is a group; empty: it is an element."""


@dataclass(frozen=True)
class GraphEdge:
    """What one node has to do with another."""

    subject: int
    """Index of a node."""
    predicate: str
    """The relation's whole sentence: it was checked as one, and is not taken apart."""
    object: int
    """Index of the other node."""


@dataclass(frozen=True)
class SceneGraph:
    """Nodes, and edges between them."""

    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()
    caption: str = ""
    """About the whole image."""


def scene_to_graph(scene: Scene) -> SceneGraph:
    """The scene as a graph; nodes are the elements, then the groups, so that the indices of relations hold.

    >>> scene = Scene(elements=(Element("duck", (0.1, 0.2, 0.4, 0.6)), Element("pond", (0.0, 0.3, 1.0, 1.0))),
    ...               relations=(Relation(0, 1, "A duck swims on a pond."),))
    >>> scene_to_graph(scene).edges
    (GraphEdge(subject=0, predicate='A duck swims on a pond.', object=1),)
    """
    elements = [
        GraphNode(each.name, each.box, each.attributes, caption=each.caption, text=each.text) for each in scene.elements
    ]
    groups = [GraphNode(each.name, each.box, count=each.count, members=each.members) for each in scene.groups]
    edges = tuple(GraphEdge(each.a, each.caption, each.b) for each in scene.relations)
    return SceneGraph((*elements, *groups), edges, scene.caption)


def graph_to_scene(graph: SceneGraph) -> Scene:
    """The scene that a graph tells of; `graph_to_scene(scene_to_graph(scene)) == scene`.

    Elements and groups keep the order of their nodes.

    Raises:
        SceneError: a group's count or box is not that of its members, a group has what only elements have, an edge
            names a node that is not there, or the scene does not hold together.
    """
    elements = [index for index, node in enumerate(graph.nodes) if not node.members]
    groups = [index for index, node in enumerate(graph.nodes) if node.members]
    place = {index: place for place, index in enumerate(elements + groups)}
    return Scene(
        graph.caption,
        tuple(_node_to_element(graph.nodes[index]) for index in elements),
        tuple(_node_to_group(graph.nodes[index]) for index in groups),
        tuple(_edge_to_relation(edge, place) for edge in graph.edges),
    )


def graph_to_node_link(graph: SceneGraph) -> dict[str, Any]:
    """The graph as plain values in node-link form, a directed multigraph.

    `networkx.node_link_graph(values, edges="edges")` reads it; node ids are the indices.
    """
    nodes = [{"id": index, **_node_values(node)} for index, node in enumerate(graph.nodes)]
    edges = [
        {"source": edge.subject, "target": edge.object, "key": key, "predicate": edge.predicate}
        for key, edge in enumerate(graph.edges)
    ]
    return {"directed": True, "multigraph": True, "graph": {"caption": graph.caption}, "nodes": nodes, "edges": edges}


def _node_values(node: GraphNode) -> dict[str, Any]:
    return {
        "name": node.name,
        "box": list(node.box),
        "attributes": list(node.attributes),
        "count": node.count,
        "caption": node.caption,
        "text": node.text,
        "members": [list(box) for box in node.members],
    }


def _node_to_element(node: GraphNode) -> Element:
    if node.count != 1:
        raise SceneError("group_count", f"node {node.name!r} must have count 1 or members; got count {node.count}.")
    return Element(node.name, node.box, node.caption, node.attributes, node.text)


def _node_to_group(node: GraphNode) -> Group:
    if node.count != len(node.members):
        expected = f"count {len(node.members)}, one for each member"
        raise SceneError("group_count", f"node {node.name!r} must have {expected}; got {node.count}.")
    if node.box != around(node.members):
        raise SceneError("group_box", f"node {node.name!r} must have the box around its members; got {node.box}.")
    if node.attributes or node.caption or node.text:
        raise SceneError("group_field", f"node {node.name!r} is a group; it must have no attributes, caption or text.")
    return Group(node.name, node.members)


def _edge_to_relation(edge: GraphEdge, place: dict[int, int]) -> Relation:
    if edge.subject not in place or edge.object not in place:
        expected = f"two nodes below {len(place)}"
        raise SceneError("relation", f"an edge must name {expected}; got {edge.subject} and {edge.object}.")
    return Relation(place[edge.subject], place[edge.object], edge.predicate)
