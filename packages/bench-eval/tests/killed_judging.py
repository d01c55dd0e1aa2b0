"""Judge five answers; as a script, end without warning while the third reply is read."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench_eval import Answers, Decoding, Grade, Question
from bench_eval.judges import JudgeRule, judge_turn, judging_stage, read_correctness
from shard_runner import Source, run


def judge_five(log: Path, folder: Path, kill_after: int = 0) -> None:
    """Judge into `folder`, with what the judge is asked in `log`."""
    read: list[str] = []

    def parse(reply: str, row: Mapping[str, Any]) -> Grade | None:
        read.append(reply)
        if len(read) == kill_after:
            os.kill(os.getpid(), signal.SIGKILL)  # the reply is in the cache, the row not yet in the journal
        return read_correctness(reply, row)

    def judge(questions: Sequence[Question]) -> list[Answers]:
        with log.open("a") as file:
            file.writelines(question.messages[0]["content"][0]["text"] + "\n" for question in questions)
        return [Answers(question.id, ["0.5"], tokens=3) for question in questions]

    rule = JudgeRule(
        name="toy",
        prompt="How right is it?",
        ask=lambda row, text: judge_turn(f"How right is {row['answer']}? {text}"),
        parse=parse,
        decoding=Decoding(),
        published_judge="nobody",
    )
    rows = [{"id": f"r{k}", "answer": "duck", "trials": [{"text": f"text {k}"}]} for k in range(5)]
    cache = folder / "verdicts.sqlite"
    stage = judging_stage("judged", lambda: judge, rule, judge="toy-1", cache=cache, batch_size=2)
    run([Source(name="rows", rows=lambda: rows), stage], folder / "run", seed=0, progress=False)


if __name__ == "__main__":
    judge_five(Path(sys.argv[1]), Path(sys.argv[2]), kill_after=3)
