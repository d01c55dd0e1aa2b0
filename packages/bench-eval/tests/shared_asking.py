"""Ask POPE by two processes; as a script, since its functions must reach another Python process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench_eval import Answers, Question, Sampler
from bench_eval.runs import AskedModel, run_task
from bench_eval.tasks.pope import POPE
from shard_runner import Placement


def ask_pope(data: Path, folder: Path) -> None:
    """Ask into `folder / "run"`; each process leaves its number in `folder / "processes"`."""

    def make_sampler() -> Sampler:
        deadline_s = time.monotonic() + 60

        def ask(questions: Sequence[Question]) -> list[Answers]:
            (folder / "processes" / str(os.getpid())).touch()
            while len(list((folder / "processes").iterdir())) < 2 and time.monotonic() < deadline_s:
                time.sleep(0.02)  # until the other has something to do too
            return [Answers(one.id, [("yes", "no")[int(one.id[-1]) % 2]], tokens=2) for one in questions]

        return ask

    model = AskedModel(name="base", identity="base", make_sampler=make_sampler, batch_size=4)
    run_task(POPE, data, folder / "run", model, placement=Placement(workers=2))


if __name__ == "__main__":
    ask_pope(Path(sys.argv[1]), Path(sys.argv[2]))
