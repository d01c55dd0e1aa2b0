"""Models that only help: one that lists the features of a label, and one that rates explanations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selfsynthx import InputError, SynthSettings
from selfsynthx.label_features import concepts_of
from selfsynthx.pipeline import build_pipeline
from selfsynthx.quality import _Quality
from shard_runner import Failed, Row, status
from shard_runner.cli import run_by_settings
from trial_sampler import SampleFailure, SampleResult

from .birds import CONCEPTS, LABELS, StubSampler, prompt_of

Install = Callable[[Callable[[str, str], str]], StubSampler]


def listed(prompt: str, picture: str) -> str:
    """The features of the label that a prompt names, as a model lists them."""
    assert picture == ""  # no picture goes with the question
    label = next(label for label in LABELS if label in prompt)
    return "Sure:\n" + "\n".join(f"* **{text}**" for text in CONCEPTS[label])


@pytest.fixture
def asking(settings: SynthSettings) -> SynthSettings:
    return settings.model_copy(update={"concepts": None, "concepts_model": "helper"})


def bring(settings: SynthSettings, run_dir: Path, name: str) -> None:
    run_by_settings(build_pipeline(settings, run_dir), run_dir, settings=settings, only=[name], progress=False)


def tokens_of(run_dir: Path, name: str) -> int:
    return next(account.tokens for account in status(run_dir) if account.name == name)


def test_a_model_lists_the_features_of_every_label(asking: SynthSettings, stub: Install, tmp_path: Path) -> None:
    sampler = stub(listed)
    bring(asking, tmp_path / "run", "concepts")
    assert concepts_of(tmp_path / "run") == {label: tuple(texts) for label, texts in CONCEPTS.items()}
    assert len(sampler.requests) == 3
    assert tokens_of(tmp_path / "run", "features") == 3 * 3
    bring(asking, tmp_path / "run", "concepts")
    assert len(sampler.requests) == 3


def test_a_label_without_enough_features_fails_and_stops_before_anything_is_described(
    asking: SynthSettings, stub: Install, tmp_path: Path
) -> None:
    stub(lambda prompt, picture: "I do not know." if "Tern" in prompt else listed(prompt, picture))
    with pytest.raises(InputError, match="each label must have 3 features or more; 'Tern' has none"):
        bring(asking, tmp_path / "run", "concepts")
    account = next(one for one in status(tmp_path / "run") if one.name == "features")
    assert (account.done, account.failed) == (2, {"too_few_features": 1})
    assert account.tokens == 3 * 3


def test_a_judge_rates_explanations_and_an_unreadable_reply_is_no_rating(
    settings: SynthSettings, stub: Install, tmp_path: Path
) -> None:
    stub(listed)
    bring(settings, tmp_path / "run", "concepts")
    stub(lambda prompt, _: '{"score": 4}' if "pink legs" in prompt else "Well.")
    judge = _Quality(settings.model_copy(update={"judge": "judge"}), tmp_path / "run", LABELS)
    rows = [graded("A Western Gull: pink legs.", "Western Gull"), graded("It flies, a Tern.", "Tern")]
    found = [outcome.rows[0] for outcome in judge(rows)]  # type: ignore[union-attr]
    assert [row["cognition"] for row in found] == [4, None]
    assert found[0]["cognition_reason"] != found[1]["cognition_reason"]
    assert [row["coverage"] for row in found] == [1.0, 0.0]


def test_what_the_judge_wrote_is_counted_once_for_equal_answers_and_not_where_none_was_asked(
    settings: SynthSettings, stub: Install, tmp_path: Path
) -> None:
    stub(listed)
    bring(settings, tmp_path / "run", "concepts")
    sampler = stub(lambda prompt, _: '{"score": 4}')
    rows = [graded(text, "Tern") for text in ("A Tern: black cap.", "A Tern: black cap.", "  ", "A Tern.")]
    judge = _Quality(settings.model_copy(update={"judge": "judge"}), tmp_path / "run", LABELS)
    for _ in range(2):
        assert [outcome.tokens for outcome in judge(rows)] == [3, 0, 0, 3]  # type: ignore[union-attr]
    assert len(sampler.requests) == 4


def test_a_row_of_which_the_judge_gave_no_reply_fails_with_the_reason(
    settings: SynthSettings, stub: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(listed)
    bring(settings, tmp_path / "run", "concepts")
    sampler = stub(lambda prompt, _: '{"score": 4}')
    sample, is_away = sampler.sample, [True]

    def lose_terns(requests: Any) -> list[Any]:
        lost = SampleFailure("server", "503: busy")
        return [
            SampleResult(request.id, error=lost) if is_away[0] and "red bill" in prompt_of(request) else result
            for request, result in zip(requests, sample(requests), strict=True)
        ]

    monkeypatch.setattr(sampler, "sample", lose_terns)
    judge = _Quality(settings.model_copy(update={"judge": "judge"}), tmp_path / "run", LABELS)
    rows = [graded("A gull: pink legs.", "Western Gull"), *[graded("A Tern: red bill.", "Tern")] * 2]
    kept, *failed = judge(rows)
    assert kept.rows[0]["cognition"] == 4  # type: ignore[union-attr]
    assert failed == [Failed("server", "503: busy")] * 2
    is_away[0] = False
    assert [outcome.rows[0]["cognition"] for outcome in judge(rows)] == [4, 4, 4]  # type: ignore[union-attr]


def graded(text: str, label: str) -> Row:
    visible = ["pink legs"] if label == "Western Gull" else CONCEPTS[label][:1]
    trial = {"text": text, "score": 1.0, "reason": "one", "answer": label}
    return {"id": label, "task": "test", "label": label, "question": "Which bird?", "visible": visible,
            "is_known": True, "trials": [trial]}  # fmt: skip
