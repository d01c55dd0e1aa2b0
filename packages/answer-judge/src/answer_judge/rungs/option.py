"""Multiple choice."""

from __future__ import annotations

from dataclasses import dataclass

from answer_judge.aliases import AliasTable
from answer_judge.heads import claim_of, head_phrase
from answer_judge.likeness import is_a_kind_of
from answer_judge.normalising import words
from answer_judge.options import Options, Pick, is_reason, letter_of, letter_of_reference, names_many, place_of
from answer_judge.quantities import parse_quantity
from answer_judge.quantity_agreement import compared
from answer_judge.rungs.pairwise import PairwiseRung
from answer_judge.verdicts import UNDECIDED, Opinion, Pair


@dataclass(frozen=True)
class OptionRung(PairwiseRung):
    """Decides by the option that an answer picks, by letter, text or place; a letter and its text must agree."""

    table: AliasTable
    """Groups of names, for options in other words."""
    name: str = "option"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return a decision where the answer picks an option, or more than one."""
        if not pair.options:
            return self._by_letters(pair)
        options = pair.options if isinstance(pair.options, Options) else Options(pair.options)
        wanted = [letter for letter, text in options.items() if self._same(text, pair.reference)]
        if not wanted:
            return UNDECIDED
        picked = self._picked(pair.answer, options)
        if not picked.letter:
            return Opinion(False, 0.0, picked.problem) if picked.problem else UNDECIDED
        if picked.letter not in options:
            return Opinion(False, 0.0, f"no option {picked.letter}")
        right = picked.letter in wanted or self._same(options[picked.letter], pair.reference)
        return Opinion(right, float(right), f"picks option {picked.letter}, {options[picked.letter]!r}")

    def _by_letters(self, pair: Pair) -> Opinion:
        """Compare letters where the options are not known."""
        asked = letter_of_reference(pair.reference)
        said = letter_of(pair.answer) if asked else None
        if not asked or not said:
            return UNDECIDED
        if said.problem:
            return Opinion(False, 0.0, said.problem)
        texts_disagree = asked.text and said.text and not is_reason(said.text) and not self._same(said.text, asked.text)
        right = said.letter == asked.letter and not texts_disagree
        return Opinion(right, float(right), f"option {said.letter}{', with another text' * bool(texts_disagree)}")

    def _picked(self, answer: str, options: Options) -> Pick:
        by_letter = letter_of(answer, options)
        if by_letter and by_letter.letter in options:
            written_out = next((letter for letter, text in options.items() if words(text) == words(answer)), "")
            return Pick(written_out) if by_letter.text and written_out else self._with_text(by_letter, options)
        by_text = self._by_text(answer, options) or place_of(answer, options)
        if by_text:
            return Pick(by_text)
        if by_letter:
            return by_letter
        return Pick(problem="names several options") if names_many(answer) else Pick()

    def _with_text(self, pick: Pick, options: Options) -> Pick:
        if not pick.text:
            return pick
        own, other = options.get(pick.letter, ""), self._by_text(pick.text, options)
        agrees = other == pick.letter or is_a_kind_of(self._read(pick.text), self._read(own)) > 0
        if agrees or (not other and is_reason(pick.text) and not self._named_in(pick.text, options) - {pick.letter}):
            return Pick(pick.letter)
        return Pick(problem=f"letter and text disagree: {pick.letter} is {own!r}, not {pick.text[:60]!r}")

    def _by_text(self, text: str, options: Options) -> str:
        found = [letter for letter, option in options.items() if self._same(option, text)]
        found = found or [letter for letter, option in options.items() if self._read(option) == self._read(text)]
        return found[0] if found else ""

    def _named_in(self, text: str, options: Options) -> set[str]:
        said = f" {self.table.canonical(text)} "
        return {letter for letter, option in options.items() if f" {self.table.canonical(option)} " in said}

    def _read(self, text: str) -> str:
        return self.table.canonical(head_phrase(claim_of(text).asserted))

    def _same(self, text: str, other: str) -> bool:
        if self.table.canonical(text) == self.table.canonical(other):
            return words(text) == words(other) or self.table.canonical(text) != ""
        quantity, asked = parse_quantity(other), parse_quantity(text)
        return bool(quantity and asked and compared(quantity, asked).accepted)
