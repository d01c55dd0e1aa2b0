from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest
from answer_judge import DeadlineLadder, Verdict, WorkerError, default_ladder

STUBBORN = """
import ctypes, os, re, signal, subprocess, sys, time
from pathlib import Path
from answer_judge import Ladder, Opinion

LOG = Path(__file__).with_name("log.txt")

def act(answer):
    if answer == "spin":
        while True:
            pass
    if answer == "sleep in C":
        ctypes.PyDLL(None).sleep(600)  # holds the interpreter lock
    if answer == "regular expression":
        re.match("(a+)+$", "a" * 64 + "b")
    if answer == "children":
        LOG.with_name("child.txt").write_text(str(subprocess.Popen(["sleep", "600"]).pid))
        time.sleep(600)
    if answer == "raise":
        raise ValueError("no such thing")
    if answer == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if answer == "exit":
        sys.exit(3)
    if answer.startswith("nap"):
        time.sleep(0.3)

class Stubborn:
    name = "stubborn"

    def __call__(self, pairs):
        with LOG.open("a") as log:
            log.writelines(f"{pair.answer}\\n" for pair in pairs)
        for pair in pairs:
            act(pair.answer)
        return [Opinion(pair.answer[-1:] == pair.reference[-1:], 0.5, str(os.getpid())) for pair in pairs]

def make():
    return Ladder([Stubborn()])

def fail():
    raise RuntimeError("no model here")

def hang():
    time.sleep(600)

def judge_in_pool(ladder, answers):
    with ladder:
        verdicts = ladder.judge_many([(answer, "x") for answer in answers])
    return [(verdict.rung, verdict.accepted) for verdict in verdicts]
"""


@pytest.fixture
def stubborn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("stubborn", None)
    import stubborn  # type: ignore[import-not-found]

    return stubborn


def log_of(stubborn: ModuleType) -> list[str]:
    return stubborn.LOG.read_text().splitlines()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")  # a zombie has ended; here it is only not yet reaped by its new parent
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def has_ended(pid: int, within_s: float = 10) -> bool:
    """Whether a process ends within a time, which is waited for."""
    give_up = time.monotonic() + within_s
    while is_running(pid) and time.monotonic() < give_up:
        time.sleep(0.02)
    return not is_running(pid)


@pytest.mark.parametrize("how", ["spin", "sleep in C", pytest.param("regular expression", marks=pytest.mark.slow)])
def test_a_pair_that_hangs_is_given_up_and_its_neighbours_are_judged_once(stubborn: ModuleType, how: str) -> None:
    with DeadlineLadder(stubborn.make, seconds=0.3) as ladder:
        pairs = [("box", "fox"), ("cat", "fox"), (how, "fox"), ("ox", "fox"), ("dog", "fox")]
        verdicts = ladder.judge_many(pairs)
    assert [(one.accepted, one.rung) for one in verdicts] == [
        (True, "stubborn"), (False, "stubborn"), (False, "deadline"), (True, "stubborn"), (False, "stubborn"),
    ]  # fmt: skip
    assert verdicts[2] == Verdict(False, "deadline", 0.0, "no verdict within 0.3 s; its process was killed")
    assert log_of(stubborn) == [answer for answer, _ in pairs]
    first, second = int(verdicts[0].reason), int(verdicts[3].reason)
    assert first != second
    assert not is_running(first)
    assert not is_running(second)


def test_what_a_hung_pair_started_ends_with_it(stubborn: ModuleType) -> None:
    with DeadlineLadder(stubborn.make, seconds=0.3) as ladder:
        assert ladder.judge("children", "x").rung == "deadline"
    assert has_ended(int(stubborn.LOG.with_name("child.txt").read_text()))


def test_verdicts_are_those_of_the_ladder_and_equal_pairs_are_judged_once(stubborn: ModuleType) -> None:
    pairs = [("Two doughnuts", "donut"), ("not a dog", "dog"), ("", "dog"), ("kayak", "boat"), ("a cat", "cat")]
    with DeadlineLadder(default_ladder) as ladder:
        assert ladder.judge_many(pairs) == default_ladder().judge_many(pairs)
        assert ladder.judge_many([]) == []
    options = {"A": "cat", "B": "dog"}
    with DeadlineLadder(default_ladder) as ladder:
        assert ladder.judge("(b)", "dog", options) == default_ladder().judge("(b)", "dog", options)
        with pytest.raises(WorkerError, match="raised OptionError"):
            ladder.judge("(b)", "dog", {})
    with DeadlineLadder(stubborn.make) as ladder:
        ladder.judge_many([("a", "a"), ("b", "a"), ("a", "a")])
    assert log_of(stubborn) == ["a", "b"]


def test_text_of_any_kind_reaches_the_ladder_unchanged() -> None:
    texts = ["\0", "\ud800", "🦆 \u202eبطة", "x" * 1_000_000, 'a "quoted"\nline']
    pairs = [(text, text) for text in texts]
    with DeadlineLadder(default_ladder) as ladder:
        assert ladder.judge_many(pairs) == default_ladder().judge_many(pairs)


def test_a_rung_that_raises_is_an_error_and_its_process_goes_on(stubborn: ModuleType) -> None:
    with DeadlineLadder(stubborn.make) as ladder:
        before = ladder.judge("ox", "fox").reason
        with pytest.raises(WorkerError, match=r"^judging 'raise' against 'fox' raised ValueError: no such thing$"):
            ladder.judge("raise", "fox")
        assert ladder.judge("ox", "fox").reason == before


@pytest.mark.parametrize(("how", "status"), [("die", -9), ("exit", 3)])
def test_a_pair_that_ends_its_process_twice_is_an_error(stubborn: ModuleType, how: str, status: int) -> None:
    with DeadlineLadder(stubborn.make) as ladder:
        with pytest.raises(WorkerError, match=rf"judging '{how}' against 'x' ended twice \(exit status {status}\)"):
            ladder.judge(how, "x")
        assert ladder.judge("ox", "fox")
    assert log_of(stubborn) == [how, how, "ox"]


def test_a_process_killed_from_outside_between_verdicts_is_replaced(stubborn: ModuleType) -> None:
    with DeadlineLadder(stubborn.make) as ladder:
        pid = int(ladder.judge("ox", "fox").reason)
        os.kill(pid, signal.SIGKILL)
        after = ladder.judge("box", "fox")
    assert after.accepted
    assert int(after.reason) != pid


def test_a_process_killed_from_outside_under_a_pair_costs_no_verdict(stubborn: ModuleType) -> None:
    with DeadlineLadder(stubborn.make) as ladder:
        pid = int(ladder.judge("ox", "fox").reason)

        def kill_under_the_nap() -> None:
            while "nap x" not in log_of(stubborn):
                time.sleep(0.01)
            os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_under_the_nap)
        killer.start()
        verdict = ladder.judge("nap x", "fox")
        killer.join()
    assert verdict.accepted
    assert log_of(stubborn) == ["ox", "nap x", "nap x"]


def test_waiting_for_a_free_process_does_not_count(stubborn: ModuleType) -> None:
    with DeadlineLadder(stubborn.make, seconds=1) as ladder, ThreadPoolExecutor(5) as pool:
        verdicts = list(pool.map(lambda index: ladder.judge(f"nap {index} x", "fox"), range(5)))
    assert [verdict.rung for verdict in verdicts] == ["stubborn"] * 5  # 1.5 s in all
    assert len({verdict.reason for verdict in verdicts}) == 1


def test_eight_threads_share_two_processes_while_some_pairs_hang(stubborn: ModuleType) -> None:
    answers = [("spin" if index in (5, 17) else f"{index} {'x' if index % 2 else 'y'}") for index in range(32)]
    with DeadlineLadder(stubborn.make, seconds=0.8, workers=2) as ladder, ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda answer: ladder.judge(answer, "x"), answers))
    for index, verdict in enumerate(verdicts):
        expected = ("deadline", False) if index in (5, 17) else ("stubborn", index % 2 == 1)
        assert (verdict.rung, verdict.accepted) == expected
    assert not any(is_running(int(one.reason)) for one in verdicts if one.rung == "stubborn")


def test_a_ladder_sent_to_a_process_pool_judges_there(stubborn: ModuleType) -> None:
    ladder = DeadlineLadder(stubborn.make, seconds=0.5)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(stubborn.judge_in_pool, [ladder] * 2, [["x", "spin"], ["y", "x"]]))
    assert results == [[("stubborn", True), ("deadline", False)], [("stubborn", False), ("stubborn", True)]]


@pytest.mark.slow
def test_daemonic_processes_may_judge_though_they_may_have_no_children(stubborn: ModuleType) -> None:
    ladder = DeadlineLadder(stubborn.make, seconds=0.5)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        result = pool.apply(stubborn.judge_in_pool, (ladder, ["x", "spin"]))
        pool.close()
        pool.join()
    assert result == [("stubborn", True), ("deadline", False)]


FORK = """
import os, sys
from answer_judge import DeadlineLadder
import stubborn

ladder = DeadlineLadder(stubborn.make, seconds=5)
before = ladder.judge("x", "x")
child = os.fork()
if child == 0:
    theirs = ladder.judge("x", "x")
    sys.exit(0 if theirs.accepted and theirs.reason != before.reason else 1)  # runs what is due at exit
status = os.waitpid(child, 0)[1]
print(os.waitstatus_to_exitcode(status), ladder.judge("x", "x").reason == before.reason, before.reason)
"""


def run_script(code: str, folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_forked_process_judges_with_a_process_of_its_own(stubborn: ModuleType) -> None:
    script = run_script(FORK, stubborn.LOG.parent)
    status, is_same, pid = script.communicate(timeout=30)[0].split()
    assert (script.returncode, status, is_same) == (0, "0", "True")
    assert has_ended(int(pid))  # though nobody closed the ladder


IDLE = """
import time, stubborn
from answer_judge import DeadlineLadder
ladder = DeadlineLadder(stubborn.make, seconds=60)
print(ladder.judge("x", "x").reason, flush=True)
time.sleep(600)
"""
HUNG = """
import os, signal, threading, stubborn
from answer_judge import DeadlineLadder
ladder = DeadlineLadder(stubborn.make, seconds=2, start_seconds=2)
print(ladder.judge("x", "x").reason, flush=True)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
ladder.judge("sleep in C", "x")
"""


def test_an_idle_process_ends_when_its_parent_is_killed(stubborn: ModuleType) -> None:
    script = run_script(IDLE, stubborn.LOG.parent)
    pid = int(script.stdout.readline())  # type: ignore[union-attr]
    script.kill()
    script.communicate()
    assert has_ended(pid)


@pytest.mark.slow
def test_a_hung_process_ends_by_itself_when_its_parent_is_killed(stubborn: ModuleType) -> None:
    script = run_script(HUNG, stubborn.LOG.parent)
    pid = int(script.communicate(timeout=30)[0])
    assert script.returncode == -signal.SIGKILL
    assert has_ended(pid)


def test_closing_ends_the_processes_and_a_later_call_starts_new_ones(stubborn: ModuleType) -> None:
    ladder = DeadlineLadder(stubborn.make)
    pid = int(ladder.judge("ox", "fox").reason)
    ladder.close()
    assert not is_running(pid)
    assert ladder.judge("ox", "fox")
    ladder.close()
    ladder.close()


def test_an_interrupted_verdict_is_not_given_to_the_next_pair(
    stubborn: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from multiprocessing.connection import Connection

    with DeadlineLadder(stubborn.make) as ladder:
        assert ladder.judge("ox", "fox")

        def interrupt(*_: object) -> bool:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Connection, "poll", interrupt)
            with pytest.raises(KeyboardInterrupt):
                ladder.judge("nap x", "fox")
        assert not ladder.judge("ape", "fox")


def test_a_factory_that_fails_is_an_error(stubborn: ModuleType) -> None:
    with DeadlineLadder(stubborn.fail) as ladder, pytest.raises(WorkerError, match="RuntimeError: no model here"):
        ladder.judge("ox", "fox")


def test_a_factory_that_hangs_is_an_error(stubborn: ModuleType) -> None:
    ladder = DeadlineLadder(stubborn.hang, start_seconds=1)
    with pytest.raises(WorkerError, match=r"^make_ladder took longer than start_seconds=1$"):
        ladder.judge("ox", "fox")


def test_a_factory_that_no_other_process_can_import_is_an_error() -> None:
    with pytest.raises(WorkerError, match="must be a function of an importable module"):
        DeadlineLadder(lambda: default_ladder())


@pytest.mark.parametrize("wrong", [{"seconds": 0}, {"workers": 0}, {"start_seconds": -1}, {"seconds": float("nan")}])
def test_settings_that_are_not_positive_are_errors(wrong: dict[str, float]) -> None:
    with pytest.raises(WorkerError, match="must be positive; got"):
        DeadlineLadder(default_ladder, **wrong)  # type: ignore[arg-type]


def test_a_pickled_ladder_keeps_its_settings(stubborn: ModuleType) -> None:
    again = pickle.loads(pickle.dumps(DeadlineLadder(stubborn.make, seconds=3, workers=4, start_seconds=5)))
    assert (again.seconds, again.workers, again.start_seconds) == (3, 4, 5)
