"""Plain values out of syntax nodes: strings, numbers, lists and boxes."""

from __future__ import annotations

import ast

from code_caption.errors import CodeError
from code_caption.scene import BoxFractions


def read_text(node: ast.expr, what: str) -> str:
    """A string.

    Raises:
        CodeError: it is something else.
    """
    value = read_constant(node, what)
    if not isinstance(value, str):
        raise fault("wrong_type", node, f"{what} must be a string; got {kind_of(value)}.")
    return value


def read_count(node: ast.expr, what: str) -> int:
    """A whole number, not negative.

    Raises:
        CodeError: it is something else.
    """
    value = read_constant(node, what)
    if type(value) is not int:
        raise fault("wrong_type", node, f"{what} must be a whole number; got {kind_of(value)}.")
    return value


def read_list(node: ast.expr, what: str) -> list[ast.expr]:
    """What stands in a list.

    Raises:
        CodeError: it is no list.
    """
    if not isinstance(node, ast.List):
        raise fault("wrong_type", node, f"{what} must be a list; got {type(node).__name__}.")
    return node.elts


def read_box(node: ast.expr, what: str, scale: int) -> BoxFractions:
    """Four numbers: fractions, or whole thousandths where `scale` is 1000.

    Raises:
        CodeError: they are no numbers (`wrong_type`, `not_a_constant`), or no box in the image (`box`).
    """
    nodes = read_list(node, what)
    if len(nodes) != 4:
        raise fault("box", node, f"{what} must hold four numbers; got {len(nodes)}.")
    numbers = [_read_number(each, what, scale) for each in nodes]
    x0, y0, x1, y1 = numbers
    if not (0 <= x0 < x1 <= scale and 0 <= y0 < y1 <= scale):
        expected = f"0 <= x0 < x1 <= {scale} and 0 <= y0 < y1 <= {scale}"
        got = ", ".join(str(number)[:12] for number in numbers)
        raise fault("box", node, f"{what} must satisfy {expected}; got [{got}].")
    return x0 / scale, y0 / scale, x1 / scale, y1 / scale


def _read_number(node: ast.expr, what: str, scale: int) -> float:
    """One number of a box, as it is written."""
    sign, digits = 1, node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, digits = -1, node.operand
    value = read_constant(digits, f"a number of {what}")
    if type(value) is int or (type(value) is float and scale == 1):
        return sign * value
    expected = "a number" if scale == 1 else f"a whole number of 0 to {scale}"
    raise fault("wrong_type", node, f"a number of {what} must be {expected}; got {kind_of(value)}.")


def read_constant(node: ast.expr, what: str) -> object:
    """The value of a constant.

    Raises:
        CodeError: it is an expression.
    """
    if not isinstance(node, ast.Constant):
        reason = "wrong_type" if isinstance(node, ast.List | ast.Tuple) else "not_a_constant"
        raise fault(reason, node, f"{what} must be written out; got {type(node).__name__}.")
    return node.value


def kind_of(value: object) -> str:
    """The type's name; the value itself may be too long to show."""
    return "None" if value is None else type(value).__name__


def fault(reason: str, node: ast.stmt | ast.expr | ast.keyword, message: str) -> CodeError:
    """The error with the line it is about."""
    return CodeError(reason, f"line {node.lineno}: {message}")
