"""English nouns in rows: plural, article, and when two names mean one kind of thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from code_caption.words.nouns import head_of, is_only_plural, plural, singular

_UNCOUNTABLE = (
    *("water", "grass", "sand", "snow", "sky", "soil", "bread", "rice", "food"),
    *("furniture", "luggage", "clothing"),
)
_AN_AFTER_ALL = ("hour", "honest", "heir", "suv", "x-ray", "xbox", "rv", "lcd", "unidentif", "unimp", "unin")
_A_AFTER_ALL = ("uni", "urin", "use", "eu", "one", "uku", "ute", "ufo", "usb")


@dataclass(frozen=True)
class NounForms:
    """How nouns are put in the plural and behind an article; the last word of a name, or the one before "of", decides.

    >>> nouns = NounForms()
    >>> [nouns.plural(name) for name in ("duck", "wine glass", "berry", "piece of cake", "person", "scissors")]
    ['ducks', 'wine glasses', 'berries', 'pieces of cake', 'people', 'scissors']
    >>> [nouns.with_article(name) for name in ("red umbrella", "umbrella", "uniform", "SUV", "rails", "water")]
    ['a red umbrella', 'an umbrella', 'a uniform', 'an SUV', 'rails', 'water']
    """

    plurals: Mapping[str, str] = field(default_factory=lambda: dict[str, str](), hash=False)
    """Words whose plural `code_caption.words.nouns` does not know."""
    plural_only: tuple[str, ...] = ()
    """More words without a singular, such as `rails`: no article, and one such thing is one of them."""
    uncountable: tuple[str, ...] = _UNCOUNTABLE
    """Words without article and plural; nobody asks how many."""

    def plural(self, name: str) -> str:
        """The name in the plural; a plural stays."""
        before, word, after = head_of(name)
        return before + self._plural_word(word) + after

    def is_plural(self, name: str) -> bool:
        """Whether the name means several things, or a thing that has no singular."""
        word = head_of(name).word.lower()
        if word in self.plurals or word in self.uncountable:
            return False
        return not self.has_singular(name) or word in self.plurals.values() or singular(word) != word

    def has_singular(self, name: str) -> bool:
        """Whether the name is no word without a singular."""
        word = head_of(name).word.lower()
        return word not in self.plural_only and not is_only_plural(word)

    def is_countable(self, name: str) -> bool:
        """Whether one can ask how many there are."""
        return head_of(name).word.lower() not in self.uncountable

    def with_article(self, name: str) -> str:
        """The name behind `a` or `an`; plurals and uncountable names get none."""
        if self.is_plural(name) or not self.is_countable(name):
            return name
        lower = name.lower()
        is_vowel = lower[:1] in tuple("aeiou") and not lower.startswith(_A_AFTER_ALL)
        return f"{'an' if is_vowel or lower.startswith(_AN_AFTER_ALL) else 'a'} {name}"

    def key(self, name: str) -> tuple[str, ...]:
        """What two names share that differ in case, spaces or number only."""
        return tuple(self.plural(" ".join(name.split())).casefold().split())

    def includes(self, name: str, other: str) -> bool:
        """Whether something called `other` can be called `name` too, as far as the words tell.

        >>> NounForms().includes("chair", "office chairs"), NounForms().includes("office chair", "chair")
        (True, False)
        """
        wanted = self.key(name)
        return self.key(other)[-len(wanted) :] == wanted

    def _plural_word(self, word: str) -> str:
        lower = word.lower()
        if lower in self.plurals:
            return self.plurals[lower]
        return word if lower in self.uncountable or self.is_plural(word) else plural(word)
