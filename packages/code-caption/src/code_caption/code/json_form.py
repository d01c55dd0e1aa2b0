"""A scene as plain values for JSON, and for the lists of structures that Arrow and Parquet hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from code_caption.code.rendering import FIELDS
from code_caption.errors import SceneError
from code_caption.scene import BoxFractions, Element, Group, Relation, Scene


def scene_to_json(scene: Scene) -> dict[str, Any]:
    """All fields of a scene, the empty ones too, as dicts, lists, strings and numbers; nothing is rounded.

    >>> scene_to_json(Scene("A pond."))
    {'caption': 'A pond.', 'elements': [], 'groups': [], 'relations': []}
    """
    return {
        "caption": scene.caption,
        "elements": [_element_to_json(element) for element in scene.elements],
        "groups": [{"name": group.name, "members": [list(box) for box in group.members]} for group in scene.groups],
        "relations": [{"a": each.a, "b": each.b, "caption": each.caption} for each in scene.relations],
    }


def json_to_scene(values: Mapping[str, Any]) -> Scene:
    """The scene that `scene_to_json` turned into these values; `json_to_scene(scene_to_json(scene)) == scene`.

    Fields of a scene and optional fields of an element may be left out.

    Raises:
        SceneError: a key is unknown or missing, a value has another type, or the scene does not hold together.
    """
    fields = _fields(values, "a scene", optional=set(FIELDS))
    return Scene(
        _text(fields.get("caption", ""), "caption"),
        tuple(_json_to_element(each) for each in _list(fields.get("elements", []), "elements")),
        tuple(_json_to_group(each) for each in _list(fields.get("groups", []), "groups")),
        tuple(_json_to_relation(each) for each in _list(fields.get("relations", []), "relations")),
    )


def _element_to_json(element: Element) -> dict[str, Any]:
    return {
        "name": element.name,
        "box": list(element.box),
        "caption": element.caption,
        "attributes": list(element.attributes),
        "text": element.text,
    }


def _json_to_element(values: object) -> Element:
    fields = _fields(values, "an element", required={"name", "box"}, optional={"caption", "attributes", "text"})
    attributes = tuple(_text(each, "an attribute") for each in _list(fields.get("attributes", []), "attributes"))
    caption, text = _text(fields.get("caption", ""), "caption"), _text(fields.get("text", ""), "text")
    return Element(_text(fields["name"], "name"), _box(fields["box"]), caption, attributes, text)


def _json_to_group(values: object) -> Group:
    fields = _fields(values, "a group", required={"name", "members"})
    return Group(_text(fields["name"], "name"), tuple(_box(each) for each in _list(fields["members"], "members")))


def _json_to_relation(values: object) -> Relation:
    fields = _fields(values, "a relation", required={"a", "b", "caption"})
    return Relation(_index(fields["a"]), _index(fields["b"]), _text(fields["caption"], "caption"))


def _fields(
    values: object, what: str, *, required: set[str] | frozenset[str] = frozenset(), optional: set[str] | None = None
) -> dict[str, object]:
    """A dict with these keys.

    Raises:
        SceneError: it is none, or its keys are others.
    """
    if not isinstance(values, Mapping):
        raise SceneError("wrong_type", f"{what} must be a dict; got {type(values).__name__}.")
    fields = cast("dict[str, object]", dict(values))
    allowed = required | (optional or set())
    unknown = [key for key in fields if key not in allowed]
    if unknown:
        raise SceneError("unknown_key", f"{what} must have no keys but {sorted(allowed)}; got {unknown[0]!r}.")
    missing = sorted(required - set(fields))
    if missing:
        raise SceneError("missing_key", f"{what} must have the keys {sorted(required)}; {missing[0]!r} is missing.")
    return fields


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise SceneError("wrong_type", f"{what} must be a string; got {type(value).__name__}.")
    return value


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, list | tuple):
        raise SceneError("wrong_type", f"{what} must be a list; got {type(value).__name__}.")
    return list(cast("list[object]", value))


def _box(value: object) -> BoxFractions:
    numbers = _list(value, "box")
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise SceneError("wrong_type", f"a box must hold numbers; got {type(number).__name__}.")
        if not 0 <= number <= 1:
            raise SceneError("box", f"a box must hold numbers of 0 to 1; got {str(number)[:20]}. Pass fractions.")
    return cast("BoxFractions", tuple(numbers))


def _index(value: object) -> int:
    if type(value) is not int:
        raise SceneError("wrong_type", f"an index must be a whole number; got {type(value).__name__}.")
    return value
