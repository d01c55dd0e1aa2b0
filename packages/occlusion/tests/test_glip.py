from __future__ import annotations

import base64
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from occlusion import Detection, MissingExtraError, OcclusionError
from occlusion.detections import Undetected
from occlusion.detectors.glip import GlipDetector, png_base64
from occlusion.workers import WorkerLimits, glip_worker
from PIL import Image

from .conftest import noise

STAND_IN = Path(__file__).with_name("glip_stand_in.py")


class Worker:
    """Starts detectors on a stand-in, and reads what it did."""

    def __init__(self, folder: Path) -> None:
        self.notes_path = folder / "notes"
        self.detectors: list[GlipDetector] = []

    def __call__(self, mode: str = "good", **options: Any) -> GlipDetector:
        limits = WorkerLimits(**{"start_timeout_s": 30, "call_timeout_s": 30, **options.pop("limits", {})})
        launcher = (sys.executable, "-I", str(STAND_IN), mode)
        self.detectors.append(GlipDetector("glip-t", launcher=launcher, limits=limits, **options))
        return self.detectors[-1]

    def notes(self) -> list[str]:
        return self.notes_path.read_text().splitlines()


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    made = Worker(tmp_path)
    monkeypatch.setenv("STAND_IN_NOTES", str(made.notes_path))
    yield made
    for detector in made.detectors:
        detector.close()


def pid_of(detector: GlipDetector) -> int:
    return detector._worker._held.pipe._process.pid  # type: ignore[union-attr]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").exists() else True


def ends(pid: int, *, within_s: float = 10) -> bool:
    deadline = time.monotonic() + within_s
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


def test_a_box_carries_the_callers_own_phrase_and_is_clipped_to_the_image(worker: Worker) -> None:
    found = worker()(noise(90, 60), ["  Cat", "DOG"])
    assert found == [Detection("  Cat", (0, 0, 5, 60), 0.9), Detection("DOG", (0, 10, 5, 60), 0.65)]
    assert worker.notes() == ["start", "tokens ['cat', 'dog']", "detect [['cat', 'dog']]"]


def test_the_threshold_of_the_published_method_is_the_preset_and_counts_equal_scores(worker: Worker) -> None:
    phrases = ["a", "b", "c", "d"]  # Scores 0.9, 0.65, 0.4, 0.15.
    assert [one.score for one in worker()(noise(9, 60), phrases)] == [0.9, 0.65]
    assert [one.score for one in worker(box_threshold=0.4)(noise(9, 60), phrases)] == [0.9, 0.65, 0.4]


def test_a_text_that_does_not_fit_is_shared_out_in_one_question(worker: Worker) -> None:
    phrases = ["Tree", "house", "car", "a"]  # Costs 5, 6, 4, 2 in rooms of 10.
    found = worker(box_threshold=0)(noise(90, 60), phrases)
    assert worker.notes()[2:] == ["detect [['house', 'car'], ['tree', 'a']]"]
    assert sorted((one.phrase, one.box_xyxy_px[:2]) for one in found) == [
        ("Tree", (9, 0)),
        ("a", (9, 10)),
        ("car", (0, 10)),
        ("house", (0, 0)),
    ]


def test_known_phrases_are_not_counted_again_and_no_phrases_need_no_worker(worker: Worker) -> None:
    detect = worker()
    assert detect(noise(9, 9), []) == []
    detect(noise(9, 9), ["cat"])
    detect(noise(9, 9), ["Cat", "dog"])
    assert [note for note in worker.notes() if "tokens" in note] == ["tokens ['cat']", "tokens ['dog']"]


def test_the_worker_opens_a_png_and_refuses_what_is_none(tmp_path: Path) -> None:
    image = noise(9, 5)
    image.save(tmp_path / "a.png")
    image.save(tmp_path / "a.bmp")
    assert glip_worker.opened({"png_base64": png_base64(image)}).tobytes() == image.tobytes()
    files = (tmp_path / "a.png").read_bytes()[:100], (tmp_path / "a.bmp").read_bytes()
    cut, other = (base64.b64encode(data).decode() for data in files)
    path = str(tmp_path / "a.png")
    bad_ones = [{"path": path}, {"png_base64": cut}, {"png_base64": other}, {"png_base64": "?"}, {"png_base64": "AAAA"}]
    for bad in (*bad_ones, {}, None, path):
        with pytest.raises(glip_worker.BadRequestError, match="must be a picture as png_base64") as caught:
            glip_worker.opened(bad)
        assert caught.value.reason == "bad_image"


@pytest.mark.parametrize(
    ("line", "number", "reason"),
    [
        (b"not json", None, "worker_error"),
        (b"[]", None, "worker_error"),
        (b'{"id": 3, "do": "dance"}', 3, "bad_request"),
        (b'{"id": 3, "do": "tokens", "phrases": "cat"}', 3, "bad_request"),
        (b'{"id": 3, "do": "detect", "texts": [["cat"]], "min_score": "high", "image": {}}', 3, "bad_request"),
        (b'{"id": 3, "do": "detect", "texts": [["cat"]], "min_score": 0.5, "image": {}}', 3, "bad_image"),
    ],
)
def test_the_worker_answers_a_line_that_makes_no_sense_by_an_error(line: bytes, number: Any, reason: str) -> None:
    answered = glip_worker.answer_line(SimpleNamespace(tokens=None, detect=None), line)
    assert (answered["id"], answered["error"]["reason"]) == (number, reason)


REFUSED = [
    ("a long phrase", "phrase_too_long", "must have 9 tokens or fewer; got 13"),
    ("cat # dog", "special_token", "has a special token"),
    (" ", "empty_phrase", "must have a word"),
]


@pytest.mark.parametrize(("phrase", "reason", "text"), REFUSED)
def test_what_the_model_cannot_read_gets_a_verdict(worker: Worker, phrase: str, reason: str, text: str) -> None:
    detect = worker()
    assert detect.refusal("st. bern.") is None  # A period is a character like any other to GLIP.
    verdict = detect.refusal(phrase)
    assert verdict is not None
    assert verdict.reason == reason
    with pytest.raises(OcclusionError, match=text):
        detect(noise(9, 9), ["cat", phrase])
    assert not any("detect" in note for note in worker.notes())


def test_the_greeting_tells_the_versions(worker: Worker) -> None:
    assert worker().versions == {"python": "3.11", "torch": "2.4.1"}


@pytest.mark.parametrize("mode", ["refuses", "fails"])
def test_a_refusal_of_the_worker_is_an_error_and_no_restart(worker: Worker, mode: str) -> None:
    detect = worker(mode)
    with pytest.raises(OcclusionError) as caught:
        detect(noise(9, 9), ["cat"])
    assert caught.value.reason == {"refuses": "not_a_number", "fails": "worker_error"}[mode]
    assert detect.refusal("dog") is None
    assert worker.notes().count("start") == 1


@pytest.mark.parametrize("mode", ["dies once", "hangs once"])
def test_a_worker_that_is_lost_is_started_anew_and_asked_again(worker: Worker, mode: str) -> None:
    detect = worker(mode, limits={"call_timeout_s": 30 if mode == "dies once" else 1.5})
    first = pid_of(detect)
    assert [one.phrase for one in detect(noise(9, 9), ["Cat"])] == ["Cat"]
    assert [note for note in worker.notes() if "tokens" not in note] == ["start", "detect [['cat']]"] * 2
    assert ends(first)


def test_restarts_are_bounded_and_the_error_has_the_last_words(worker: Worker) -> None:
    detect = worker("dies", limits={"max_restarts": 2})
    with pytest.raises(OcclusionError, match=r"exit code 7.*last words: terrible things happened") as caught:
        detect(noise(9, 9), ["cat"])
    assert (caught.value.reason, worker.notes().count("start")) == ("worker_died", 3)
    assert "\n" not in str(caught.value)
    assert detect.refusal("dog") is None  # The next question finds a new one.
    assert worker.notes().count("start") == 4


def test_one_bad_item_of_a_batch_is_a_value_but_a_closed_worker_is_an_error(worker: Worker) -> None:
    detect = worker("dies once", limits={"max_restarts": 0})
    results = detect.detect_many([(noise(9, 9), ["cat"]), (noise(9, 9), ["a long phrase"]), (noise(9, 9), ["cat"])])
    reasons = [one.reason if isinstance(one, Undetected) else len(one) for one in results]
    assert reasons == ["worker_died", "phrase_too_long", 1]
    detect.close()
    with pytest.raises(OcclusionError, match="is closed"):
        detect.detect_many([(noise(9, 9), ["dog"])])


def test_a_picture_that_is_cut_off_is_its_items_own_result(worker: Worker, tmp_path: Path) -> None:
    noise(90, 60).save(tmp_path / "a.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:3000])
    good = (noise(9, 9), ["cat"])
    with Image.open(tmp_path / "cut.png") as cut:
        first, bad, last = worker().detect_many([good, (cut, ["cat"]), good])
    assert isinstance(bad, Undetected)
    assert bad.reason == "bad_image"
    assert first == last != []


def test_a_hanging_worker_is_given_up_in_time(worker: Worker) -> None:
    detect = worker("hangs", limits={"call_timeout_s": 0.5, "max_restarts": 0})
    detect.refusal("cat")
    pid, begun = pid_of(detect), time.monotonic()
    with pytest.raises(OcclusionError, match=r"must answer in 0\.5 s") as caught:
        detect(noise(9, 9), ["cat"])
    assert (caught.value.reason, time.monotonic() - begun < 8) == ("worker_timeout", True)
    assert ends(pid)


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("garbage", "a JSON object in each line; got 'Loading model...'"),
        ("list", r"a JSON object in each line; got '\[1, 2\]'"),
        ("wrong id", "an answer with id 1; got 99"),
        ("huge line", "lines of 1000000 bytes or fewer"),
        ("error is text", "an error as a reason and a message; got 'no'"),
        ("error is half", "an error as a reason and a message; got {'reason': 'no'}"),
    ],
)
def test_garbage_on_standard_output_is_an_error_and_ends_the_worker(worker: Worker, mode: str, text: str) -> None:
    detect = worker(mode, limits={"max_restarts": 0, "max_line_bytes": 1_000_000})
    pid = pid_of(detect)
    with pytest.raises(OcclusionError, match=text) as caught:
        detect.refusal("cat")
    assert caught.value.reason == "worker_garbage"
    assert ends(pid)


@pytest.mark.parametrize(
    ("mode", "reason", "text"),
    [
        ("wrong version", "wrong_worker", "must greet with .*'protocol': 1}; got .*'protocol': 0}"),
        ("other worker", "wrong_worker", "got {'worker': 'sam'"),
        ("greets late", "worker_start", "did not start: worker must answer in 1 s"),
        ("cannot start", "worker_start", "exit code 1.*No module named 'mmdet'"),
        ("load raises", "worker_start", "exit code 1.*last words: OSError: weights must be there; got none$"),
        ("load exits", "worker_start", "exit code 1.*last words: --weights must be given$"),
    ],
)
def test_a_worker_that_does_not_greet_right_is_refused(worker: Worker, mode: str, reason: str, text: str) -> None:
    limits = {"start_timeout_s": 1} if mode == "greets late" else {}
    with pytest.raises(OcclusionError, match=text) as caught:
        worker(mode, limits=limits)
    assert caught.value.reason == reason


def test_an_answer_without_what_was_asked_for_is_garbage(worker: Worker) -> None:
    detect = worker("empty answer")
    pid = pid_of(detect)
    with pytest.raises(OcclusionError, match=r"must answer as its protocol says; KeyError\('token_ids'\)") as caught:
        detect(noise(9, 9), ["cat"])
    assert caught.value.reason == "worker_garbage"
    assert ends(pid)


def test_an_error_without_words_says_its_kind(worker: Worker) -> None:
    with pytest.raises(OcclusionError, match=r"^MemoryError$"):
        worker("fails without words")(noise(9, 9), ["cat"])


def test_what_a_worker_left_behind_ends_with_it(worker: Worker) -> None:
    detect = worker("leaves a child", limits={"max_restarts": 0, "call_timeout_s": 1})
    with pytest.raises(OcclusionError):
        detect(noise(9, 9), ["cat"])
    (child,) = [int(note.split()[1]) for note in worker.notes() if note.startswith("child")]
    assert ends(child, within_s=3)


def test_a_thread_that_waits_learns_of_the_close_and_starts_no_worker(worker: Worker) -> None:
    detect, caught = worker("hangs"), list[OcclusionError]()
    pid, path = pid_of(detect), detect.stderr_path

    def ask() -> None:
        try:
            detect(noise(9, 9), ["cat"])
        except OcclusionError as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not any("detect" in note for note in worker.notes()):
        time.sleep(0.01)
    begun = time.monotonic()
    detect.close()
    thread.join(timeout=10)
    assert time.monotonic() - begun < 5
    assert [error.reason for error in caught] == ["worker_closed"]
    assert worker.notes().count("start") == 1
    assert ends(pid)
    assert not path.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_that_ends_leaves_the_parents_file_and_worker(worker: Worker) -> None:
    detect = worker()
    child = os.fork()
    if child == 0:
        detect._worker._finalizer()
        os._exit(0)
    os.waitpid(child, 0)
    assert detect.stderr_path.exists()
    assert is_alive(pid_of(detect))
    assert detect.refusal("dog") is None


def test_chatter_goes_to_the_file_of_standard_error(worker: Worker, tmp_path: Path) -> None:
    detect = worker(stderr_path=tmp_path / "log")
    detect(noise(9, 9), ["cat"])
    detect.close()
    kept = (tmp_path / "log").read_text()
    assert "a library says something\n" in kept
    assert "and so does one in C\n" in kept


def test_a_temporary_file_of_standard_error_goes_unless_the_worker_failed(worker: Worker) -> None:
    for mode, stays in (("good", False), ("dies", True)):
        detect = worker(mode, limits={"max_restarts": 0})
        path = detect.stderr_path
        if stays:
            with pytest.raises(OcclusionError, match=str(path)):
                detect(noise(9, 9), ["cat"])
        detect.close()
        assert path.exists() == stays
        path.unlink(missing_ok=True)


def test_a_picture_larger_than_a_pipe_goes_through(worker: Worker) -> None:
    (found,) = worker()(noise(900, 700), ["cat"])
    assert found.box_xyxy_px == (0, 0, 5, 500)


def test_threads_take_turns(worker: Worker) -> None:
    detect, found = worker(), dict[int, Any]()

    def ask(width: int) -> None:
        found[width] = detect(noise(width, 600 + width), ["Cat"])[0].box_xyxy_px

    threads = [threading.Thread(target=ask, args=(width,)) for width in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {width: (0, 0, min(5, width), 500) for width in range(1, 6)}


def test_a_fork_may_not_speak_to_the_worker_of_its_parent(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    detect = worker()
    monkeypatch.setattr(detect._worker, "_owner_pid", os.getpid() + 1)
    with pytest.raises(OcclusionError, match="Make one in each") as caught:
        detect.refusal("cat")
    assert caught.value.reason == "worker_of_another_process"
    detect.close()
    assert is_alive(pid_of(detect))
    monkeypatch.undo()


def test_the_worker_ends_with_close_and_with_the_object(worker: Worker) -> None:
    detect = worker()
    pid = pid_of(detect)
    with detect:
        pass
    assert ends(pid)
    with pytest.raises(OcclusionError, match="is closed") as caught:
        detect.refusal("cat")
    assert caught.value.reason == "worker_closed"
    other = worker()
    pid = pid_of(other)
    worker.detectors.clear()
    del other
    gc.collect()
    assert ends(pid)


SCRIPT = """
import sys, time
from occlusion.detections import Undetected
from occlusion.detectors.glip import GlipDetector
detect = GlipDetector("glip-t", launcher=sys.argv[1:])
print(detect._worker._held.pipe._process.pid, flush=True)
if sys.stdin.readline() == "sleep\\n":
    time.sleep(60)
"""


@pytest.mark.parametrize("end", ["exit", "kill"])
def test_the_worker_ends_with_the_process_that_started_it(worker: Worker, end: str) -> None:
    command = [sys.executable, "-c", SCRIPT, sys.executable, "-I", str(STAND_IN), "good"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        if end == "kill":
            parent.stdin.write("sleep\n")
            parent.stdin.flush()
            parent.send_signal(signal.SIGKILL)
    assert ends(pid)


def test_a_missing_launcher_and_bad_options_are_said_before_anything_starts() -> None:
    with pytest.raises(MissingExtraError, match="pip install uv"):
        GlipDetector(launcher=("no-such-uv", "run"))
    for options, text in (({"box_threshold": 60}, "must be 0 to 1.*got 60"), ({"short_side_px": 1}, "32 or more")):
        with pytest.raises(OcclusionError, match=text) as caught:
            GlipDetector(**options)
        assert caught.value.reason == "bad_option"
    with pytest.raises(OcclusionError, match="must be above 0") as caught:
        WorkerLimits(call_timeout_s=0)
    assert caught.value.reason == "bad_option"
