import json
import math

import pytest
from code_caption.code.json_form import json_to_scene, scene_to_json
from code_caption.code.scene_graph import (
    GraphEdge,
    GraphNode,
    SceneGraph,
    graph_to_node_link,
    graph_to_scene,
    scene_to_graph,
)
from code_caption.errors import SceneError
from code_caption.scene import Element, Group, Relation, Scene

BOX = (0.1, 0.25, 0.333333333, 1.0)
MEMBERS = ((0.1, 0.1, 0.2, 0.2), (0.5, 0.5, 0.6, 0.6))
SCENE = Scene(
    "A pond.",
    (Element("duck", BOX, "A duck.", ("red", "wet"), "No. 7"), Element("pond", (0.0, 0.0, 1.0, 1.0))),
    (Group("chair", MEMBERS),),
    (Relation(0, 1, "A duck swims."), Relation(2, 1, "Chairs stand by."), Relation(0, 1, "It is wet.")),
)
VALUES = {
    "caption": "A pond.",
    "elements": [
        {"name": "duck", "box": list(BOX), "caption": "A duck.", "attributes": ["red", "wet"], "text": "No. 7"},
        {"name": "pond", "box": [0.0, 0.0, 1.0, 1.0], "caption": "", "attributes": [], "text": ""},
    ],
    "groups": [{"name": "chair", "members": [[0.1, 0.1, 0.2, 0.2], [0.5, 0.5, 0.6, 0.6]]}],
    "relations": [
        {"a": 0, "b": 1, "caption": "A duck swims."},
        {"a": 2, "b": 1, "caption": "Chairs stand by."},
        {"a": 0, "b": 1, "caption": "It is wet."},
    ],
}


def test_json_holds_all_fields_as_plain_values():
    assert scene_to_json(SCENE) == VALUES


def test_json_gives_the_scene_back():
    assert json_to_scene(json.loads(json.dumps(scene_to_json(SCENE)))) == SCENE
    assert json_to_scene(scene_to_json(Scene())) == json_to_scene({}) == Scene()
    assert json_to_scene({"elements": [{"name": "duck", "box": [0, 0, 1, 1]}]}).elements[0].caption == ""


@pytest.mark.parametrize(
    ("values", "reason", "message"),
    [
        ([], "wrong_type", "a scene must be a dict; got list."),
        ({"captoin": ""}, "unknown_key", "got 'captoin'."),
        ({"caption": None}, "wrong_type", "caption must be a string; got NoneType."),
        ({"elements": "duck"}, "wrong_type", "elements must be a list; got str."),
        ({"elements": [[]]}, "wrong_type", "an element must be a dict; got list."),
        ({"elements": [{"name": "duck"}]}, "missing_key", "'box' is missing."),
        ({"elements": [{"name": "duck", "box": [0, 0, 1, True]}]}, "wrong_type", "a box must hold numbers; got bool."),
        ({"elements": [{"name": "duck", "box": [0, 0, 64, 48]}]}, "box", "got 64. Pass fractions."),
        ({"elements": [{"name": "duck", "box": [0, 0, math.nan, 1]}]}, "box", "got nan. Pass fractions."),
        (
            {"elements": [{"name": "duck", "box": [0, 0, 1]}]},
            "box",
            "a box must be four finite numbers; got (0, 0, 1).",
        ),
        ({"elements": [{"name": "", "box": [0, 0, 1, 1]}]}, "no_name", "a name must hold a word; got ''."),
        ({"groups": [{"name": "x", "members": [], "count": 0}]}, "unknown_key", "got 'count'."),
        ({"groups": [{"name": "x", "members": []}]}, "empty_group", "must have members; got none."),
        (
            {"relations": [{"a": 0.0, "b": 1, "caption": "x"}]},
            "wrong_type",
            "an index must be a whole number; got float.",
        ),
        ({"relations": [{"a": 0, "b": 1, "caption": "x"}]}, "relation", "got 0 and 1."),
    ],
)
def test_other_values_are_refused(values, reason, message):
    with pytest.raises(SceneError) as caught:
        json_to_scene(values)
    assert caught.value.reason == reason
    assert str(caught.value).endswith(message)


def test_a_graph_has_a_node_for_each_thing_and_an_edge_for_each_relation():
    graph = scene_to_graph(SCENE)
    assert graph.nodes == (
        GraphNode("duck", BOX, ("red", "wet"), caption="A duck.", text="No. 7"),
        GraphNode("pond", (0.0, 0.0, 1.0, 1.0)),
        GraphNode("chair", (0.1, 0.1, 0.6, 0.6), count=2, members=MEMBERS),
    )
    assert graph.edges[1] == GraphEdge(2, "Chairs stand by.", 1)
    assert graph.caption == "A pond."


def test_a_graph_gives_the_scene_back():
    assert graph_to_scene(scene_to_graph(SCENE)) == SCENE
    assert graph_to_scene(scene_to_graph(Scene())) == Scene()


def test_groups_may_stand_before_elements_in_a_graph():
    duck, pond, chairs = scene_to_graph(SCENE).nodes
    edges = (GraphEdge(1, "A duck swims.", 2), GraphEdge(0, "Chairs stand by.", 2), GraphEdge(1, "It is wet.", 2))
    assert graph_to_scene(SceneGraph((chairs, duck, pond), edges, "A pond.")) == SCENE


@pytest.mark.parametrize(
    ("node", "edges", "reason"),
    [
        (GraphNode("x", BOX, count=2), (), "group_count"),
        (GraphNode("x", (0.1, 0.1, 0.6, 0.6), count=3, members=MEMBERS), (), "group_count"),
        (GraphNode("x", BOX, count=2, members=MEMBERS), (), "group_box"),
        (GraphNode("x", (0.1, 0.1, 0.6, 0.6), ("red",), count=2, members=MEMBERS), (), "group_field"),
        (GraphNode("x", BOX), (GraphEdge(0, "y", 1),), "relation"),
        (GraphNode("x", BOX), (GraphEdge(0, "y", 0),), "relation"),
    ],
)
def test_a_graph_that_no_scene_has_is_refused(node, edges, reason):
    with pytest.raises(SceneError) as caught:
        graph_to_scene(SceneGraph((node,), edges))
    assert caught.value.reason == reason


def test_node_link_values_are_plain_and_keep_parallel_edges_apart():
    values = graph_to_node_link(scene_to_graph(SCENE))
    assert json.loads(json.dumps(values)) == values
    assert [node["id"] for node in values["nodes"]] == [0, 1, 2]
    assert values["edges"][0] == {"source": 0, "target": 1, "key": 0, "predicate": "A duck swims."}
    assert len({(edge["source"], edge["target"], edge["key"]) for edge in values["edges"]}) == 3


def test_networkx_reads_the_node_link_values():
    networkx = pytest.importorskip("networkx")
    graph = networkx.node_link_graph(graph_to_node_link(scene_to_graph(SCENE)), edges="edges")
    assert graph.is_directed()
    assert graph.graph == {"caption": "A pond."}
    assert graph.nodes[2]["members"] == [list(box) for box in MEMBERS]
    assert sorted(data["predicate"] for *_, data in graph.edges(0, data=True)) == ["A duck swims.", "It is wet."]
