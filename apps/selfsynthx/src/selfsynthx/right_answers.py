"""Is an answer right, and can it be learned? One matcher for every round and for evaluation."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from selfsynthx.datasets.matching import label_matcher
from selfsynthx.settings import SynthSettings


class RightAnswers:
    """Answers against the labels of a run."""

    def __init__(self, settings: SynthSettings, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self._known = label_matcher(settings.spec, labels)
        self._published, self._rescue = settings.published, settings.rescue

    def names(self, text: str, label: str) -> bool:
        """Whether an answer claims the label and no other; as published, whether it contains its letters."""
        from answer_judge import parity_contains

        return parity_contains(label, text) if self._published else self._known.accepts(text, label)

    def resolve(self, text: str) -> tuple[str, str]:
        """The label that an answer claims, empty for none, and `one`, `none` or `ambiguous`."""
        found = self._known.resolve(text)
        return found.label or "", found.status

    def fault(self, text: str, is_cut: bool, label: str) -> str:
        """Why an answer cannot be learned, as a short slug; empty if it can."""
        from answer_judge import find_leak

        if not text:
            return "empty"
        if is_cut and not self._published:
            return "cut_off"
        if not self._published and find_leak(text):
            return "leak"
        if self.names(text, label):
            return ""
        return "ambiguous" if self.resolve(text)[1] == "ambiguous" else "not_named"

    def is_nearly_named(self, text: str, label: str) -> bool:
        """Whether an answer misspells the label and comes closer to no other; as published, whether all of it is close.

        Source: released code of arXiv 2502.14044.
        """
        from answer_judge import find_misspelling

        if self._published:
            return SequenceMatcher(None, label.lower(), text.lower()).ratio() >= self._rescue
        return find_misspelling(label, text, rivals=self._labels, threshold=self._rescue) is not None
