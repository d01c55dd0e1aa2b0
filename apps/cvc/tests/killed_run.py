"""Runs the stages before training in children that are killed in each stage in turn; started by test_kill.py.

Children are forked, so that the libraries are imported once.
"""

import importlib
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cvc.pipeline import build_pipeline
from cvc.settings import CvcSettings
from shard_runner import Outcome, Row, Source, Stage, StageFn, Task, run

STAGES = (
    "images",
    "entities",
    "causality",
    "select",
    "boxes",
    "masks",
    "occlude",
    "question",
    "trials",
    "judge",
    "mix",
)
BATCH = 3
HEAVY = (
    "answer_judge",
    "occlusion.entities.lexicon_pipe",
    "pycocotools.mask",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.processing_auto",
    "transformers.models.clip.modeling_clip",
    "transformers.models.llama.modeling_llama",
    "transformers.models.llava.modeling_llava",
    "transformers.models.llava.processing_llava",
    "transformers.models.roberta.modeling_roberta",
    "trial_sampler.hf.loading",
)
"""What a run imports late: once here, instead of in each child."""


def kill_in(stage: Stage) -> Stage:
    """The stage, killed when its second batch is worked out but not yet written (a whole input: its only one)."""

    def make() -> StageFn:
        work, calls = stage.make(), list[int]()

        def work_and_die(rows: list[Row]) -> Sequence[Outcome]:
            outcomes = work(rows)
            calls.append(len(rows))
            if len(calls) == 2 or stage.whole_input:
                os.kill(os.getpid(), signal.SIGKILL)
            return outcomes

        return work_and_die

    return replace(stage, make=make)


def run_once(settings: CvcSettings, out: Path, killed: str | None) -> None:
    """Bring the run up to date, or be killed in one stage."""
    steps: list[Source | Stage | Task] = []
    for step in build_pipeline(settings, out):
        small = replace(step, batch_size=BATCH) if isinstance(step, Stage) else step
        steps.append(kill_in(small) if isinstance(small, Stage) and step.name == killed else small)
    run(steps, out, seed=settings.seed, only=["mix", "export"], shard_size=10, progress=False)


def in_child(settings: CvcSettings, out: Path, killed: str | None) -> int:
    """Run in a forked child and return how it ended: 0, or minus the signal."""
    pid = os.fork()
    if pid == 0:
        try:
            run_once(settings, out, killed)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Once without a kill, once killed in every stage."""
    settings = CvcSettings.model_validate_json(Path(sys.argv[1]).read_text())
    whole, killed = Path(sys.argv[2]), Path(sys.argv[3])
    for name in HEAVY:
        importlib.import_module(name)
    assert in_child(settings, whole, None) == 0
    for stage in STAGES:
        ended = in_child(settings, killed, stage)
        assert ended == -signal.SIGKILL, f"{stage} ended with {ended}"
    assert in_child(settings, killed, None) == 0


if __name__ == "__main__":
    main()
