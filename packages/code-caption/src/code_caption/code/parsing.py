"""A scene out of the code that a model wrote; nothing in it is ever evaluated, compiled or imported."""

from __future__ import annotations

import ast
import re
import unicodedata  # noqa: F401  # pyright: ignore[reportUnusedImport]  (else "\N{...}" imports it while parsing)
import warnings

from code_caption.code.calls import read_element, read_group, read_relation, require_relation
from code_caption.code.canonical_form import require_scale
from code_caption.code.canonical_reader import read_canonical
from code_caption.code.guarding import is_cut_statement, require_plain
from code_caption.code.literals import fault, read_list, read_text
from code_caption.code.rendering import FIELDS
from code_caption.errors import CodeError
from code_caption.scene import Scene

MOST_CHARACTERS = 65_536
"""Longer text is refused unread."""

_FIRST_WORD = re.compile(r"(?:\s|#[^\n]*(?:\n|\Z))*+(\w*)")
_FENCE_END = re.compile(r"^[ \t]*```[ \t]*$", re.MULTILINE)


def code_to_scene(text: str, *, scale: int = 1, most_characters: int = MOST_CHARACTERS) -> Scene:
    r"""The scene that a code caption says, as it stands there: boxes and order are kept.

    Accepts the layout of `scene_to_code` with any white space, line breaks, comments and quotes that Python allows,
    its assignments and arguments in any order, and a Markdown fence around it; refuses all other Python. Reading is
    by Python's `ast` after a check of the tokens, so that its time and depth are bounded whatever the text.

    >>> code_to_scene("```python\nclass Scene:\n  def __init__(self):\n    self.caption = \"A pond.\"\n```").caption
    'A pond.'

    Raises:
        CodeError: `reason` tells why. About the text: `too_long`, `no_scene`, `truncated` (it seems to end in the
            middle), `syntax`, `nesting`, `statement`. About values: `not_a_constant`, `wrong_type`, `unknown_call`,
            `unknown_field`, `repeated_field`, `missing_field`. About the scene: `no_name`, `box`, `empty_group`,
            `group_count`, `group_box`, `relation`.
        SettingsError: `scale` is neither 1 nor 1000.
    """
    require_scale(scale)
    if len(text) > most_characters:
        raise CodeError("too_long", f"code must have at most {most_characters} characters; got {len(text)}.")
    code = unfenced(text)
    scene = read_canonical(code, scale=scale)
    return _read(code, scale) if scene is None else scene


def unfenced(text: str) -> str:
    """The code without the white space or the Markdown fence around it.

    Raises:
        CodeError: the fence is not closed (`truncated`), or something follows it (`syntax`).
    """
    code = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not code.startswith("```"):
        return code
    body = code.partition("\n")[2]
    ending = _FENCE_END.search(body)
    if ending is None:
        raise CodeError("truncated", "code must close the Markdown fence that it opens; it ends before.")
    if ending.end() != len(body):
        raise CodeError("syntax", "nothing must follow the Markdown fence; got more text.")
    return body[: ending.start()].strip()


def expression_of(source: str) -> ast.expr:
    """The tree of one value.

    Raises:
        CodeError: it is no plain value.
    """
    require_plain(source)
    tree = _tree(source.strip(), "eval")
    assert isinstance(tree, ast.Expression)
    return tree.body


def _read(code: str, scale: int) -> Scene:
    """What the code says, by `ast`; if it is refused at its very end, it was most likely cut off there."""
    _require_class(code)
    tokens = require_plain(code)
    try:
        tree = _tree(code + "\n", "single")
        assert isinstance(tree, ast.Interactive)
        return _read_class(tree.body[0], scale)
    except CodeError as error:
        if error.reason in ("syntax", "statement", "no_scene") and is_cut_statement(tokens):
            raise CodeError("truncated", f"the code ends in the middle of a statement: {error}") from None
        raise


def _require_class(code: str) -> None:
    """Make sure that code begins as ours does, so that prose is not taken for bad code."""
    first = _FIRST_WORD.match(code)
    word = first[1] if first else ""
    if word != "class":
        if word and "class".startswith(word) and code == word:
            raise CodeError("truncated", "code must begin with 'class Scene:'; it ends before.")
        raise CodeError("no_scene", f"code must begin with 'class Scene:'; got {code[:40]!r}.")


def _tree(code: str, mode: str) -> ast.AST:
    """`ast.parse` with all its ways to fail as one.

    Modes are `single` and `eval`: after a syntax error in a module, Python opens a file of the name `<unknown>`.
    """
    try:
        if "\\" not in code:
            return ast.parse(code, mode=mode)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes, such as "\d"
            return ast.parse(code, mode=mode)
    except SyntaxError as error:
        message = " ".join(str(error.msg).split())[:200]
        raise CodeError("syntax", f"line {error.lineno}: code must be Python; {message}.") from None
    except (MemoryError, RecursionError):
        raise CodeError("nesting", "code must be shallow; it is too deep to be read.") from None
    except ValueError:
        raise CodeError("syntax", "code must be text; it holds characters that are none.") from None


def _read_class(node: ast.stmt, scale: int) -> Scene:
    """What `class Scene` assigns."""
    if not (isinstance(node, ast.ClassDef) and node.name == "Scene") or node.bases or node.keywords:
        raise fault("no_scene", node, "code must be 'class Scene:'; got another statement or class.")
    body = node.body[0]
    if len(node.body) != 1 or not isinstance(body, ast.FunctionDef) or not _is_initialiser(body):
        raise fault("no_scene", body, "class Scene must hold 'def __init__(self):' and nothing else.")
    fields = _assigned(body.body)
    caption = read_text(fields["caption"], "caption") if "caption" in fields else ""
    lists = {name: read_list(value, name) for name, value in fields.items() if name != "caption"}
    elements = tuple(read_element(each, scale) for each in lists.get("elements", []))
    groups = tuple(read_group(each, scale) for each in lists.get("groups", []))
    relations = tuple(read_relation(each) for each in lists.get("relations", []))
    for relation in relations:
        require_relation(relation, len(elements) + len(groups))
    return Scene(caption, elements, groups, relations)


def _is_initialiser(function: ast.FunctionDef) -> bool:
    """Whether it is `def __init__(self):` to the letter."""
    args = function.args
    others = [*args.posonlyargs, *args.kwonlyargs, *args.defaults, args.vararg, args.kwarg, function.returns]
    names = [each.arg for each in args.args if each.annotation is None]
    return function.name == "__init__" and names == ["self"] == [each.arg for each in args.args] and not any(others)


def _assigned(statements: list[ast.stmt]) -> dict[str, ast.expr]:
    """The value of each assignment to a field of `self`."""
    fields: dict[str, ast.expr] = {}
    if len(statements) == 1 and isinstance(statements[0], ast.Pass):
        return fields
    for statement in statements:
        target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
        if not isinstance(statement, ast.Assign) or not isinstance(target, ast.Attribute) or not _is_self(target.value):
            raise fault("statement", statement, "__init__ must hold assignments to self.<field> only.")
        if target.attr not in FIELDS:
            raise fault("unknown_field", statement, f"a scene has no {target.attr[:40]!r}.")
        if target.attr in fields:
            raise fault("repeated_field", statement, f"code must assign {target.attr!r} once; got it twice.")
        fields[target.attr] = statement.value
    return fields


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
