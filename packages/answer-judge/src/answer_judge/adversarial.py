"""A set of answers that are hard to judge, and how a ladder does on it.

    python -m answer_judge.adversarial                      rules alone
    python -m answer_judge.adversarial --embedder minilm    with all-MiniLM-L6-v2; or a folder or hub id

The rows were written before the rules were tuned. A third of them, chosen by hash, is the test split.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from answer_judge.embedders import load_embedder
from answer_judge.ladder import Ladder, default_ladder
from answer_judge.verdicts import Verdict

_FILE = "data/adversarial.jsonl"


@dataclass(frozen=True)
class AdversarialCase:
    """One answer and whether it is right."""

    answer: str
    """What was answered."""
    reference: str
    """What would be right."""
    right: bool
    """By the policy: an answer may say more than its reference, never less, and must commit to it."""
    kind: str
    """What makes it hard."""
    note: str
    """Why it is right or wrong."""
    split: str
    """`dev` or `test`."""
    options: tuple[tuple[str, str], ...] = ()
    """Letters and texts that were offered; empty for an open question."""


@lru_cache(maxsize=1)
def adversarial_set() -> tuple[AdversarialCase, ...]:
    """Return the cases, in the order of their kinds.

    >>> len(adversarial_set()) > 300
    True
    """
    lines = files("answer_judge").joinpath(_FILE).read_text(encoding="utf-8").splitlines()
    return tuple(_case(json.loads(line)) for line in lines)


def _case(row: dict[str, object]) -> AdversarialCase:
    options = row.pop("options", None)
    texts = tuple((str(key), str(text)) for key, text in options.items()) if isinstance(options, dict) else ()
    return AdversarialCase(options=texts, **row)  # type: ignore[arg-type]


def split_of(case: AdversarialCase) -> str:
    """Return the split that a case's content puts it in: a third is `test`."""
    content = json.dumps([case.answer, case.reference, dict(case.options) or None])
    return "test" if hashlib.sha256(content.encode()).digest()[0] % 3 == 0 else "dev"


@dataclass(frozen=True)
class Tally:
    """How often some rung decided about right and wrong answers."""

    name: str
    """Of a rung, a kind, or everything."""
    right: int
    """Right answers among those decided."""
    wrong: int
    """Wrong answers among them."""
    false_accepts: int
    """Wrong answers that were accepted."""
    false_rejects: int
    """Right answers that were rejected."""

    @property
    def decided(self) -> int:
        """How many answers."""
        return self.right + self.wrong


@dataclass(frozen=True)
class AdversarialReport:
    """What a ladder made of some cases."""

    total: Tally
    """Everything."""
    by_rung: tuple[Tally, ...]
    """In the ladder's order; `none` last."""
    by_kind: tuple[Tally, ...]
    """In the set's order."""


def measure(ladder: Ladder, cases: Sequence[AdversarialCase]) -> AdversarialReport:
    """Return how a ladder judges some cases."""
    verdicts = ladder.judge_many((case.answer, case.reference, dict(case.options) or None) for case in cases)
    judged = list(zip(cases, verdicts, strict=True))
    rungs = [*(rung.name for rung in ladder.rungs), "none"]
    kinds = dict.fromkeys(case.kind for case in cases)
    return AdversarialReport(
        _tally("all", judged),
        tuple(_tally(rung, [one for one in judged if one[1].rung == rung]) for rung in rungs),
        tuple(_tally(kind, [one for one in judged if one[0].kind == kind]) for kind in kinds),
    )


def _tally(name: str, judged: Iterable[tuple[AdversarialCase, Verdict]]) -> Tally:
    outcomes = [(case.right, verdict.accepted) for case, verdict in judged]
    right = sum(right for right, _ in outcomes)
    return Tally(
        name, right, len(outcomes) - right, sum(a and not r for r, a in outcomes), sum(r and not a for r, a in outcomes)
    )


def table(tallies: Iterable[Tally], heading: str) -> str:
    """Return tallies as a Markdown table.

    >>> print(table([Tally("guard", 1, 3, 0, 1)], "rung"))
    | rung | decided | false accepts | false rejects |
    |---|---|---|---|
    | guard | 4 | 0 of 3 | 1 of 1 |
    """
    rows = [f"| {heading} | decided | false accepts | false rejects |", "|---|---|---|---|"]
    for one in tallies:
        shares = f"{one.false_accepts} of {one.wrong} | {one.false_rejects} of {one.right}"
        rows.append(f"| {one.name} | {one.decided} | {shares} |")
    return "\n".join(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables and, as the last line, one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m answer_judge.adversarial", description="Measure the ladder of judges."
    )
    parser.add_argument("--embedder", metavar="NAME", help="minilm, a model folder or a hub id; default: rules alone")
    parser.add_argument("--threshold", type=float, help="cosine to exceed; default: the model's own")
    chosen = parser.parse_args(arguments)
    embedders = {"rules": None} | ({chosen.embedder: load_embedder(chosen.embedder)} if chosen.embedder else {})
    summary: dict[str, object] = {"name": "answer-judge-adversarial", "cases": len(adversarial_set())}
    for name, embedder in embedders.items():
        ladder = default_ladder(embedder, threshold=chosen.threshold if embedder else None)
        summary[name] = _print_splits(name, ladder)
    print(json.dumps(summary))


def _print_splits(name: str, ladder: Ladder) -> dict[str, dict[str, int]]:
    shares: dict[str, dict[str, int]] = {}
    for split in ("dev", "test"):
        report = measure(ladder, [case for case in adversarial_set() if case.split == split])
        heading = f"\n{name}, {split} split"
        print(heading, table([*report.by_rung, report.total], "rung"), table(report.by_kind, "kind"), sep="\n\n")
        total = report.total
        shares[split] = {"wrong": total.wrong, "false_accepts": total.false_accepts} | {
            "right": total.right,
            "false_rejects": total.false_rejects,
        }
    return shares


if __name__ == "__main__":
    main()
