"""Graders, statistics and runs of bench-eval: do they say what the originals say, how fast, and what does a kill cost?

    uv run python tools/bench/grading.py                      about a minute: data of the benchmarks' size, made here
    uv run python tools/bench/grading.py --data FOLDER        the official files, named as in grading_answers.py

1. Verdicts: every row of ScienceQA, TextVQA, CV-Bench, MMVP, RealWorldQA, POPE and MME is graded with answers in all
   forms that models use (`grading_answers.py`) by each profile that stands for an original, and by a plain reference
   (`grading_references.py`). `disagreements` counts where the scores differ; the first of each kind are printed.
2. Speed: one answer to each of 5,000 questions of TextVQA, graded and averaged, against the reference in the same
   process, in turns, five rounds of processor time (the reference three); the first round of ours starts with nothing
   remembered (`textvqa_cold_seconds`). Memory is the peak of reading the file, grading and averaging, by tracemalloc.
3. Statistics: a million bootstrap draws of MME's figures, in wall time, against drawing pictures one draw after the
   other in a loop (4,000 draws, scaled: `bootstrap_ratio`). Standard errors, intervals and means of perception and
   cognition must agree within what 4,000 draws can tell (4 standard errors).
4. Kills: a run of POPE (300 rows, 4 a batch) is killed with SIGKILL 20 times at random moments and then finished; where
   one run ends before, the rest of the kills hit the next. Scores must be those of a run that nobody killed.
   `asked_twice` counts responses that were saved when a kill came and asked again after it; rows of the batch that a
   kill hits are asked again (`repeated`).

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import grading_answers as answers
import grading_references as references
import numpy as np
import pyarrow
from bench_eval.grades import grade_row
from bench_eval.measures import Measured, score_metrics
from bench_eval.measures.mme_measure import measure_mme
from bench_eval.tasks import DataFolder, Task
from bench_eval.tasks.registry import find_task
from grading_answers import Row
from grading_kills import kill_often
from grading_references import Reference, m4c, soft_accuracy, vlmevalkit, vqa, vqa_script
from shard_runner.record import installed_versions

DRAWS, PLAIN_DRAWS, ROUNDS, SHOWN = 1_000_000, 4_000, 5, 3
REMEMBERED = soft_accuracy(cache(m4c))  # so that the check of all forms doesn't take hours
ORIGINALS: dict[str, tuple[Callable[[Row], Iterator[tuple[str, str]]], dict[str, Reference]]] = {
    "textvqa": (answers.word_answers, {
        "official": REMEMBERED, "llava": REMEMBERED, "lmms-eval": REMEMBERED,
        "vlmevalkit": soft_accuracy(cache(vlmevalkit)), "vqa-script": vqa_script(cache(vqa)),
    }),
    "scienceqa": (answers.letter_answers, {
        "llava": references.science_qa_llava, "svco": references.science_qa_svco,
        "lmms-eval": references.science_qa_lmms_eval,
    }),
    "cv_bench": (answers.letter_answers, {
        "svco": references.first_characters_svco, "lmms-eval": references.cv_bench_lmms_eval,
    }),
    "mmvp": (answers.letter_answers, {
        "svco": references.first_characters_svco, "lmms-eval": references.mmvp_lmms_eval,
        "cambrian": references.mmvp_cambrian,
    }),
    "realworldqa": (answers.real_world_answers, {
        "svco": references.real_world_qa_svco, "lmms-eval": references.real_world_qa_lmms_eval,
        "cambrian": references.real_world_qa_cambrian,
    }),
    "pope": (answers.yes_no_answers, {
        "official": references.pope_official, "lmms-eval": references.pope_lmms_eval,
    }),
    "mme": (answers.yes_no_answers, {
        "official": references.mme_official, "lmms-eval": references.mme_lmms_eval,
    }),
}  # fmt: skip
"""Of each task: the answers that are made, and whom its profiles stand for."""


# verdicts


@dataclass
class Verdicts:
    """What was compared."""

    rows: int = 0
    compared: int = 0
    scoring: int = 0
    """Answers that an original gives some score."""
    differ: Counter[str] = field(default_factory=Counter[str])
    """By task, profile and form."""
    examples: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """A few of each kind."""

    def note(self, kind: str, row: Row, text: str, ours: float, theirs: float) -> None:
        """Keep a difference."""
        self.differ[kind] += 1
        shown = self.examples.setdefault(kind, [])
        if len(shown) < SHOWN:
            shown.append(f"row {row['id']}, gold {row['answer']!r}: {text!r} scores {ours}, original {theirs}")


def rows_of(task: Task, data: Path) -> list[dict[str, Any]]:
    """Rows as the task's own reader yields them."""
    return list(task.read(DataFolder(data / task.name, data / "pictures")))


def check_verdicts(data: Path) -> list[Verdicts]:
    """Grade all forms of answers to all rows twice, two tasks at a time, the longest first."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        return list(pool.map(check_task, ORIGINALS, [data] * len(ORIGINALS)))


def check_task(name: str, data: Path) -> Verdicts:
    """Compare every profile that stands for an original with its reference."""
    make_answers, profiles = ORIGINALS[name]
    task, begun = find_task(name), time.thread_time()
    graders = [(profile, task.profile(profile).grader, reference) for profile, reference in profiles.items()]
    rows, verdicts = rows_of(task, data), Verdicts()
    for row in rows:
        for form, text in make_answers(row):
            original = {reference: reference(text, row) for reference in set(profiles.values())}
            for profile, grader, reference in graders:
                ours, theirs = score_of(grader(text, row)), original[reference]
                verdicts.compared += 1
                verdicts.scoring += theirs > 0
                if abs(ours - theirs) > 1e-9:
                    verdicts.note(f"{name}, {profile}, {form!r}", row, text, ours, theirs)
    verdicts.rows = len(rows)
    print(
        f"{name:12}{len(rows):6,} rows {verdicts.compared:10,} verdicts by {', '.join(profiles)}, "
        f"{verdicts.scoring:,} of them with a score: {verdicts.differ.total()} differ "
        f"({time.thread_time() - begun:.0f} s)",
        flush=True,
    )
    return verdicts


def score_of(grade: Any) -> float:
    """A grader may give a grade, a number or a truth value."""
    return float(getattr(grade, "score", grade))


# speed


class Speed(NamedTuple):
    """Of both sides, for one file of answers."""

    ours_s: list[float]
    plain_s: list[float]
    ours_peak: int
    plain_peak: int
    scores: tuple[float, float]
    same: bool


def measure_speed(data: Path) -> Speed:
    """Grade one answer to each question of TextVQA on both sides, in turns."""
    task, reference = find_task("textvqa"), soft_accuracy(m4c)
    rows = with_answers(rows_of(task, data))
    ours_s, plain_s, mine, theirs = list[float](), list[float](), list[float](), list[float]()
    ours = plain = 0.0
    for number in range(ROUNDS):
        begun = time.process_time()
        ours, mine = score_ours(task, rows)
        middle = time.process_time()
        ours_s.append(middle - begun)
        if number % 2 == 0:  # it takes ten times as long
            plain, theirs = score_plainly(reference, rows)
            plain_s.append(time.process_time() - middle)
    same = all(abs(one - other) < 1e-9 for one, other in zip(mine, theirs, strict=True))
    ours_peak = peak_bytes(lambda: score_ours(task, with_answers(rows_of(task, data))))
    plain_peak = peak_bytes(lambda: score_plainly(reference, with_answers(rows_of_file(data))))
    return Speed(ours_s, plain_s, ours_peak, plain_peak, (ours, plain), same)


def with_answers(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What models say: someone's answer, sometimes in a sentence, with a capital or a period."""
    forms = ("{}", "{}.", "The {}", "{}", "It says {}.")
    said = [forms[k % 5].format(row["answer"][k % 10]) for k, row in enumerate(rows)]
    return [{**row, "trials": [{"text": text}]} for row, text in zip(rows, said, strict=True)]


def score_ours(task: Task, rows: Sequence[Row]) -> tuple[float, list[float]]:
    """Return the headline and the score of each row."""
    profile = task.profile()
    graded = [grade_row(row, profile.grader) for row in rows]
    return profile.measure(graded).values()[0], [row["trials"][0]["score"] for row in graded]


def score_plainly(reference: Reference, rows: Sequence[Row]) -> tuple[float, list[float]]:
    """Return the same by the reference."""
    scores = [reference(row["trials"][0]["text"], row) for row in rows]
    return sum(scores) / len(scores), scores


def rows_of_file(data: Path) -> list[dict[str, Any]]:
    """Questions with their answers, as anyone reads them."""
    path = data / "textvqa" / answers.FILES["textvqa"][1]
    entries = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [{"id": entry["question_id"], "answer": entry["answers"]} for entry in entries]


def peak_bytes(call: Callable[[], Any]) -> int:
    """Largest memory that the call holds at once."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


# statistics


class Bootstrap(NamedTuple):
    """A million draws, and some in a loop."""

    ours_s: float
    plain_s: float
    """Scaled to as many draws."""
    furthest: float
    """Largest difference of a figure, in standard errors of the loop's."""
    lines: list[str]


def measure_bootstrap(data: Path) -> Bootstrap:
    """Draw perception and cognition on both sides."""
    rng = random.Random(0)
    rows = [{**row, "trials": [{"score": float(rng.random() < 0.7)}]} for row in rows_of(find_task("mme"), data)]
    measured = measure_mme(rows)
    begun = time.perf_counter()
    figures = {figure.metric: figure for figure in score_metrics(measured, draws=DRAWS)}
    ours_s = time.perf_counter() - begun
    begun = time.perf_counter()
    drawn = references.draw_plainly(rows, PLAIN_DRAWS)
    plain_s = (time.perf_counter() - begun) * DRAWS / PLAIN_DRAWS
    furthest, lines = 0.0, list[str]()
    for name, values in drawn.items():
        figure, spread = figures[name], statistics.stdev(values)
        low, high = np.quantile(values, [0.025, 0.975])
        unit = spread / PLAIN_DRAWS**0.5
        away = {
            "mean": (statistics.fmean(values) - figure.value) / unit,
            "standard error": (spread - figure.standard_error) / (unit / 2**0.5),
            "low": (low - figure.interval.low) / (2.67 * unit),  # a normal law's density at its 2.5 % point
            "high": (high - figure.interval.high) / (2.67 * unit),
        }
        furthest = max(furthest, *map(abs, away.values()))
        lines.append(
            f"{name}: {figure.value:.1f}, standard error {figure.standard_error:.2f} against {spread:.2f}, interval "
            f"{figure.interval.low:.1f} to {figure.interval.high:.1f} against {low:.1f} to {high:.1f}"
        )
    check_point_values(measured, rows)
    return Bootstrap(ours_s, plain_s, furthest, lines)


def check_point_values(measured: Measured, rows: Sequence[Row]) -> None:
    """The figures of the rows themselves must be those of the plain formula."""
    plain = references.score_pictures(references.pictures_of(rows))
    ours = {metric.name: value for metric, value in zip(measured.metrics, measured.values(), strict=True)}
    assert all(abs(ours[name] - value) < 1e-6 for name, value in plain.items()), (ours, plain)


def main() -> None:
    """Print what was found and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the official files")
    options = parser.parse_args()
    pyarrow.array([1])
    installed_versions()  # both once, for all runs that are forked
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        answers.lay_out(data, options.data)
        killed = kill_often(data, Path(folder))
        print(
            f"{killed.kills} kills in {killed.runs} runs: {killed.asked_twice} saved responses asked again, "
            f"{killed.repeated} rows of batches under way; scores as without kills: {killed.same}",
            flush=True,
        )
        speed = measure_speed(data)
        verdicts = check_verdicts(data)
        drawn = measure_bootstrap(data)
        ours_s, plain_s = statistics.median(speed.ours_s), statistics.median(speed.plain_s)
        print(
            f"5,000 answers to TextVQA: ours {ours_s:.2f} s (first {speed.ours_s[0]:.2f}), reference {plain_s:.2f} s; "
            f"both {100 * speed.scores[0]:.2f} and {100 * speed.scores[1]:.2f}; peak MiB {speed.ours_peak / 2**20:.1f} "
            f"and {speed.plain_peak / 2**20:.1f}"
        )
        print(
            f"{DRAWS:,} draws of MME: {drawn.ours_s:.1f} s, in a loop about {drawn.plain_s:,.0f} s",
            *drawn.lines,
            sep="\n  ",
        )
        print(f"  furthest apart: {drawn.furthest:.1f} standard errors")
    for kind, count in [pair for one in verdicts for pair in one.differ.most_common()]:
        examples = next(one.examples[kind] for one in verdicts if kind in one.examples)
        print(f"{count:6} differ: {kind}", *examples, sep="\n         ")
    disagreements = sum(one.differ.total() for one in verdicts)
    line = {
        "name": "grading",
        "time_ratio": round(plain_s / ours_s, 2),
        "memory_ratio": round(speed.plain_peak / speed.ours_peak, 2),
        "agree": speed.same and killed.same and not killed.asked_twice and drawn.furthest < 4 and not disagreements,
        "textvqa_seconds": round(ours_s, 3),
        "textvqa_cold_seconds": round(speed.ours_s[0], 3),
        "cold_ratio": round(speed.plain_s[0] / speed.ours_s[0], 2),
        "mme_bootstrap_seconds": round(drawn.ours_s, 2),
        "bootstrap_ratio": round(drawn.plain_s / drawn.ours_s),
        "kills": killed.kills,
        "asked_twice": killed.asked_twice,
        "repeated": killed.repeated,
        "rows_checked": sum(one.rows for one in verdicts),
        "verdicts_checked": sum(one.compared for one in verdicts),
        "disagreements": disagreements,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
