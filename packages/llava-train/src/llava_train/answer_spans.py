"""Where the answers stand in a rendered dialogue, found by rendering its prefixes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llava_train.dialogue import Dialogue
from llava_train.errors import RowError

Render = Callable[[Sequence[dict[str, Any]], bool], str]
"""(messages, whether the opening of the next answer is added) -> text."""
Tokenize = Callable[[str], list[int]]
"""Text with image placeholders -> token ids with placeholders expanded."""


@dataclass(frozen=True)
class AnswerSpan:
    """One answer in a token sequence: tokens `start` to `stop` (exclusive), its end token being the last."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """Number of tokens, end token counted."""
        return self.stop - self.start


def find_answer_spans(
    dialogue: Dialogue, render: Render, tokenize: Tokenize, stop_ids: frozenset[int]
) -> tuple[list[int], list[AnswerSpan]]:
    """Token ids of the whole dialogue and the span of each assistant turn in them.

    The text before an answer is the template over the turns before it with the answer's opening; nothing relies on
    `{% generation %}` marks. Layout that the template adds behind an end token belongs to no answer.

    Raises:
        RowError: `template_not_prefix` where the template renders earlier turns differently once later ones follow,
            `tokens_not_prefix` where a token crosses the edge of an answer, `no_end_token` where an answer has none.
    """
    whole_text = render(dialogue.messages, False)
    whole_ids = tokenize(whole_text)
    spans: list[AnswerSpan] = []
    for k in dialogue.answer_turns:
        before = render(dialogue.messages[:k], True)
        through = whole_text if k == len(dialogue.messages) - 1 else render(dialogue.messages[: k + 1], False)
        _check_text(whole_text, before, through, k)
        start = _prefix_length(whole_ids, tokenize(before), k)
        stop = len(whole_ids) if through == whole_text else _prefix_length(whole_ids, tokenize(through), k)
        spans.append(_cut_after_end_token(whole_ids, start, stop, stop_ids, k))
    return whole_ids, spans


def _check_text(whole: str, before: str, through: str, turn: int) -> None:
    if not (through.startswith(before) and whole.startswith(through)):
        detail = (
            f"the chat template renders turn {turn} differently when other turns follow, so its answer has no place."
        )
        raise RowError("template_not_prefix", detail)


def _prefix_length(whole_ids: list[int], prefix_ids: list[int], turn: int) -> int:
    if whole_ids[: len(prefix_ids)] != prefix_ids:
        detail = f"a token crosses the edge of the answer in turn {turn}; end the template's opening without a blank."
        raise RowError("tokens_not_prefix", detail)
    return len(prefix_ids)


def _cut_after_end_token(ids: list[int], start: int, stop: int, stop_ids: frozenset[int], turn: int) -> AnswerSpan:
    last = next((k for k in range(stop - 1, start - 1, -1) if ids[k] in stop_ids), None)
    if last is None:
        raise RowError("no_end_token", f"the answer in turn {turn} is not closed by an end token.")
    return AnswerSpan(start, last + 1)
