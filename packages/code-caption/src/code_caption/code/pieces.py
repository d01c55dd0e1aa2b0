"""Cutting code that may be damaged into the pieces that can be read each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from code_caption.code.lexing import CLOSERS, Token, lex
from code_caption.code.rendering import FIELDS

_CALLS = ("Element", "Group", "Relation")


@dataclass(frozen=True)
class Piece:
    """The caption's value or one item of a list, or the place where one was damaged."""

    field: str
    """`caption`, `elements`, `groups` or `relations`; empty: it belongs to none of them."""
    source: str
    """Its code; empty where it is damaged."""
    reason: str = ""
    """Why it cannot be read; empty: it may be read."""


def cut_into_pieces(code: str) -> Iterator[Piece]:
    """All pieces in order; text between them is passed over.

    An item ends at its comma or with its list. It is damaged (`syntax`) if its brackets do not match, or if a new
    item or assignment begins before it ends, and cut off (`truncated`) if the code ends in it.
    """
    tokens = list(lex(code))
    seen: set[str] = set()
    field, at = "", 0
    while at < len(tokens):
        name = _assigned_field(tokens, at)
        if name is not None:
            field = name if name in FIELDS and name not in seen else ""
            cutter = _Cutter(code, tokens, at + 4, field)
            pieces = list(cutter.caption() if name == "caption" else cutter.items())
            yield from pieces if field else [Piece("", "", "repeated_field" if name in seen else "unknown_field")]
            seen.add(name)
            at = cutter.at
        elif _is_call(tokens, at):
            # An item outside its list: the list was closed too early.
            yield Piece(field, "", "syntax")
            at += 2
        else:
            at += 1


class _Cutter:
    """Walks from the value of one assignment to its end; `at` is the token after it."""

    def __init__(self, code: str, tokens: list[Token], at: int, field: str) -> None:
        self.code, self.tokens, self.at, self.field = code, tokens, at, field

    def caption(self) -> Iterator[Piece]:
        """The value up to the end of its line."""
        first, depth = self.at, 0
        while self.at < len(self.tokens) and not self._begins_assignment():
            token = self.tokens[self.at]
            depth += (token.text in CLOSERS) - (token.text in CLOSERS.values())
            if token.kind == "newline" and depth <= 0:
                break
            self.at += 1
        is_cut = self.at == len(self.tokens) and (depth > 0 or self._holds_open_string(first))
        yield self._piece(first, "truncated" if is_cut or first == self.at else "")

    def items(self) -> Iterator[Piece]:
        """The items of the list, if there is one."""
        if self.at == len(self.tokens) or self.tokens[self.at].text != "[":
            return
        self.at += 1
        while True:
            while self.at < len(self.tokens) and self.tokens[self.at].kind == "newline":
                self.at += 1
            if self.at == len(self.tokens) or self._begins_assignment():
                return
            if self.tokens[self.at].text == "]":
                self.at += 1
                return
            yield self._item()

    def _item(self) -> Piece:
        """One item; leaves `at` at the next one or at what ends the list."""
        first, stack, is_matched = self.at, list[str](), True
        while self.at < len(self.tokens):
            text = self.tokens[self.at].text
            if self._begins_assignment() or (stack and _is_call(self.tokens, self.at)):
                return self._piece(first, "syntax")
            if not stack and text in (",", "]"):
                piece = self._piece(first, "" if is_matched else "syntax")
                self.at += text == ","
                return piece
            if text in CLOSERS:
                stack.append(text)
            elif text in (")", "]"):
                if stack and CLOSERS[stack[-1]] == text:
                    stack.pop()
                else:
                    is_matched = False
            self.at += 1
        is_cut = stack or self._holds_open_string(first)
        return self._piece(first, "truncated" if is_cut else "" if is_matched else "syntax")

    def _piece(self, first: int, reason: str) -> Piece:
        source = "" if reason else self.code[self.tokens[first].start : self.tokens[self.at - 1].end]
        return Piece(self.field, source, reason)

    def _begins_assignment(self) -> bool:
        return _assigned_field(self.tokens, self.at) is not None

    def _holds_open_string(self, first: int) -> bool:
        return any(token.kind == "open_string" for token in self.tokens[first : self.at])


def _assigned_field(tokens: list[Token], at: int) -> str | None:
    """The field, where `self.<field> =` begins."""
    texts = [token.text for token in tokens[at : at + 4]]
    is_assignment = len(texts) == 4 and texts[:2] == ["self", "."] and texts[3] == "="
    return texts[2] if is_assignment else None


def _is_call(tokens: list[Token], at: int) -> bool:
    """Whether an item of ours begins here."""
    return tokens[at].text in _CALLS and at + 1 < len(tokens) and tokens[at + 1].text == "("
