"""MMBench, English development part: choices asked in every rotation of their options."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.choices import CHOICE_RULE, grade_choice
from bench_eval.errors import RowError
from bench_eval.measures.circular_measure import circular_measure
from bench_eval.rules.mm_bench import grade_mm_bench_lmms_eval
from bench_eval.rules.vlmevalkit_letters import VLMEVALKIT_RULE, grade_vlmevalkit_letter
from bench_eval.tasks.asking_forms import LETTER, option_lines, user_turn
from bench_eval.tasks.csv_files import read_csv
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_letter, need_whole
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.table_pictures import save_base64, save_cell
from bench_eval.tasks.task import Profile, Task

ROTATION = 1_000_000
"""An index from this on is a rotation of the question of index modulo this."""
_LONGEST_INDEX = 64
"""A shorter cell in place of a picture is the index of the row that holds it, as VLMEvalKit's tables have it."""
_FILES = ("mmbench_dev_20230712.tsv", "MMBench_DEV_EN.tsv")
# The hub repository has a folder for each language, whose files and indices are alike.
_TABLES = ("**/en/dev-*.parquet", "dev-*.parquet", "data/dev-*.parquet")


def read_mm_bench(folder: DataFolder) -> Iterator[Row]:
    """Yield all rotations of all questions of the official TSV file, or of the hub's `dev-*.parquet` files.

    Rows have `base`, `rotation`, `n_rotations`, `category` and `l2_category`; rows of one question share a cluster.

    Raises:
        FileError, RowError: a file or a field is missing, or an index, a picture, an answer can't be read.
    """
    questions = list(_questions(folder))  # without their pictures; a row may lean on a later one, so all come first
    pictures = {question.number: question.picture for question in questions}
    n_rotations = Counter(question.number % ROTATION for question in questions)
    for question in questions:
        yield _row(question, _picture(question, pictures), n_rotations[question.number % ROTATION])


class _Question(NamedTuple):
    where: str
    number: int
    """Index in the file."""
    cells: Mapping[str, Any]
    """All but the picture."""
    picture: str | int
    """Path of the picture, or the index of the row that has it."""


def _questions(folder: DataFolder) -> Iterator[_Question]:
    for where, cells in _table(folder):
        index, cell = need_whole(cells, "index", where), need(cells, "image", where)
        if not isinstance(cell, str):
            picture = save_cell(folder, cell, where)
        elif len(cell) > _LONGEST_INDEX:
            picture = save_base64(folder, cell, where)
        else:
            picture = need_whole(cells, "image", where)
        yield _Question(where, index, {name: value for name, value in cells.items() if name != "image"}, picture)


def _table(folder: DataFolder) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if hub_stands_in(folder, _FILES, *_TABLES):
        yield from hub_rows(folder, *_TABLES)
        return
    path = official_file(folder, _FILES, _TABLES[0])
    for number, question in enumerate(read_csv(path, delimiter="\t"), start=1):
        yield f"{path}, row {number}", question


def _picture(question: _Question, pictures: Mapping[int, str | int]) -> str:
    picture = question.picture if isinstance(question.picture, str) else pictures.get(question.picture)
    if not isinstance(picture, str):
        raise RowError(
            f"{question.where}: image must be a picture, or the index of a row with one; got {question.picture}."
        )
    return picture


def _row(question: _Question, image: str, n_rotations: int) -> Row:
    cells, where, base = question.cells, question.where, str(question.number % ROTATION)
    options = _options(cells, where)
    hint = [str(cells["hint"])] if _is_filled(cells.get("hint")) else []
    asked = [*hint, str(need(cells, "question", where)), option_lines(options), LETTER]
    l2_name = next((name for name in ("l2-category", "L2-category") if name in cells), "l2-category")
    return {
        "id": str(question.number),
        "task": "mmbench",
        "cluster": base,
        "image": image,
        "messages": user_turn("\n".join(asked)),
        "options": options,
        "answer": need_letter(cells, "answer", where, len(options)),
        "base": base,
        "rotation": question.number // ROTATION,
        "n_rotations": n_rotations,
        "category": str(need(cells, "category", where)),
        "l2_category": str(need(cells, l2_name, where)),
    }


def _options(question: Mapping[str, Any], where: str) -> list[str]:
    cells = [question.get(letter) for letter in "ABCD"]
    n_filled = next((place for place, cell in enumerate(cells) if not _is_filled(cell)), len(cells))
    if n_filled < 2 or any(_is_filled(cell) for cell in cells[n_filled:]):
        raise RowError(f"{where}: expected options A, B and on without a gap; got {cells}.")
    return [str(cell) for cell in cells[:n_filled]]


def _is_filled(cell: Any) -> bool:
    """Whether a cell holds a text; tables that went through pandas write `nan` for none."""
    return cell is not None and str(cell).strip() not in ("", "nan")


_ALL_ROTATIONS = "A question counts only if all its rotations are right."
_MEASURE = circular_measure(by=["category", "l2_category"])
MM_BENCH = Task(
    name="mmbench",
    title="MMBench, English, dev",
    read=read_mm_bench,
    decoding=Decoding(max_new_tokens=1024),
    profiles=(
        Profile(
            name="vlmevalkit",
            grader=grade_vlmevalkit_letter,
            measure=_MEASURE,
            rule=f"{VLMEVALKIT_RULE} {_ALL_ROTATIONS}",
        ),
        Profile(
            name="lmms-eval",
            grader=grade_mm_bench_lmms_eval,
            measure=_MEASURE,
            rule="The only bare letter A to E, the only one in a form such as `B.` or `(B)`, or the only option whose "
            f"text occurs; what it would leave to a judge is no answer and wrong. {_ALL_ROTATIONS}",
        ),
        Profile(
            name="selfsight",
            grader=grade_choice,
            measure=_MEASURE,
            rule=f"{CHOICE_RULE} {_ALL_ROTATIONS}",
        ),
    ),
    card=DataCard(
        licence="CC-BY-4.0",
        address="https://mmbench.opencompass.org.cn",
        files=(
            DataFile(
                path=_FILES[0],
                what="questions, answers and pictures in base64, every rotation a row; MMBench_DEV_EN.tsv does as well",
                address="https://download.openmmlab.com/mmclassification/datasets/mmbench/mmbench_dev_20230712.tsv",
            ),
        ),
        hub="lmms-lab/MMBench",
        split="dev",
        n=4329,
        n_units=1164,
        paper="Liu et al., 2024, MMBench: Is Your Multi-modal Model an All-around Player?, arXiv 2307.06281",
        notes=(
            "1,164 questions, about 4 rotations each. Version 1.1 is another set of questions.",
            "Published scores let a model of OpenAI match what the rules leave open; here it is wrong and counted.",
        ),
    ),
)
