"""Which label of a closed set does a free text name?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from answer_judge.errors import LabelError
from answer_judge.label_trie import Found, LabelTrie
from answer_judge.label_words import Word, read_words
from answer_judge.negation import ASKED, denials

Policy = Literal["unique", "first", "last"]
"""What to make of a text that claims several labels: none of them, the first, or the last."""

_YES_OR_NO = re.compile(r"[,.;:!–—\n]|\s-\s")


@dataclass(frozen=True)
class Mention:
    """One place where a text names a label."""

    label: str
    """As in the set."""
    text: str
    """As in the text."""
    span: tuple[int, int]
    """First character, and the one behind the last."""
    cue: str
    """What denies it (`no`, `rather than`), `?` in a question, empty where the text claims it."""

    @property
    def negated(self) -> bool:
        """Whether the text does not claim it."""
        return bool(self.cue)


@dataclass(frozen=True)
class Resolution:
    """What a text says about a closed set of labels."""

    label: str | None
    """The label, by the policy; None if the text claims none or, under `unique`, several."""
    status: Literal["one", "none", "ambiguous"]
    """How many distinct labels the text claims, whatever the policy."""
    mentions: tuple[Mention, ...]
    """Every place that names a label, in order, the denied ones too."""
    claimed: tuple[str, ...]
    """The distinct labels that the text claims, in order of their first mention."""


class LabelSet:
    """A closed set of labels that finds itself in free text; pure, and safe to share between threads.

    Names match as whole words, the longest first. Digits count; case, accents, hyphens, slashes, underscores, white
    space, a possessive 's and, where it leaves one label only, the number of the last word do not. A name that the text
    denies ("no pneumonia", "unlike a gull") or asks about is found but not claimed.
    """

    def __init__(
        self,
        labels: Iterable[str],
        *,
        aliases: Mapping[str, Iterable[str]] | None = None,
        binary: bool = False,
        specific_wins: bool = False,
    ) -> None:
        """Take the labels and other names of them.

        Args:
            labels: at least one; what `Resolution.label` returns.
            aliases: for a label, other names that count as it.
            binary: two labels, one of which is true: to deny one claims the other, and a text that begins with yes or
                no claims the first or the second.
            specific_wins: "Gull" is not claimed where "Western Gull" is; else a text with both is ambiguous.

        Raises:
            LabelError: a name without letters and digits, two labels or aliases that read the same, an alias of an
                unknown label, or `binary` without exactly two labels.
        """
        self.labels = tuple([labels] if isinstance(labels, str) else labels)
        self._binary, self._specific_wins = binary, specific_wins
        self._trie = LabelTrie()
        self._named: dict[tuple[str, ...], tuple[str, str]] = {}
        if isinstance(labels, str) or not self.labels or (binary and len(self.labels) != 2):
            raise LabelError(f"labels must be {'two names' if binary else 'a list of names'}; got {labels!r}")
        for label in self.labels:
            self._add(label, label, known=None)
        for label, names in (aliases or {}).items():
            if self._named.get(_keys(label)) != (label, label):
                raise LabelError(f"aliases must belong to labels of the set; {label!r} is none of them")
            for name in [names] if isinstance(names, str) else names:
                self._add(name, label, known=label)

    def resolve(self, text: str, *, policy: Policy = "unique") -> Resolution:
        """Return the label that a text claims, and every mention on the way.

        >>> gulls = LabelSet(["Western Gull", "California Gull", "Gull"])
        >>> gulls.resolve("Unlike the California gull, this WESTERN-GULL has pink legs.").label
        'Western Gull'
        >>> gulls.resolve("A Western Gull or a California Gull.").status
        'ambiguous'

        Raises:
            LabelError: an unknown policy.
        """
        if policy not in ("unique", "first", "last"):
            raise LabelError(f"policy must be 'unique', 'first' or 'last'; got {policy!r}")
        words = read_words(text)
        found = self._trie.find(words)
        cues = denials(text, words, found)
        mentions = tuple(_mention(text, words, one, cue) for one, cue in zip(found, cues, strict=True))
        every = [*self._answered(words), *self._claims(mentions)]
        claimed = self._most_specific(dict.fromkeys(every)) if self._specific_wins else tuple(dict.fromkeys(every))
        if len(claimed) < 2:
            return Resolution(*((claimed[0], "one") if claimed else (None, "none")), mentions, claimed)
        last = next(label for label in reversed(every) if label in claimed)
        label = {"unique": None, "first": claimed[0], "last": last}[policy]
        return Resolution(label, "ambiguous", mentions, claimed)

    def accepts(self, text: str, label: str, *, policy: Policy = "unique") -> bool:
        """Return whether a text claims this label; `label` may be any of its names.

        Raises:
            LabelError: no label of the set has this name.
        """
        return self.resolve(text, policy=policy).label == self.canonical(label)

    def canonical(self, name: str) -> str:
        """Return the label with this name, however it is spelled.

        >>> LabelSet(["Black-footed Albatross"]).canonical("black_footed_albatross")
        'Black-footed Albatross'

        Raises:
            LabelError: no label of the set has this name.
        """
        known = self._named.get(_keys(name))
        if known is None:
            raise LabelError(f"no label of the set is called {name!r}; add it to labels or aliases")
        return known[0]

    def _add(self, name: str, label: str, *, known: str | None) -> None:
        """Take a name that nobody has, or only the label `known`."""
        words = read_words(name)
        if not words:
            raise LabelError(f"a label needs letters or digits; {name!r} has none")
        owner, other = self._named.get(keys := tuple(word.key for word in words), (known, ""))
        if owner != known:
            raise LabelError(f"labels must read differently; {other!r} and {name!r} both read {' '.join(keys)!r}")
        self._named.setdefault(keys, (label, name))
        self._trie.add(words, label)

    def _claims(self, mentions: Sequence[Mention]) -> Iterator[str]:
        for mention in mentions:
            if not mention.negated:
                yield mention.label
            elif self._binary and mention.cue != ASKED:
                yield self.labels[1 - self.labels.index(mention.label)]

    def _answered(self, words: Sequence[Word]) -> Iterator[str]:
        """The label that a first word yes or no claims in a binary set."""
        if not self._binary or not words or words[0].key not in ("yes", "no"):
            return
        if len(words) == 1 or _YES_OR_NO.search(words[1].gap):
            yield self.labels[words[0].key == "no"]

    def _most_specific(self, claimed: Iterable[str]) -> tuple[str, ...]:
        keyed = {label: f" {' '.join(_keys(label))} " for label in claimed}
        return tuple(
            label for label, key in keyed.items() if not any(key in other and key != other for other in keyed.values())
        )


def _keys(name: str) -> tuple[str, ...]:
    return tuple(word.key for word in read_words(name))


def _mention(text: str, words: Sequence[Word], found: Found, cue: str) -> Mention:
    start, end = words[found.first].start, words[found.end - 1].end
    return Mention(found.label, text[start:end], (start, end), cue)
