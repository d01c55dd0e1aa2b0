"""Elements, groups and relations out of the calls that name them; nothing is called."""

from __future__ import annotations

import ast
from collections.abc import Set

from code_caption.code.literals import fault, read_box, read_count, read_list, read_text
from code_caption.errors import CodeError, SceneError
from code_caption.scene import Element, Group, Relation


def read_element(node: ast.expr, scale: int) -> Element:
    """`Element(name=, box=[...], attributes=[...]?, caption=?, text=?)`.

    Raises:
        CodeError: it is something else, or does not hold together.
    """
    fields = _fields(node, "Element", required={"name", "box"}, optional={"attributes", "caption", "text"})
    box = read_box(fields["box"], "box", scale)
    attributes = read_list(fields["attributes"], "attributes") if "attributes" in fields else []
    words = tuple(read_text(each, "an attribute") for each in attributes)
    caption, text = (read_text(fields[each], each) if each in fields else "" for each in ("caption", "text"))
    return Element(_name(fields["name"]), box, caption, words, text)


def read_group(node: ast.expr, scale: int) -> Group:
    """`Group(name=, count=, box=, members=[[...], ...])`, where count and box are those of the members.

    Raises:
        CodeError: it is something else, or does not hold together.
    """
    fields = _fields(node, "Group", required={"name", "count", "box", "members"})
    members = [read_box(each, "a member", scale) for each in read_list(fields["members"], "members")]
    name, count = _name(fields["name"]), read_count(fields["count"], "count")
    if count != len(members):
        raise fault("group_count", node, f"count must be the number of members, {len(members)}; got another.")
    try:
        group = Group(name, tuple(members))
    except SceneError as error:
        raise fault(error.reason, node, str(error)[:200]) from None
    if read_box(fields["box"], "box", scale) != group.box:
        raise fault("group_box", node, "box must be the smallest one around all members; got another.")
    return group


def read_relation(node: ast.expr) -> Relation:
    """`Relation(a=, b=, caption=)`; whether its indices hold, only the scene can tell.

    Raises:
        CodeError: it is something else.
    """
    fields = _fields(node, "Relation", required={"a", "b", "caption"})
    caption = read_text(fields["caption"], "caption")
    if not caption:
        raise fault("relation", node, "a relation must have a caption; got an empty one.")
    return Relation(read_count(fields["a"], "a"), read_count(fields["b"], "b"), caption)


def require_relation(relation: Relation, things: int) -> None:
    """Make sure that a relation names two things that are there.

    Raises:
        CodeError: it does not.
    """
    if not (relation.a < things and relation.b < things) or relation.a == relation.b:
        expected = f"two different indices below {things} (elements, then groups)"
        raise CodeError("relation", f"a relation must hold {expected}; got others.")


def _name(node: ast.expr) -> str:
    name = read_text(node, "name")
    if not name.strip():
        raise fault("no_name", node, "name must hold a word; got none.")
    return name


def _fields(
    node: ast.expr, kind: str, *, required: Set[str], optional: Set[str] = frozenset[str]()
) -> dict[str, ast.expr]:
    """The named arguments of a call of `kind`.

    Raises:
        CodeError: it is no such call, or has not these arguments, each once.
    """
    if not isinstance(node, ast.Call):
        raise fault("wrong_type", node, f"the list must hold {kind}(...); got {type(node).__name__}.")
    if not (isinstance(node.func, ast.Name) and node.func.id == kind):
        raise fault("unknown_call", node, f"the list must hold {kind}(...); got another call.")
    if node.args:
        raise fault("unknown_field", node, f"{kind} must have named arguments only; got {len(node.args)} without.")
    fields: dict[str, ast.expr] = {}
    for keyword in node.keywords:
        field = keyword.arg or "**"
        if field not in required | optional:
            raise fault("unknown_field", keyword, f"{kind} has no {field[:40]!r}.")
        if field in fields:
            raise fault("repeated_field", keyword, f"{kind} must name {field!r} once; got it twice.")
        fields[field] = keyword.value
    missing = sorted(required - set(fields))
    if missing:
        raise fault("missing_field", node, f"{kind} must have {missing[0]!r}; got none.")
    return fields
