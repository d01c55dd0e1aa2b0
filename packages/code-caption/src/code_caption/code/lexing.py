"""The few tokens a code caption is made of; whatever else Python knows is no token here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

CLOSERS = {"(": ")", "[": "]"}
"""The brackets that a code caption has."""

# Possessive quantifiers (`*+`) never give back what they took, and what does not end well is taken in one piece all the
# same: so each character is looked at a few times at most.
_TOKEN = re.compile(
    r"""
    (?P<operator> [()\[\],=:;] | ->? | \.(?!\d) )
    | (?P<space> [ \t\f]+ | \\\n | \#[^\n]* )
    | (?P<name> [A-Za-z_]\w*+ (?!['"]) )
    | (?P<newline> \n )
    | (?P<string> [rRuUbB]{0,2} (?:
        '{3} [^'\\]*+ (?: (?: \\. | '(?!'') ) [^'\\]*+ )*+ '{3}
        | "{3} [^"\\]*+ (?: (?: \\. | "(?!"") ) [^"\\]*+ )*+ "{3}
        | '(?!'') [^'\\\n]*+ (?: \\. [^'\\\n]*+ )*+ '
        | "(?!"") [^"\\\n]*+ (?: \\. [^"\\\n]*+ )*+ "
    ) )
    | (?P<open_string> [rRuUbB]{0,2} (?:
        (?: '{3} | "{3} ) .*
        | ' [^'\\\n]*+ (?: \\. [^'\\\n]*+ )*+
        | " [^"\\\n]*+ (?: \\. [^"\\\n]*+ )*+
    ) )
    | (?P<number> (?: \d++ (?: \.\d*+ )?+ | \.\d++ ) (?: [eE][+-]?\d++ )?+ (?![\w.]) )
    | (?P<bad> [\w.]++ | . )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


class Token(NamedTuple):
    """A token and where it stands."""

    kind: str
    """`newline`, `string`, `number`, `name`, `operator`; `open_string` has no end, `bad` is no token of ours."""
    text: str
    start: int
    """Index of its first character."""
    end: int
    """Index after its last."""


def lex(code: str) -> Iterator[Token]:
    """All tokens but white space and comments, in order; it never fails.

    A string that does not end is one token up to the end of its line (or of the code, where it has triple quotes).
    Numbers are decimal, names are ASCII, and a string with f or t before it is bad: Python reads more into each.

    >>> [token.text for token in lex("box=[0.1, 1]")]
    ['box', '=', '[', '0.1', ',', '1', ']']
    """
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or ""
        if kind != "space":
            yield Token(kind, match.group(), match.start(), match.end())
