"""RealWorldQA: pictures from cars and elsewhere, with options or with answers of one word or number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.choices import CHOICE_RULE, LETTERS
from bench_eval.errors import RowError
from bench_eval.measures.mean_measures import mean_measure
from bench_eval.rules.cambrian_answers import grade_real_world_qa_cambrian
from bench_eval.rules.real_world_qa import (
    grade_own_real_world_qa,
    grade_real_world_qa_lmms_eval,
    grade_real_world_qa_vlmevalkit,
)
from bench_eval.rules.svco_letters import grade_real_world_qa_svco
from bench_eval.rules.vlmevalkit_letters import VLMEVALKIT_RULE
from bench_eval.tasks.asking_forms import user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import line_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

_LINES = "llava_test_realworldqa.jsonl"
_TABLES = "**/test-*.parquet"
_WANTS_LETTER = "only the letter of the correct option"


def read_real_world_qa(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions of the hub's Parquet files, or of `llava_test_realworldqa.jsonl` with `images/`.

    The instruction is part of a question. Rows that ask for a letter have `options`, found in it, and `form` letter;
    the others have `form` word. Ids count from 1 in the official order.

    Raises:
        FileError: neither is there, or a file can't be read.
        RowError: a row lacks a field, or its options can't be found.
    """
    if hub_stands_in(folder, [_LINES], _TABLES):
        for k, (where, row) in enumerate(hub_rows(folder, _TABLES), start=1):
            image = save_cell(folder, row.get("image"), where)
            yield _row(str(k), str(need(row, "question", where)), str(need(row, "answer", where)), image, where)
        return
    for where, row in line_entries(official_file(folder, [_LINES], _TABLES)):
        image = folder.image(f"images/{need(row, 'image', where)}")
        row_id, answer = str(need(row, "question_id", where)), str(need(row, "answer", where))
        yield _row(row_id, str(need(row, "text", where)), answer, image, where)


def _row(row_id: str, question: str, answer: str, image: str, where: str) -> Row:
    wants_letter = _WANTS_LETTER in question
    options = options_in_question(question) if wants_letter else []
    if wants_letter and (len(options) < 2 or answer.strip() not in tuple(LETTERS[: len(options)])):
        raise RowError(
            f"{where}: a question for a letter must list its options, one a line, and have one of their letters as "
            f"answer; found {options}, answer {answer!r}."
        )
    row: Row = {
        "id": row_id,
        "task": "realworldqa",
        "cluster": row_id,
        "image": image,
        "messages": user_turn(question),
        "question": question,
        "answer": answer,
        "form": "letter" if wants_letter else "word",
    }
    return row | ({"options": options} if options else {})


def options_in_question(question: str) -> list[str]:
    """Texts behind `A.`, `B.` and so on at the begin of lines, in order; some rows have `A:`, `C.Red` or `B Only`.

    >>> options_in_question("Which?\\nA. red\\nB dark blue\\nC.green\\nPlease answer.")
    ['red', 'dark blue', 'green']
    """
    options: list[str] = []
    for line in question.splitlines()[1:]:
        # Without a mark the letter A begins sentences.
        mark = r"[.:]\s*" if not options else r"(?:[.:]\s*|\s+)"
        match = re.fullmatch(rf"\s*{LETTERS[len(options)]}{mark}(\S.*?)\s*", line)
        if match:
            options.append(match[1])
    return options


REAL_WORLD_QA = Task(
    name="realworldqa",
    title="RealWorldQA",
    read=read_real_world_qa,
    decoding=Decoding(max_new_tokens=128),
    profiles=(
        Profile(
            name="selfsight",
            grader=grade_own_real_world_qa,
            measure=mean_measure(by=("form",)),
            rule=f"Letters: {CHOICE_RULE} Yes or no as stated, numbers in digits or words, other "
            "words whole without articles and punctuation.",
        ),
        Profile(
            name="svco",
            grader=grade_real_world_qa_svco,
            measure=mean_measure(by=("form",)),
            rule="Equal without brackets, spaces and periods; of letters the first four characters alone, so that "
            "`B. It` is wrong.",
        ),
        Profile(
            name="lmms-eval",
            grader=grade_real_world_qa_lmms_eval,
            measure=mean_measure(by=("form",)),
            rule="Letters by the shared extractor, other answers equal in any case without periods at their end.",
        ),
        Profile(
            name="cambrian",
            grader=grade_real_world_qa_cambrian,
            measure=mean_measure(by=("form",)),
            rule="The first word behind the last `answer is` must be the answer: `B. It` is wrong, `B` right.",
        ),
        Profile(
            name="vlmevalkit",
            grader=grade_real_world_qa_vlmevalkit,
            measure=mean_measure(by=("form",)),
            rule=f"Letters: {VLMEVALKIT_RULE} Words equal in any case.",
        ),
    ),
    card=DataCard(
        licence="CC-BY-ND-4.0",
        address="https://huggingface.co/datasets/xai-org/RealworldQA",
        hub="xai-org/RealworldQA",
        files=(
            DataFile(path="data/test-*.parquet", what="765 questions with pictures, as on the hub", optional=True),
            DataFile(
                path="llava_test_realworldqa.jsonl",
                what="the same questions in LLaVA's form, instead of the Parquet files",
                optional=True,
            ),
            DataFile(path="images", what="their pictures, 1.webp to 765.webp, with the JSON lines only", optional=True),
        ),
        split="test",
        n=765,
        paper="xAI 2024, Grok-1.5 Vision preview",
        notes=(
            "One of the two forms must be there. The licence forbids to pass on changed copies.",
            "438 questions ask for a letter, 327 for a word or number; the instruction is part of the question.",
            "Pictures saved again as lossy WebP, as S-VCO's script does, are other pictures than the hub's.",
        ),
    ),
)
"""Plain accuracy; also by form of the answer."""
