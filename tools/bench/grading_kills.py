"""A benchmark run that is killed again and again: what is asked twice, and does it end with the same scores?"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench_eval import Answers, Question
from bench_eval.runs import AskedModel, load_answers, run_task, score_task
from bench_eval.tasks.registry import find_task
from grading_answers import Row
from shard_runner.folder import is_closed, journal_path, shards_in
from shard_runner.journal import read_journal
from shard_runner.ledger import read_entries

KILLS, BATCH, ASK_S = 20, 4, 0.01


class Killed(NamedTuple):
    """What kills did."""

    kills: int
    runs: int
    asked_twice: int
    repeated: int
    """Times that a row was asked again."""
    same: bool


def answer(question: Question) -> str:
    """Answer in several forms, mostly right."""
    number = int(question.id.rpartition("/")[2])
    truth = ("Yes", "No")[(number + (number % 7 == 0)) % 2]
    return (truth, f"{truth}.", truth.lower(), f"{truth}, I think.")[number % 4]


def ask_pope(data: Path, folder: Path) -> None:
    """Run POPE to its end, with a line of ids for each batch that is asked."""

    def ask(questions: Sequence[Question]) -> list[Answers]:
        line = " ".join(question.id for question in questions) + "\n"
        handle = os.open(folder / "asked", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, line.encode())
        os.close(handle)
        time.sleep(ASK_S)
        return [Answers(question.id, [answer(question)] * question.decoding.n) for question in questions]

    model = AskedModel(name="made", identity="made", make_sampler=lambda: ask, batch_size=BATCH)
    run_task(find_task("pope"), data / "pope", folder / "run", model)


def asked_ids(folder: Path) -> list[str]:
    """Every id that was asked, again where it was asked again."""
    path = folder / "asked"
    return path.read_text().split() if path.exists() else []


def saved_keys(folder: Path) -> set[str]:
    """Keys of the rows whose responses a journal or a ledger calls done; an open stage has a folder of another name."""
    found: set[str] = set()
    for responses in (folder / "run" / "pope").glob("responses*"):
        for index in shards_in(responses):
            entries = read_entries(responses, index) if is_closed(responses, index) else []
            verdicts = read_journal(journal_path(responses, index)).verdicts
            found.update(entry.key for entry in entries if entry.state == "done")
            found.update(key for key, verdict in verdicts.items() if verdict.state == "done")
    return found


def run_apart(data: Path, folder: Path, until: int | None = None, wait_s: float = 0.0) -> bool:
    """Run in a process of its own; kill it a moment after so many rows were asked. Return whether it was killed."""
    process = multiprocessing.get_context("fork").Process(target=ask_pope, args=(data, folder))
    process.start()
    while until is not None and process.is_alive():
        if len(asked_ids(folder)) >= until:
            time.sleep(wait_s)
            os.kill(process.pid or 0, signal.SIGKILL)
            break
        time.sleep(0.001)
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), f"the run ended with {process.exitcode}"
    return process.exitcode == -signal.SIGKILL


def kill_often(data: Path, folder: Path) -> Killed:
    """Kill, go on, and look what was asked again."""
    moments = random.Random(0)
    whole = folder / "whole"
    whole.mkdir()
    run_apart(data, whole)
    expected, ids = results_of(whole), ids_by_key(whole)
    kills = runs = asked_twice = repeated = 0
    same = True
    while kills < KILLS:
        runs += 1
        place = folder / f"killed-{runs}"
        place.mkdir()
        found: list[tuple[set[str], int]] = []
        while kills + len(found) < KILLS:
            until = len(asked_ids(place)) + moments.randrange(5 * BATCH)
            if not run_apart(data, place, until, moments.uniform(0, 2 * ASK_S)):
                break
            found.append(({ids[key] for key in saved_keys(place) if key in ids}, len(asked_ids(place))))
        run_apart(data, place)
        asked = asked_ids(place)
        kills += len(found)
        asked_twice += sum(len(saved.intersection(asked[before:])) for saved, before in found)
        repeated += len(asked) - len(set(asked))
        same = same and results_of(place) == expected and set(asked) == set(ids.values())
        print(f"run {runs}: killed {len(found)} times with {[len(saved) for saved, _ in found]} responses saved")
    return Killed(kills, runs, asked_twice, repeated, same)


def ids_by_key(folder: Path) -> Mapping[str, str]:
    """What the ledger of a run that is finished calls each row."""
    responses = folder / "run" / "pope" / "responses"
    return {entry.key: entry.id for index in shards_in(responses) for entry in read_entries(responses, index)}


def results_of(folder: Path) -> tuple[str, list[Row]]:
    """Figures of all profiles, and the answers."""
    task, saved = find_task("pope"), load_answers(folder / "run", "pope")
    figures = [score_task(task, saved, profile).figures for profile in task.profiles]
    return repr(figures), list(saved.rows)
