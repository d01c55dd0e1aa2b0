"""The CVC rule: which trials become training examples, and how they are asked.

Rationale examples come from hard but solvable instances (1 to 4 right trials of 16), answer examples from every
instance that was solved at least once.

Source: IJCAI 2025 paper of CVC (arXiv 2508.04453), section on data mixing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shard_runner import Row
from trial_sampler import image_question


@dataclass(frozen=True, kw_only=True)
class MixRule:
    """Bounds on the number of right trials, and what to make of an instance inside them."""

    min_right: int = 1
    """Fewest right trials for rationale examples. Source: paper."""
    max_right: int = 4
    """Most right trials for rationale examples: more than that is too easy to teach much. Source: paper."""
    rationale_examples: bool = True
    """Make examples of the right rationales. Source: paper."""
    answer_examples: bool = True
    """Make an example of each distinct right short answer. Source: paper."""

    def is_hard_but_solvable(self, right: int) -> bool:
        """Whether the number of right trials lies within the bounds, both included."""
        return self.min_right <= right <= self.max_right


def training_examples(instance: Row, rule: MixRule) -> list[Row]:
    """Turn one judged instance into training rows `{id, image, images, messages, kind, instance, answer}`.

    `instance` has `id`, `occluded`, `reasoning` and `short` (questions), and `trials` with `text, answer, verdict`.
    """
    right = [trial for trial in instance["trials"] if trial["verdict"]]
    rows: list[Row] = []
    if rule.rationale_examples and rule.is_hard_but_solvable(len(right)):
        rows += _rationale_examples(instance, right)
    if rule.answer_examples and right:
        rows += _answer_examples(instance, right)
    return rows


def answered_messages(question: str, answer: str) -> list[Row]:
    """The user's turn and the assistant's answer."""
    return [*image_question(question), {"role": "assistant", "content": [{"type": "text", "text": answer}]}]


def _rationale_examples(instance: Row, right: Sequence[Row]) -> list[Row]:
    question = instance["reasoning"]
    texts = {trial["text"].strip(): trial["answer"] for trial in right}
    return [
        _example(instance, "rationale", k, question, text, answer) for k, (text, answer) in enumerate(texts.items())
    ]


def _answer_examples(instance: Row, right: Sequence[Row]) -> list[Row]:
    question = instance["short"]
    first_seen: dict[str, str] = {}
    for trial in right:
        first_seen.setdefault(" ".join(trial["answer"].casefold().split()), trial["answer"])
    return [_example(instance, "answer", k, question, answer, answer) for k, answer in enumerate(first_seen.values())]


def _example(instance: Row, kind: str, k: int, question: str, text: str, answer: str) -> Row:
    return {
        "id": f"{instance['id']}#{kind}-{k}",
        "image": instance["occluded"],
        "images": [instance["occluded"]],
        "messages": answered_messages(question, text),
        "kind": kind,
        "instance": instance["id"],
        "answer": answer,
    }
