"""Ask POPE three sampled answers a row; as a script, end without warning in the midst of the third batch."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bench_eval import Answers, Decoding, Question
from bench_eval.runs import AskedModel, run_task
from bench_eval.tasks.pope import POPE

BATCH = 4


def ask_pope(data: Path, folder: Path, kill_at: int = 0) -> None:
    """Ask into `folder / "run"`, with the ids of each batch as a line of `folder / "asked"`."""
    batches: list[int] = []

    def ask(questions: Sequence[Question]) -> list[Answers]:
        batches.append(len(questions))
        with (folder / "asked").open("a") as file:
            file.write(" ".join(question.id for question in questions) + "\n")
        if len(batches) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return [
            Answers(question.id, [_drawn(question, k) for k in range(question.decoding.n)]) for question in questions
        ]

    model = AskedModel(name="made", identity="made", make_sampler=lambda: ask, batch_size=BATCH)
    run_task(POPE, data, folder / "run", model, decoding=Decoding(n=3, temperature=1.0, seed=5))


def _drawn(question: Question, k: int) -> str:
    """Drawn from the seed and the row alone, as samplers do."""
    return random.Random(f"{question.decoding.seed} {question.id} {k}").choice(["Yes", "No", "Yes.", "I think no"])


if __name__ == "__main__":
    ask_pope(Path(sys.argv[1]), Path(sys.argv[2]), kill_at=3)
