"""Which settings make which steps anew: what is stale runs again, and nothing else does."""

from pathlib import Path
from typing import Any

import pytest
from cvc.errors import InputError
from cvc.evaluation import answer_stage
from cvc.pipeline import build_pipeline, check_needs
from cvc.report import make_report
from cvc.settings import CvcSettings
from shard_runner.cli import run_by_settings

ASKED = ["trials", "train", "answers-before", "answers-after"]


def changed(settings: CvcSettings, out: Path, **changes: Any) -> list[str]:
    """Steps whose own configuration differs; those after them follow."""
    before, after = (
        {step.name: getattr(step, "config", None) for step in build_pipeline(one, out)}
        for one in (settings, settings.model_copy(update=changes))
    )
    return [name for name, config in after.items() if config != before[name]]


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"base_images": Path("elsewhere")}, ["train"]),
        ({"gradient_checkpointing": True}, ["train"]),
        ({"dtype": "bfloat16"}, ASKED),
        ({"held_out_share": 0.4}, []),  # there are questions to evaluate on
        ({"spacy_model": "other"}, []),  # rules over the lexicon find the entities
        ({"prompts_per_batch": 3, "mlm_batch": 3, "save_every": 7, "report_to": "trackio"}, []),
    ],
)
def test_a_setting_renews_the_steps_that_depend_on_it(
    changes: dict[str, Any], steps: list[str], small_settings: CvcSettings, tmp_path: Path
) -> None:
    assert changed(small_settings, tmp_path, **changes) == steps


def test_without_questions_of_its_own_the_share_that_is_held_out_decides_what_is_guessed(
    small_settings: CvcSettings, tmp_path: Path
) -> None:
    own = small_settings.model_copy(update={"eval_data": None})
    assert changed(own, tmp_path, held_out_share=0.4) == ["trials", "eval-rows"]


def test_nouns_renew_what_is_found_by_rules_and_what_is_asked(small_settings: CvcSettings, tmp_path: Path) -> None:
    (tmp_path / "nouns.json").write_text("{}")
    nouns = {"lexicon": tmp_path / "nouns.json"}
    assert changed(small_settings, tmp_path, **nouns) == ["entities", "question"]
    by_spacy = small_settings.model_copy(update={"entities": "spacy"})
    assert changed(by_spacy, tmp_path, **nouns) == ["question"]


def test_new_files_in_the_folder_of_a_model_renew_what_it_decides(small_settings: CvcSettings, tmp_path: Path) -> None:
    folders = {"embedder": tmp_path / "embedder", "spacy_model": tmp_path / "pipeline"}
    for folder in folders.values():
        folder.mkdir()
    values = {name: str(folder) for name, folder in folders.items()} | {"entities": "spacy", "min_similarity": 0.8}
    settings = small_settings.model_copy(update=values)

    def renewed(folder: Path, **changes: Any) -> list[str]:
        found: list[dict[str, Any]] = []
        for text in ("old", "new"):
            (folder / "weights").write_text(text)
            pipeline = build_pipeline(settings.model_copy(update=changes), tmp_path / "run")
            found.append({step.name: getattr(step, "config", None) for step in pipeline})
        return [name for name, config in found[1].items() if config != found[0][name]]

    assert renewed(folders["spacy_model"]) == ["entities"]
    assert renewed(folders["embedder"]) == ["judge", "grades-before", "grades-after"]
    assert renewed(folders["embedder"], adaptive=True) == ["trials", "judge", "grades-before", "grades-after"]


def test_a_model_is_asked_in_the_precision_that_the_setting_says(
    small_settings: CvcSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []
    monkeypatch.setattr("trial_sampler.load_sampler", lambda model, **how: given.append((how["device"], how["dtype"])))
    for device in ("cpu", "auto"):
        settings = small_settings.model_copy(update={"device": device})
        answer_stage("answers", settings, tmp_path, settings.model).make()
    assert given == [("cpu", "float32"), ("auto", "float32")]  # on a GPU bfloat16, as in training


@pytest.mark.parametrize("text", [None, "[{}]"])
def test_questions_that_cannot_be_read_are_told_before_any_work(
    text: str | None, small_settings: CvcSettings, tmp_path: Path
) -> None:
    questions = tmp_path / "questions.json"
    if text is not None:
        questions.write_text(text)
    with pytest.raises(InputError, match=r"^--eval-data .*questions\.json"):
        check_needs(small_settings.model_copy(update={"eval_data": questions}), "captions")


def test_the_page_names_the_bounds_and_the_trials_of_the_run(tmp_path: Path) -> None:
    settings = CvcSettings(model="m", n=8, max_right=3)
    run_by_settings([], tmp_path, settings=settings, progress=False)
    page = make_report(settings, tmp_path).read_text(encoding="utf-8")
    assert "1 to 3 right guesses of 8" in page
    assert "1 to 3 right<" in page
