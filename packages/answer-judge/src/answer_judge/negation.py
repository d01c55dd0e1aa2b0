"""Does a text claim what it names, or deny it, set it apart, or only ask about it?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from answer_judge.label_trie import Found
from answer_judge.label_words import Word

ASKED = "?"
"""Stands for a cue where the name is in a question."""

_REACH = 8
"""Words between a cue and the first name that it denies."""

_NOT = "not|cannot|never|(?:is|are|was|were|do|does|did|has|have|had|would|could|should|can|ca)nt|aint|wont"
_NO_CUES = (
    r"(?:no|without(?: an?y?)?) (?:doubt|question|wonder)",
    r"not (?:only|just|merely|simply|solely|surprisingly|to mention|unlike)",
    r"(?:nothing|none|anything|no)(?: \w+)? (?:but|other than|except)",
    rf"(?:{_NOT})(?: \w+){{0,3}} (?:rule out|ruled out|excluded?|excludes|dismiss(?:ed)?)",
)
_CUES = (
    rf"{_NOT}|neither|nor|without|unlike|than|hardly|lacks?|lacking|except|excluding|den(?:y|ies|ied)",
    r"no(?= [^,.:?])",
    r"(?:non|un)(?= #)",
    r"(?:absence|lack|instead|free|devoid|none) of",
    r"(?:free|apart|far) from",
    r"unlikely (?:to|that|an?)",
    r"negative for",
    r"(?<! is )(?<! are )(?<! was )(?<! were )(?<! be )(?<! been )(?:rul(?:e|es|ed|ing) out|exclude[sd]?)",
    r"(?:(?:differ|distinguish|distinct|differentiat)\w*|separat(?:es?|ing))(?: \w+){0,4} from",
    r"(?:opposed|contrast|contrasted|compared|comparison) (?:to|with)",
    r"confused with|mistaken for",
)
_CUE = re.compile(rf"(?<!\S)(?:(?P<none>{'|'.join(_NO_CUES)})|(?P<cue>{'|'.join(_CUES)}))(?!\S)")

_AUXILIARIES = (
    "is|are|was|were|be|been|being|can|could|has|have|had|seems?|appears?|to|clearly|also|very|highly|therefore"
)
_SHOWN = (
    "present|seen|visible|shown|evident|apparent|identified|detected|found|indicated|likely|supported|suggested"
    "|possible|observed|noted|demonstrated|confirmed|diagnosed|correct|right|the case|the answer|the diagnosis"
)
_DENIED_AFTER = re.compile(
    rf"(?: (?:{_AUXILIARIES}))* (?P<cue>absent|unlikely|excluded|ruled out|negative"
    rf"|(?:{_NOT})(?: (?:be|been|clearly|really|at all|currently))* (?:{_SHOWN}))(?!\S)"
    r"| : (?P<said>no|none|absent|negative|false)(?: [.,?]|$)"
)

_ENDS_WORDS = """
but however although though because since so therefore thus hence while whereas yet still which who whose instead
rather making suggesting indicating meaning :
"""
_ENDS = frozenset(_ENDS_WORDS.split())
_PRONOUNS = frozenset(["it", "this", "that", "these", "those", "they", "he", "she", "i", "we"])
_OPENS_A_CLAUSE_WORDS = """
is are was were be has have had does do must should would will could can may might appears appear seems seem looks look
shows show suggests indicates believe think conclude guess a an the
"""
_OPENS_A_CLAUSE = frozenset(_OPENS_A_CLAUSE_WORDS.split())
_LEADS_TO_A_CLAUSE_WORDS = """
think believe say says said sure certain that whether if mean means suggest suggests conclude confirm indicate claim
imply as like is was does do
"""
_LEADS_TO_A_CLAUSE = frozenset(_LEADS_TO_A_CLAUSE_WORDS.split())
_MOST_WORDS_OF_AN_ITEM, _MOST_ITEMS = 4, 8


def denials(text: str, words: Sequence[Word], found: Sequence[Found]) -> list[str]:
    """Return the cue that denies each name, empty where the text claims it; words within a name are no cues.

    Source: the cue and its reach in words follow NegEx (Chapman et al. 2001); the list and the rules are our own.
    """
    cues = [""] * len(found)
    if found:
        for sentence in _sentences(text, words, found):
            for number, cue in _cues(sentence):
                cues[number] = cue
    return cues


def _sentences(text: str, words: Sequence[Word], found: Sequence[Found]) -> Iterator[list[str]]:
    """Yield each sentence as words, marks `,` `:` `.` `?`, and `#3` for the name with number 3."""
    starts, covered = {one.first: number for number, one in enumerate(found)}, 0
    sentence: list[str] = []
    for index, word in enumerate(words):
        if index < covered:
            continue
        if mark := _mark(word.gap, text[word.start], words[index - 1].key if index else ""):
            sentence.append(mark)
        if mark in (".", "?"):
            yield sentence
            sentence = []
        number = starts.get(index)
        covered = index if number is None else found[number].end
        sentence.append(word.key if number is None else f"#{number}")
    yield [*sentence, "?" if "?" in text[words[-1].end :] else "."]


def _mark(gap: str, next_char: str, word_before: str) -> str:
    if gap == " ":
        return ""
    if "?" in gap:
        return "?"
    abbreviated = len(word_before) == 1 or word_before in ("st", "mt", "vs", "cf", "approx")
    if re.search(r"[!;]", gap) or (re.search(r"\.(?:\W|$)", gap) and not abbreviated) or _new_item(gap, next_char):
        return "."
    if ":" in gap:
        return ":"
    if re.search(r"[,()\[\]–—]| -+ ", gap):
        return ","
    return "or" if "/" in gap else ""


def _new_item(gap: str, next_char: str) -> bool:
    """Whether a line begins that continues no sentence: after a blank line, with a bullet or a capital."""
    return "\n" in gap and (gap.count("\n") > 1 or next_char.isupper() or bool(re.search(r"\n\s*[-*•>#]", gap)))


def _cues(sentence: list[str]) -> Iterator[tuple[int, str]]:
    line, offset, index_at = " ".join(sentence), 0, dict[int, int]()
    for index, token in enumerate(sentence):
        index_at[offset] = index
        offset += len(token) + 1
    opened = {index_at[match.start()]: match for match in _CUE.finditer(line)}
    offset_at = {index: offset for offset, index in index_at.items()}
    cue, left, index = "", 0, 0
    while index < len(sentence):
        token = sentence[index]
        if match := opened.get(index):
            cue, left = match["cue"] or "", _REACH
            index += match[0].count(" ") + 1
            continue
        if token[0] == "#":
            yield (
                int(token[1:]),
                ASKED if sentence[-1] == "?" else cue or _cue_after(line, offset_at[index] + len(token)),
            )
            cue = cue if sentence[index + 1] in ("or", "nor", ",") else ""
        elif left == 0 or _scope_ends(sentence, index):
            cue = ""
        left = max(left - (token[0] != "#"), 0)
        index += 1


def _cue_after(line: str, end: int) -> str:
    match = _DENIED_AFTER.match(line, end)
    return (match["cue"] or match["said"]) if match else ""


def _scope_ends(sentence: list[str], index: int) -> bool:
    token, after = sentence[index], sentence[min(index + 1, len(sentence) - 1)]
    if token == ",":
        return not _list_goes_on(sentence, index)
    if token == "and":
        return after in _OPENS_A_CLAUSE or after in _PRONOUNS
    if token in _PRONOUNS and after in _OPENS_A_CLAUSE:
        return not index or sentence[index - 1] not in _LEADS_TO_A_CLAUSE
    return token in _ENDS


def _list_goes_on(sentence: list[str], comma: int) -> bool:
    """Whether short items follow up to an `or`: in `no A, B, or C` all three are denied."""
    rest = sentence[comma + 1 : comma + 1 + (_MOST_WORDS_OF_AN_ITEM + 2) * _MOST_ITEMS]
    for item in " ".join(rest).split(" , "):
        tokens = item.split()
        if len(tokens) > _MOST_WORDS_OF_AN_ITEM + 2 or not (_ENDS | _PRONOUNS | {"is", "are"}).isdisjoint(tokens):
            return False
        if "or" in tokens or "nor" in tokens:
            return True
    return False
