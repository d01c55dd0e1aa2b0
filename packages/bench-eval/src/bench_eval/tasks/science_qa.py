"""ScienceQA: school questions with options, half of them with a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.choices import CHOICE_RULE, LETTERS, grade_choice
from bench_eval.errors import FileError, RowError
from bench_eval.json_files import read_json
from bench_eval.measures.science_qa_measure import measure_science_qa
from bench_eval.rules.llava_letters import grade_science_qa_llava
from bench_eval.rules.lmms_eval_short_letters import grade_science_qa_lmms_eval
from bench_eval.rules.svco_letters import grade_science_qa_svco
from bench_eval.tasks.asking_forms import LETTER, option_lines, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_list, need_object, need_whole
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import json_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

_LIST, _PROBLEMS, _SPLITS = "llava_test_CQM-A.json", "problems.json", "pid_splits.json"
_TABLES = ("**/ScienceQA-FULL/test-*.parquet", "**/test-*.parquet")
_PICTURE = "<image>"
_COPIED = ("subject", "topic", "grade")


def read_science_qa(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions of LLaVA's `llava_test_CQM-A.json` with `images/test/`, or of the hub's Parquet files.

    With `problems.json` options come from there, and rows also have `subject`, `topic` and `grade`; without it options
    are found at the end of each prompt. With `pid_splits.json` the list must hold the whole test split.

    Raises:
        FileError: neither form is there, a file can't be read, or the list lacks questions of the split.
        RowError: a question lacks a field, its options can't be found, or its label is none of their letters.
    """
    if hub_stands_in(folder, [_LIST], *_TABLES):
        for k, (where, row) in enumerate(hub_rows(folder, *_TABLES)):
            yield _hub_row(f"test-{k}", row, folder, where)
        return
    path = official_file(folder, [_LIST], *_TABLES)
    entries = list(json_entries(path))
    problems = _optional(folder, _PROBLEMS)
    _require_whole_split([item for _, item in entries], _optional(folder, _SPLITS), str(path))
    for where, item in entries:
        yield _listed_row(item, problems, folder, where)


def _listed_row(item: Mapping[str, Any], problems: Mapping[str, Any], folder: DataFolder, where: str) -> Row:
    row_id, turns = str(need(item, "id", where)), need_list(item, "conversations", where)
    if len(turns) != 2 or not all(isinstance(turn, Mapping) for turn in turns):
        raise RowError(f"{where}: conversations must have a question and its answer; got {len(turns)} turns.")
    told = [str(need(turn, "value", where)) for turn in turns]
    problem = need_object(problems, row_id, f"{where}: {_PROBLEMS}") if row_id in problems else {}
    if problems and not problem:
        raise RowError(f"{where}: {_PROBLEMS} has no question {row_id!r}; both must be of one release.")
    prompt = told[0].replace(_PICTURE, "").strip()
    options = list(map(str, need_list(problem, "choices", where))) if problem else options_at_end(prompt)
    name = f"images/test/{item['image']}" if item.get("image") else ""
    row = _row(row_id, prompt, options, told[1].strip(), folder.image(name) if name else "", where)
    return row | {name: problem[name] for name in _COPIED if problem.get(name)}


def _hub_row(row_id: str, row: Mapping[str, Any], folder: DataFolder, where: str) -> Row:
    options, answer = [str(option) for option in need_list(row, "choices", where)], need_whole(row, "answer", where)
    hint = str(row.get("hint") or "")
    question = f"{need(row, 'question', where)}\n{option_lines(options)}"
    prompt = f"Context: {hint}\n{question}" if hint else question
    image = save_cell(folder, row.get("image"), where) if row.get("image") else ""
    made = _row(row_id, prompt, options, LETTERS[answer : answer + 1], image, where)
    return made | {name: row[name] for name in _COPIED if row.get(name)}


def _row(row_id: str, prompt: str, options: Sequence[str], answer: str, image: str, where: str) -> Row:
    if len(options) < 2 or answer not in tuple(LETTERS[: len(options)]):
        raise RowError(f"{where}: the label must be a letter of the options; got {answer!r} and options {options}.")
    row: Row = {
        "id": row_id,
        "task": "scienceqa",
        "cluster": row_id,
        "messages": user_turn(f"{prompt}\n{LETTER}", n_images=1 if image else 0),
        "question": prompt,
        "options": list(options),
        "answer": answer,
        "context": "image" if image else "text",
    }
    return row | ({"image": image} if image else {})


def options_at_end(prompt: str) -> list[str]:
    """Options that end a prompt, from its last line with `A.` on; an option may go on over several lines.

    >>> options_at_end("Which closing is correct?\\nA. Love,\\nZoe\\nB. love,\\nZoe")
    ['Love,\\nZoe', 'love,\\nZoe']
    """
    begins = [match.start() for match in re.finditer(r"^A\. ", prompt, re.MULTILINE)]
    options: list[str] = []
    for line in prompt[begins[-1] :].split("\n") if begins else []:
        label = f"{LETTERS[len(options)]}. "
        if line.startswith(label):
            options.append(line.removeprefix(label))
        else:
            options[-1] += f"\n{line}"
    return options


def _optional(folder: DataFolder, name: str) -> dict[str, Any]:
    path = folder.root / name
    value = read_json(path) if path.exists() else {}
    if not isinstance(value, dict):
        raise FileError(f"{path} must hold an object; got {type(value).__name__}. Download the file again.")
    return cast("dict[str, Any]", value)


def _require_whole_split(items: Sequence[Mapping[str, Any]], splits: Mapping[str, Any], where: str) -> None:
    missing = {str(row_id) for row_id in splits.get("test", ())} - {str(item.get("id")) for item in items}
    if missing:
        raise FileError(f"{where} lacks {len(missing)} questions of the test split, first {min(missing)}.")


SCIENCE_QA = Task(
    name="scienceqa",
    title="ScienceQA",
    read=read_science_qa,
    decoding=Decoding(max_new_tokens=128),
    profiles=(
        Profile(name="selfsight", grader=grade_choice, measure=measure_science_qa, rule=CHOICE_RULE),
        Profile(
            name="llava",
            grader=grade_science_qa_llava,
            measure=measure_science_qa,
            rule="A bare letter, one before a period and a space, or exactly one `The answer is X` with a character "
            "behind it; a letter beyond the options is wrong. Questions without a reply, which the script counts as "
            "wrong, are left out and counted.",
        ),
        Profile(
            name="svco",
            grader=grade_science_qa_svco,
            measure=measure_science_qa,
            rule="The first character, if it is a letter, whatever follows it: `Based on` says B.",
        ),
        Profile(
            name="lmms-eval",
            grader=grade_science_qa_lmms_eval,
            measure=measure_science_qa,
            rule="A lone letter in any case, or a capital before a period; sentences are not searched.",
        ),
    ),
    card=DataCard(
        licence="CC-BY-NC-SA-4.0",
        address="https://github.com/lupantech/ScienceQA",
        hub="lmms-lab/ScienceQA",
        files=(
            DataFile(
                path=_LIST,
                what="4,241 questions as prompts, with labels",
                address="https://github.com/haotian-liu/LLaVA/blob/main/docs/Evaluation.md",
            ),
            DataFile(path="images/test", what="pictures ID/image.png of 2,017 of them"),
            DataFile(path=_PROBLEMS, what="options and subjects", optional=True),
            DataFile(path=_SPLITS, what="ids of the test split, to see that none is missing", optional=True),
        ),
        split="test",
        n=4241,
        paper="Lu et al. 2022, Learn to explain: multimodal reasoning via thought chains for science question "
        "answering, arXiv 2209.09513",
        notes=(
            "`context=image` is what papers call ScienceQA-IMG: the questions with a picture.",
            "Without problems.json options are read from the prompts and there are no figures by subject.",
            "Verbose replies score very differently by rule: LLaVA's finds `The answer is X.`, lmms-eval's does not.",
            "Rows of the hub's Parquet files have no official ids; theirs count from test-0.",
        ),
    ),
)
"""Accuracy over all questions, then with and without a picture."""
