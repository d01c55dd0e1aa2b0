"""A benchmark: where its rows come from, how they are asked, and by which rules answers are graded and added up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import BenchEvalError
from bench_eval.grades import Grader
from bench_eval.judges.judge_rule import JudgeRule
from bench_eval.measures import Measure
from bench_eval.tasks.data_cards import DataCard
from bench_eval.tasks.data_folder import DataFolder


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One set of rules for grading and adding up; a pure function of saved responses."""

    name: str
    """Whose rules: `official`, `llava`, `svco`, `lmms-eval`, `vlmevalkit`, `cambrian`, or `selfsight` for our own."""
    version: str = "1"
    """Changes with the rules."""
    grader: Grader
    """Answer text and row -> grade; `answer` is empty where the text commits to none. Of a judged task the text is the
    judge's reply: `judges.reread_row` hands it over."""
    measure: Measure
    """Graded rows -> figures."""
    rule: str
    """In one sentence, what this profile does; `bench-eval data` and the disagreement report print it."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One benchmark with one way to ask it."""

    name: str
    """As on the command line: `mmvp`, `textvqa_ocr`."""
    title: str
    """As people write it: `TextVQA with OCR tokens`."""
    read: Callable[[DataFolder], Iterator[Row]]
    """Yields rows `{id, task, cluster, image or images, messages, answer, ...}`; pictures by absolute path."""
    decoding: Decoding
    """Belongs to the score: how long answers may be."""
    profiles: tuple[Profile, ...]
    """The first is the default; none where the answers are not public."""
    card: DataCard
    """What to put where."""
    judge: JudgeRule | None = None
    """Of a judged task: how answers are put to the judge (`judges.judging_stage`); None where the text is graded."""

    data_name: str = ""
    """Folder of its data, which ways to ask one benchmark share; empty: its name."""
    reference: str = ""
    """What `find_task` takes to make this task again; empty: its name."""

    @property
    def needs_data(self) -> bool:
        """Whether it reads a data folder; a question file stands alone."""
        return not self.reference

    @property
    def data_folder_name(self) -> str:
        """Name of the folder of its data."""
        return self.data_name or self.name

    def profile(self, name: str | None = None) -> Profile:
        """Return the profile of a name; the default without one.

        Raises:
            BenchEvalError: there is none of that name, or the task's answers are not public.
        """
        found = next((one for one in self.profiles if name in (None, one.name)), None)
        if not self.profiles:
            raise BenchEvalError(
                f"task {self.name} can't be scored here: its answers aren't public; see its data card."
            )
        if found is None:
            names = ", ".join(one.name for one in self.profiles)
            raise BenchEvalError(f"task {self.name} has the profiles {names}; got {name!r}.")
        return found
