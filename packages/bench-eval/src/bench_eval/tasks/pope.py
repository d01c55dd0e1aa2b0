"""POPE: is there such an object in the picture? Yes/no questions in three categories of absent objects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import RowError
from bench_eval.measures.pope_measure import pope_measure
from bench_eval.rules.yes_no_words import grade_only_yes_or_no, grade_pope_official, grade_whole_yes_no
from bench_eval.tasks.asking_forms import WORD_OR_PHRASE, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_yes_no
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import line_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

CATEGORIES = ("random", "popular", "adversarial")
# The hub repository holds every row twice: in data/, and by category in Full/.
_TABLES = ("**/data/*.parquet", "**/Full/*.parquet", "**/*.parquet")


def read_pope(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions of the three official files, or of the hub's Parquet files where there are none of those.

    Raises:
        FileError: a file is missing, or a line is no object.
        RowError: a line lacks a field.
    """
    if hub_stands_in(folder, [name for category in CATEGORIES for name in _names(category)], *_TABLES):
        yield from _hub_rows(folder)
    else:
        for category in CATEGORIES:
            yield from _official_rows(folder, category)


def _names(category: str) -> tuple[str, ...]:
    name = f"coco_pope_{category}.json"
    return name, f"coco/{name}", f"output/coco/{name}"


def _official_rows(folder: DataFolder, category: str) -> Iterator[Row]:
    for where, item in line_entries(official_file(folder, _names(category), _TABLES[0])):
        name = str(need(item, "image", where))
        question, truth = str(need(item, "text", where)), need_yes_no(item, "label", where)
        image = folder.image(f"val2014/{name}")
        yield _row(category, str(need(item, "question_id", where)), Path(name).stem, image, question, truth)


def _hub_rows(folder: DataFolder) -> Iterator[Row]:
    for where, item in hub_rows(folder, *_TABLES):
        source = Path(str(need(item, "image_source", where))).stem
        question, truth = str(need(item, "question", where)), need_yes_no(item, "answer", where)
        image = save_cell(folder, need(item, "image", where), where)
        question_id = str(need(item, "question_id", where))
        category = str(need(item, "category", where))
        if category not in CATEGORIES:
            raise RowError(f"{where}: category must be one of {', '.join(CATEGORIES)}; got {category!r}.")
        yield _row(category, question_id, source, image, question, truth)


def _row(category: str, question_id: str, source: str, image: str, question: str, truth: str) -> Row:
    return {
        "id": f"{category}/{question_id}",
        "task": "pope",
        "cluster": source,
        "image": image,
        "messages": user_turn(f"{question.strip()}\n{WORD_OR_PHRASE}"),
        "answer": truth,
        "category": category,
    }


POPE = Task(
    name="pope",
    title="POPE (COCO: random, popular, adversarial)",
    read=read_pope,
    decoding=Decoding(max_new_tokens=128),
    profiles=(
        Profile(
            name="official",
            grader=grade_pope_official,
            measure=pope_measure(),
            rule="No where the first sentence has the word no or not, yes for all else, even empty text; the headline "
            "is the mean of the three categories' F1.",
        ),
        Profile(
            name="lmms-eval",
            grader=grade_whole_yes_no,
            measure=pope_measure(pooled=True, unparsed_is_no=False, yes_ratio_of_truths=True),
            rule="The whole answer must be yes or no, so that a period makes it wrong; F1 over all 9,000 rows, answers "
            "that are neither don't count against recall, and the yes ratio is that of the true answers.",
        ),
        Profile(
            name="vlmevalkit",
            grader=grade_only_yes_or_no,
            measure=pope_measure(pooled=True),
            rule="Exactly one of the words yes and no must occur; F1 over all 9,000 rows, where other answers, about "
            "which no judge is asked here, count as no, but as wrong in the accuracy.",
        ),
    ),
    card=DataCard(
        licence="MIT (questions); pictures of COCO: Flickr's terms",
        address="https://github.com/RUCAIBox/POPE",
        files=(
            DataFile(path="coco_pope_random.json", what="3,000 questions, one JSON object a line"),
            DataFile(path="coco_pope_popular.json", what="3,000 questions"),
            DataFile(path="coco_pope_adversarial.json", what="3,000 questions"),
            DataFile(path="val2014/", what="500 pictures of COCO val2014", address="https://cocodataset.org"),
        ),
        hub="lmms-lab/POPE",
        split="test",
        n=9000,
        paper="Li et al. 2023, Evaluating Object Hallucination in Large Vision-Language Models, arXiv 2305.10355",
        notes=(
            "LLaVA's evaluation pins an older random file of 2,910 questions; today's has 3,000, and scores differ.",
            "All three categories ask about the same 500 pictures, which are the clusters.",
        ),
    ),
)
"""The three categories on COCO."""
