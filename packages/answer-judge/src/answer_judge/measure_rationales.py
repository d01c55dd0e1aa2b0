"""Measure extraction and ladders on rationales whose right answer is known.

python -m answer_judge.measure_rationales FILE_OR_FOLDER [--minilm]

The file is a JSON list of rows `{id, image, conversations}` in LLaVA's layout; the right answer is the last part of the
image's file name, after the last `-`; ids with `-cot-` are long rationales, all others short answers.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from answer_judge.embedders import minilm_embedder
from answer_judge.extraction import UNKNOWN, extract_answer
from answer_judge.ladder import Ladder, default_ladder
from answer_judge.llm_extraction import LlmExtractor
from answer_judge.rungs import split_list

SHIFTS = (7, 60, 125)
"""A rationale is also judged against the answers this many rows later, which it must not be accepted for."""
ORACLE_FORMS = (
    "{}", " {}.\n", '"{}"', "Answer: {}", "The answer is {}, because of what surrounds it.", "- {}", "**{}**",
    "Sure! Here is the answer:\n{}", '{{"answer": "{}"}}', "{}\n\nText: \"It is a zebra.\"\nAnswer: zebra",
)  # fmt: skip
"""Ways in which language models wrap one and the same answer."""


class Rationale(NamedTuple):
    """What a model said, and what would have been right."""

    text: str
    """The rationale or short answer."""
    entity: str
    """The right answer."""
    is_long: bool
    """True: a rationale; False: a short answer."""


class Acceptance(NamedTuple):
    """Shares in [0, 1] of answers that a ladder accepts."""

    development: float
    """Of the long rationales at even places."""
    held_out: float
    """Of the long rationales at odd places."""
    short: float
    """Of the short answers."""
    swapped: float
    """Of long rationales judged against another row's answer, over all `SHIFTS`."""


def load_rationales(path: Path) -> list[Rationale]:
    """Return the rows of a JSON file, or of `cvc-rationales/llava-1.5-7b.json` in a folder."""
    file = path / "cvc-rationales" / "llava-1.5-7b.json" if path.is_dir() else path
    return [
        Rationale(row["conversations"][1]["value"], Path(row["image"]).stem.rsplit("-", 1)[-1], "-cot-" in row["id"])
        for row in json.loads(file.read_text())
    ]


def acceptance(rationales: Sequence[Rationale], answers: Sequence[str], ladder: Ladder) -> Acceptance:
    """Return what a ladder accepts of the extracted answers, one for each rationale."""
    long = [(answer, one.entity) for answer, one in zip(answers, rationales, strict=True) if one.is_long]
    short = [(answer, one.entity) for answer, one in zip(answers, rationales, strict=True) if not one.is_long]
    return Acceptance(*(_share(ladder, pairs) for pairs in (long[::2], long[1::2], short, swapped(long, ladder))))


def swapped(pairs: Sequence[tuple[str, str]], ladder: Ladder) -> list[tuple[str, str]]:
    """Return each answer with the entities of other rows, where these are no other names of its own entity."""
    others = [(pair, pairs[(place + shift) % len(pairs)][1]) for shift in SHIFTS for place, pair in enumerate(pairs)]
    return [(answer, other) for (answer, entity), other in others if not ladder.judge(entity, other)]


def failure_kinds(rationales: Sequence[Rationale], answers: Sequence[str], ladder: Ladder) -> Counter[str]:
    """Count what was answered where the ladder did not accept."""
    return Counter(
        _failure_kind(answer, one.entity, ladder)
        for answer, one in zip(answers, rationales, strict=True)
        if not ladder.judge(answer, one.entity)
    )


def oracle_acceptance(rationales: Sequence[Rationale], *, must_be_mentioned: bool) -> dict[str, float]:
    """Return the share of right answers that survives `LlmExtractor`, if the model always replies rightly.

    No language model runs: the oracle wraps the entity in each of `ORACLE_FORMS`, so this measures prompt and parser.
    """
    ladder = default_ladder()
    shares: dict[str, float] = {}
    for form in ORACLE_FORMS:
        generate = _oracle({one.text: form.format(one.entity) for one in rationales})
        extractor = LlmExtractor(generate, max_characters=10**9, must_be_mentioned=must_be_mentioned)
        found = extractor.extract_many([one.text for one in rationales])
        shares[form] = _share(ladder, [(one.answer, row.entity) for one, row in zip(found, rationales, strict=True)])
    return shares


def _oracle(replies: dict[str, str]) -> Callable[[Sequence[str]], list[str]]:
    """Answer a prompt by the text that it quotes last, read back from the prompt."""

    def generate(prompts: Sequence[str]) -> list[str]:
        quoted = [prompt.removesuffix("\nAnswer:").rpartition("\nText: ")[2] for prompt in prompts]
        return [replies[json.loads(text)] for text in quoted]

    return generate


def _share(ladder: Ladder, pairs: Sequence[tuple[str, str]]) -> float:
    return sum(map(bool, ladder.judge_many(pairs))) / len(pairs)


def _failure_kind(answer: str, entity: str, ladder: Ladder) -> str:
    items = split_list(answer)
    if answer == UNKNOWN:
        return "no answer found"
    if len(items) == 1:
        return "another answer"
    return "a list that holds the right answer" if any(ladder.judge(item, entity) for item in items) else "another list"


def _table(rows: Iterable[tuple[str, Acceptance]]) -> str:
    lines = [f"| {name} | " + " | ".join(map(_percent, shares)) + " |" for name, shares in rows]
    head = "| ladder | long, development | long, held out | short | swapped |\n|---|---|---|---|---|"
    return "\n".join([head, *lines])


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def main() -> None:
    """Print the table of acceptance, the kinds of failures, and what the oracle's replies lose."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("path", type=Path, help="the JSON file, or the folder that holds cvc-rationales")
    parser.add_argument("--minilm", action="store_true", help="also with all-MiniLM-L6-v2 (extra minilm)")
    arguments = parser.parse_args()
    rationales = load_rationales(arguments.path)
    answers = [extract_answer(one.text) for one in rationales]
    ladders = {"rules alone": default_ladder()}
    if arguments.minilm:
        ladders["with all-MiniLM-L6-v2"] = default_ladder(minilm_embedder())
    print(_table((name, acceptance(rationales, answers, ladder)) for name, ladder in ladders.items()))
    long = [one for one in rationales if one.is_long]
    long_answers = [extract_answer(one.text) for one in long]
    print("\nlong rationales that rules alone do not accept:")
    for kind, count in failure_kinds(long, long_answers, default_ladder()).most_common():
        print(f"  {count:3d} {kind}")
    for must_be_mentioned in (False, True):
        shares = oracle_acceptance(long, must_be_mentioned=must_be_mentioned)
        print(
            f"\nan oracle's replies, must_be_mentioned={must_be_mentioned}: {_percent(min(shares.values()))} at least"
        )


if __name__ == "__main__":
    main()
