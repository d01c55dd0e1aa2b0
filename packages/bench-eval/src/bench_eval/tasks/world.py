"""Questions about drawn scenes with known answers: the embedded world, for a first try without downloads."""

from __future__ import annotations

from collections.abc import Iterator

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.question_files_task import question_file_task
from bench_eval.tasks.task import Task


def read_world(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions that `bench-eval world` has drawn.

    Raises:
        FileError: there are none yet, or the file is torn.
    """
    yield from question_file_task(folder.file("questions.json"), name="world").read(folder)


WORLD = Task(
    name="world",
    title="Drawn scenes of scene-world",
    read=read_world,
    decoding=Decoding(max_new_tokens=40),
    profiles=question_file_task("questions.json", name="world").profiles,
    card=DataCard(
        licence="Apache-2.0",
        address="drawn on this machine: bench-eval world DATA",
        files=(
            DataFile(path="questions.json", what="questions with answers"),
            DataFile(path="pictures", what="PNG files, 96 pixels wide"),
        ),
        split="held-out scenes",
        paper="the package scene-world",
        notes=("For trying things out and for tests of a whole pipeline; it says nothing about photographs.",),
    ),
)
