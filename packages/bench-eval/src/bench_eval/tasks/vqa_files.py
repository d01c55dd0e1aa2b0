"""Questions and human answers on pictures of COCO, in the files of VQA or the tables of the hub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shard_runner import Row

from bench_eval.errors import FileError
from bench_eval.tasks.asking_forms import WORD_OR_PHRASE, user_turn
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_texts, need_whole
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import json_entries
from bench_eval.tasks.table_pictures import save_cell


@dataclass(frozen=True, kw_only=True)
class VqaFiles:
    """One set of questions."""

    task: str
    """Name of the task, which the rows carry."""
    questions: str
    """File of the questions, without its folder."""
    annotations: str
    """File of the answers; empty where there are none."""
    images: str
    """Folder of the pictures, as COCO names it: `val2014`."""
    tables: str = ""
    """Pattern of the hub's Parquet files that may stand in for all of it; empty where there are none."""

    def read(self, folder: DataFolder) -> Iterator[Row]:
        """Yield the rows of the official files, or of the hub's where those are not there.

        Raises:
            FileError: a file is missing or torn, or a question has no answers.
            RowError: an entry lacks a field.
        """
        if self.tables and hub_stands_in(folder, [self.questions], self.tables):
            return self._read_hub(folder)
        return self._read_official(folder)

    def _read_official(self, folder: DataFolder) -> Iterator[Row]:
        path = official_file(folder, [self.questions], *filter(None, [self.tables]))
        answers = _answers(folder.file(self.annotations)) if self.annotations else None
        for where, entry in json_entries(path, "questions"):
            row_id, image_id = (need_whole(entry, name, where) for name in ("question_id", "image_id"))
            image = folder.image(f"{self.images}/COCO_{self.images}_{image_id:012d}.jpg")
            row = self._row(row_id, str(need(entry, "question", where)), image, str(image_id))
            if answers is not None and row_id not in answers:
                raise FileError(f"{where}: {self.annotations} has no answers to question {row_id}.")
            yield row if answers is None else row | answers[row_id]

    def _read_hub(self, folder: DataFolder) -> Iterator[Row]:
        for where, entry in hub_rows(folder, self.tables):
            image = save_cell(folder, need(entry, "image", where), where)
            # OK-VQA has no image_id there: the same picture has the same file, which is named after its content.
            cluster = str(entry.get("image_id") or Path(image).stem)
            row = self._row(need(entry, "question_id", where), str(need(entry, "question", where)), image, cluster)
            yield row | _answer_fields(entry, where)

    def _row(self, row_id: Any, question: str, image: str, cluster: str) -> Row:
        messages = user_turn(f"{question}\n{WORD_OR_PHRASE}")
        return {"id": str(row_id), "task": self.task, "cluster": cluster, "image": image, "messages": messages}


def _answers(path: Path) -> dict[int, Row]:
    entries = json_entries(path, "annotations")
    return {need_whole(entry, "question_id", where): _answer_fields(entry, where) for where, entry in entries}


def _answer_fields(entry: Row, where: str) -> Row:
    kinds = {name: str(need(entry, name, where)) for name in ("answer_type", "question_type")}
    return {"answer": need_texts(entry, "answers", where), **kinds}
