"""What is refused before Python's parser sees it: all that could make parsing deep, slow or loud."""

from __future__ import annotations

import re
from keyword import kwlist

from code_caption.code.lexing import CLOSERS, Token, lex
from code_caption.code.rendering import FIELDS
from code_caption.errors import CodeError

MOST_DEPTH = 8
"""Brackets within brackets; our own layout needs four, and a model may put some around a long string."""

_KEYWORDS = frozenset(kwlist) - {"class", "def", "pass", "None", "True", "False"}
_OPERATORS = set("+*/%@&|^~<>{}")
_FIELD_STRING = re.compile(r"[fFtTrR]{1,2}['\"]")
_WORD_TO_THE_END = re.compile(r"[\w.\\]+\Z")
_NOTHING = Token("newline", "\n", 0, 0)


def require_plain(code: str) -> list[Token]:
    """Make sure that code holds nothing but names, plain strings, decimal numbers, lists, calls and assignments.

    What passes is a tree of bounded depth, whatever its length: no operators, no chains of dots, calls or subscripts,
    brackets at most `MOST_DEPTH` deep.

    Returns:
        The tokens without newlines inside brackets.

    Raises:
        CodeError: it holds something else (`not_a_constant`, `nesting`, `unknown_call`, `statement`, `syntax`), or it
            ends in the middle of a bracket or a string (`truncated`).
    """
    kept: list[Token] = []
    stack: list[str] = []
    for token in lex(code):
        if token.kind == "newline" and stack:
            continue
        fault = _fault(code, token, kept, stack)
        if fault:
            raise CodeError(fault[0], f"line {line_of(code, token)}: {fault[1]}")
        kept.append(token)
    if stack:
        raise CodeError("truncated", f"code must close its brackets; it ends where {stack[-1]!r} is open.")
    return kept


def line_of(code: str, token: Token) -> int:
    """The line that a token stands on, from 1."""
    return code.count("\n", 0, token.start) + 1


def is_cut_statement(tokens: list[Token]) -> bool:
    """Whether tokens without an open bracket end where our layout goes on, so that they were most likely cut off."""
    words = [token.text for token in tokens if token.kind != "newline"]
    if _is_start(words, ["class", "Scene", ":", "def", "__init__", "(", "self", ")", ":"]):
        return True
    line: list[str] = []
    for token in reversed(tokens):
        if (token.kind == "newline" and line) or len(line) > 4:
            break
        if token.kind != "newline":
            line.insert(0, token.text)
    return _is_start(line, ["pas"]) or any(_is_start(line, ["self", ".", field, "="]) for field in FIELDS)


def _is_start(words: list[str], whole: list[str]) -> bool:
    """Whether the words begin `whole`; the last of them may be cut."""
    if not words or len(words) > len(whole):
        return False
    return words[:-1] == whole[: len(words) - 1] and whole[len(words) - 1].startswith(words[-1])


def _fault(code: str, token: Token, before: list[Token], stack: list[str]) -> tuple[str, str] | None:
    """Reason and message if the token must not stand here; keeps the stack of open brackets."""
    last = before[-1] if before else _NOTHING
    if last.text == "-" and token.kind != "number":
        return "not_a_constant", "a minus must stand before a number."
    if token.kind == "operator":
        return _operator_fault(token, last, before, stack)
    if token.text in _KEYWORDS:
        return ("not_a_constant" if stack else "statement"), f"{token.text[:20]!r} has no place in a code caption."
    if token.kind == "open_string":
        return _open_string_fault(code, token, before, stack)
    if token.kind == "bad":
        return _bad_fault(code, token, stack)
    return None


def _open_string_fault(code: str, token: Token, before: list[Token], stack: list[str]) -> tuple[str, str]:
    """A string that does not end: cut off if the code ends in it where a string may stand."""
    if token.end == len(code) and (stack or (before and before[-1].text == "=")):
        return "truncated", "the code ends within a string."
    return "syntax", "a string must end on its line."


def _bad_fault(code: str, token: Token, stack: list[str]) -> tuple[str, str]:
    """A character that begins no token of ours."""
    if _FIELD_STRING.match(code, token.start):
        return "not_a_constant", "a string must be plain; got one with fields in it."
    if token.text in _OPERATORS:
        return "not_a_constant", f"values must be constants and lists; got {token.text[:20]!r}."
    if stack and _WORD_TO_THE_END.match(code, token.start):
        return "truncated", "the code ends within a word or a number."
    return "syntax", f"{token.text[:20]!r} has no place in a code caption."


def _operator_fault(token: Token, last: Token, before: list[Token], stack: list[str]) -> tuple[str, str] | None:
    """Brackets must match and be few, minus and dot must stand where ours do."""
    if token.text in (",", "="):
        return None
    ends_value = last.kind in ("string", "number") or last.text in (")", "]")
    if token.text == "(" and ends_value:
        return "unknown_call", "only Element, Group and Relation can be called."
    if token.text == "[" and (ends_value or last.kind == "name"):
        return "not_a_constant", "values must be constants and lists; got a subscript."
    if token.text in CLOSERS:
        stack.append(token.text)
        return ("nesting", f"brackets must be at most {MOST_DEPTH} deep.") if len(stack) > MOST_DEPTH else None
    if token.text in (")", "]"):
        opener = stack.pop() if stack else ""
        return None if CLOSERS.get(opener) == token.text else ("syntax", f"{token.text[:20]!r} closes no bracket.")
    if token.text == "-" and last.text not in ("(", "[", ",", "="):
        return "not_a_constant", "values must be constants and lists; got a difference."
    if token.text == ".":
        return _dot_fault(last, before, stack)
    if stack and token.text in (":", ";", "->"):
        return "syntax", f"{token.text[:20]!r} has no place within brackets."
    return None


def _dot_fault(last: Token, before: list[Token], stack: list[str]) -> tuple[str, str] | None:
    """A dot belongs to `self.` at the start of a statement and nowhere else."""
    if last.kind != "name":
        return "not_a_constant", "values must be constants and lists; got a dot."
    if stack:
        if last.text == "self":
            return "syntax", "an assignment begins while a bracket is open."
        return "unknown_call", f"only Element, Group and Relation can be named; got {last.text[:40]!r} and a dot."
    if len(before) > 1 and before[-2].text == ".":
        return "nesting", "names must have one dot at most."
    return None
