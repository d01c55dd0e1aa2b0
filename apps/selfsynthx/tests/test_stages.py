"""The stages on stand-in models: alignment, questions, what is told and what is learned, rejection sampling."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selfsynthx import SynthSettings
from selfsynthx.answers_kept import VERDICTS, count_kept
from selfsynthx.choosing import _Choose
from selfsynthx.datasets.filling import description_prompts, question_pool
from selfsynthx.label_features import concepts_of
from selfsynthx.pipeline import build_pipeline
from selfsynthx.questions import first_questions, later_questions
from selfsynthx.training import learned_rows
from shard_runner import Row, read_rows, status
from shard_runner.cli import run_by_settings
from trial_sampler import SampleFailure, SampleResult

from .birds import CONCEPTS, LABELS, StubSampler, prompt_of

Install = Callable[[Callable[[str, str], str]], StubSampler]


def told(prompt: str) -> tuple[str, list[str]]:
    """Label and features that a teacher's prompt tells, as far as it tells any."""
    labels = [label for label in LABELS if label in prompt]
    return (labels[0] if labels else ""), [text for of in CONCEPTS.values() for text in of if f"- {text}" in prompt]


def sees_and_tells(prompt: str, picture: str) -> str:
    """Describes what a picture's label says, and does what a teacher says."""
    label, features = told(prompt)
    own = picture.rsplit("-", 2)[0].replace("_", " ")
    if features:
        return f"It is a {label}, because of its {' and '.join(features)}."
    return f"A bird with {', '.join(CONCEPTS[own][:2])}."


def brought(settings: SynthSettings, run_dir: Path, name: str) -> list[Row]:
    run_by_settings(build_pipeline(settings, run_dir), run_dir, settings=settings, only=[name], progress=False)
    return list(read_rows(run_dir, name))


def tokens_of(run_dir: Path, name: str) -> int:
    return next(account.tokens for account in status(run_dir) if account.name == name)


@pytest.mark.parametrize("batch", [1, 3, 16, 64])
def test_every_answer_belongs_to_its_own_picture_whatever_the_batch(
    settings: SynthSettings, stub: Install, tmp_path: Path, batch: int
) -> None:
    stub(lambda prompt, picture: f"{picture} answers: {prompt}")
    settings = settings.model_copy(update={"images_per_batch": batch})
    described = brought(settings, tmp_path / "run", "describe")
    prompts = description_prompts(settings.spec)
    assert len(described) == 18
    for row in described:
        assert row["descriptions"] == [f"{row['id']} answers: {text}" for text in prompts for _ in range(2)]
    for row in brought(settings, tmp_path / "run", "synthesise"):
        candidate = row["candidates"][0]
        assert candidate["text"] == f"{row['picture']} answers: {candidate['prompt']}"
        assert told(candidate["prompt"]) == (row["label"], sorted(row["concepts"], key=CONCEPTS[row["label"]].index))


def test_a_picture_of_which_one_question_failed_tells_what_the_others_took(
    settings: SynthSettings, stub: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = stub(sees_and_tells)
    sample = sampler.sample

    def lose_one(requests: Any) -> list[Any]:
        lost = "Tern-train-0/describe/0"
        made = SampleResult(lost, error=SampleFailure("lost", "no reply"))
        return [made if result.id == lost else result for result in sample(requests)]

    monkeypatch.setattr(sampler, "sample", lose_one)
    assert len(brought(settings, tmp_path / "run", "describe")) == 17
    trials = sum(request.n for request in sampler.requests)
    assert tokens_of(tmp_path / "run", "describe") == 3 * (trials - settings.descriptions)


def test_features_that_descriptions_show_are_selected_with_scores(
    settings: SynthSettings, stub: Install, tmp_path: Path
) -> None:
    stub(sees_and_tells)
    rows = brought(settings.model_copy(update={"least_concepts": 1}), tmp_path / "run", "select")
    for row in rows:
        assert set(row["concepts"]) <= set(CONCEPTS[row["label"]][:2])
        scores = {one["text"]: one["score"] for one in row["scores"]}
        assert sorted(row["concepts"], key=lambda text: -scores[text]) == row["concepts"]
        assert {one["text"] for one in row["scores"] if one["kept"]} == set(row["concepts"])
        assert "descriptions" not in row
    assert concepts_of(tmp_path / "run") == {label: tuple(texts) for label, texts in CONCEPTS.items()}


def test_questions_are_drawn_by_seed_and_row_with_the_published_shares(settings: SynthSettings) -> None:
    spec = settings.spec
    drawn = [one for k in range(2000) for one in first_questions(spec, f"row-{k}", 8, seed=1)]
    shares = {kind: count / len(drawn) for kind, count in Counter(one.kind for one in drawn).items()}
    assert shares == pytest.approx({"simple": 0.4, "explain": 0.2, "cot": 0.4}, abs=0.015)
    pools = {kind: question_pool(spec, kind) for kind in shares}
    assert all(one.text in pools[one.kind] for one in drawn)
    assert first_questions(spec, "row-3", 8, seed=1) == first_questions(spec, "row-3", 8, seed=1)
    assert first_questions(spec, "row-3", 8, seed=1) != first_questions(spec, "row-3", 8, seed=2)
    later = [one.kind for k in range(500) for one in later_questions(spec, f"row-{k}", 8, 1, 2)]
    assert Counter(later)["explain"] / len(later) == pytest.approx(0.5, abs=0.03)
    assert later_questions(spec, "r", 8, 1, 2) != later_questions(spec, "r", 8, 1, 3)


def test_what_the_teacher_was_told_is_never_learned(settings: SynthSettings, stub: Install, tmp_path: Path) -> None:
    stub(sees_and_tells)
    rows = brought(settings, tmp_path / "run", "synthesise")
    assert len(rows) == 18 * 4
    pools = {text for kind in ("simple", "explain", "cot") for text in question_pool(settings.spec, kind)}
    for learned in learned_rows(rows, settings):
        user, assistant = learned["messages"]
        question = user["content"][1]["text"]
        assert question in pools
        assert told(question) == ("", [])
        assert not any(text in question for texts in CONCEPTS.values() for text in texts)
        assert any(label in assistant["content"][0]["text"] for label in LABELS)


@pytest.mark.parametrize(
    ("answer", "verdict", "why"),
    [
        ("It is a western-gull, with pink legs.", "accepted", "named"),
        ("It is a Westren Gull, with pink legs.", "repaired", "misspelled"),
        ("A bird with pink legs.", "fallback", "not_named"),
        ("A Western Gull or a Tern.", "fallback", "ambiguous"),
        ("From the provided features it is a Western Gull.", "fallback", "leak"),
        ("It is no Western Gull.", "fallback", "not_named"),
        ("  ", "fallback", "empty"),
    ],
)
def test_verdicts_of_the_first_round(
    settings: SynthSettings, stub: Install, tmp_path: Path, answer: str, verdict: str, why: str
) -> None:
    stub(lambda prompt, picture: answer if told(prompt)[0] else sees_and_tells(prompt, picture))
    rows = [row for row in brought(settings, tmp_path / "run", "synthesise") if row["label"] == "Western Gull"]
    assert {(row["verdict"], row["why"]) for row in rows} == {(verdict, why)}
    ends = "It is a Western Gull."
    for row in rows:
        assert row["answer"] == {"accepted": answer, "repaired": f"{answer} {ends}", "fallback": ends}[verdict]
        if verdict == "fallback":
            assert row["question"] in question_pool(settings.spec, "simple")
    counts = count_kept(rows)
    assert sum(counts[name] for name in VERDICTS) == len(rows)
    assert counts[f"{verdict}: {why}"] == len(rows)


def test_as_published_a_wrong_answer_is_left_out_and_a_match_knows_no_words(
    settings: SynthSettings, stub: Install, tmp_path: Path
) -> None:
    answers = {
        "Western Gull": "A bird with pink legs.",
        "California Gull": "Californya Gull",
        "Tern": "According to the list of interns: no tern.",
    }
    stub(lambda prompt, picture: answers[told(prompt)[0]] if told(prompt)[0] else sees_and_tells(prompt, picture))
    settings = settings.model_copy(update={"published": True})
    rows = brought(settings, tmp_path / "run", "synthesise")
    found = Counter((row["label"], row["verdict"]) for row in rows)
    assert found == {("California Gull", "repaired"): 24, ("Tern", "accepted"): 24}


def asked_row(candidates: list[str], cut: int | None = None) -> Row:
    said = [
        {"text": text, "finish_reason": "length" if place == cut else "stop"} for place, text in enumerate(candidates)
    ]
    shared = {"picture": "a", "image": "a.png", "stamp": "s", "label": "Tern", "concepts": ["forked tail", "black cap"]}
    return {"id": "a#r2q0", **shared, "place": 0, "question": "Which bird is it, and why?", "kind": "explain",
            "candidates": said}  # fmt: skip


BEST, SECOND = "A Tern: forked tail, black cap.", "A Tern: it flies."
WRONG = "A California Gull: forked tail, black cap."


@pytest.mark.parametrize(
    ("candidates", "changes", "answer", "why"),
    [
        ([SECOND, BEST], {}, BEST, "best"),
        ([WRONG, SECOND], {"order": "check_then_rank"}, SECOND, "not_best"),
        ([WRONG, SECOND], {"order": "rank_then_check"}, "It is a Tern.", "not_named"),
        ([WRONG, SECOND], {"published": True}, "It is a Tern.", "not_named"),
        ([WRONG, WRONG], {}, "It is a Tern.", "not_named"),
        (["According to the list it is a Tern."], {}, "It is a Tern.", "leak"),
        ([""], {}, "It is a Tern.", "not_named"),
    ],
)
def test_of_each_question_exactly_one_answer_is_learned(
    settings: SynthSettings, stub: Install, tmp_path: Path, candidates: list[str], changes: dict[str, Any], answer: str,
    why: str,
) -> None:  # fmt: skip
    stub(sees_and_tells)
    brought(settings, tmp_path / "run", "select")
    choose = _Choose(settings.model_copy(update=changes), tmp_path / "run", LABELS, 2)
    outcome = choose([asked_row(candidates)])
    assert [(row["id"], row["answer"], row["why"]) for row in outcome[0]] == [("a#r2q0", answer, why)]  # type: ignore[union-attr]
    assert [one["text"] for one in outcome[0][0]["candidates"]] == candidates  # type: ignore[index]


def test_a_cut_off_answer_is_not_learned(settings: SynthSettings, stub: Install, tmp_path: Path) -> None:
    stub(sees_and_tells)
    brought(settings, tmp_path / "run", "select")
    outcome = _Choose(settings, tmp_path / "run", LABELS, 2)([asked_row([BEST, SECOND], cut=0)])
    assert outcome[0][0]["answer"] == SECOND  # type: ignore[index]


def test_the_student_is_told_neither_label_nor_features(
    settings: SynthSettings, stub: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = stub(sees_and_tells)
    monkeypatch.setattr("selfsynthx.training._train", _leave_a_model)
    rows = brought(settings, tmp_path / "run", "answer-2")
    assert len(rows) == 18 * 4
    asked = [request for request in sampler.requests if "/r2q" in request.id]
    assert {request.n for request in asked} == {3}
    for name, key in (("describe", "/describe/"), ("synthesise", "/r1q"), ("answer-2", "/r2q")):
        trials = sum(request.n for request in sampler.requests if key in request.id)
        assert tokens_of(tmp_path / "run", name) == 3 * trials > 0
    for request in asked:
        assert told(prompt_of(request)) == ("", [])
        assert prompt_of(request) in {text for kind in ("explain", "cot") for text in
                                      question_pool(settings.spec, kind)}  # fmt: skip


def _leave_a_model(settings: Any, rows: Any, model: str, folder: Path, *, max_steps: int | None) -> None:
    (folder / "model").mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text('{"steps": 5}')


def test_the_control_learns_the_label_sentence_of_the_same_questions(settings: SynthSettings) -> None:
    row = {"id": "a#r1q0", "image": "a.png", "question": "Which bird?", "answer": BEST, "label": "Tern"}
    method, control = learned_rows([row], settings)[0], learned_rows([row], settings, "labels")[0]
    assert method["messages"][0] == control["messages"][0]
    assert control["messages"][1]["content"][0]["text"] == "It is a Tern."
