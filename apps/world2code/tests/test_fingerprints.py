"""Which settings make which steps anew: what is stale runs again, and nothing else does."""

from pathlib import Path
from typing import Any

import pytest
from world2code.grounding import load_detector
from world2code.pipeline import build_pipeline
from world2code.settings import W2cSettings


def configs(settings: W2cSettings, out: Path) -> dict[str, Any]:
    return {step.name: getattr(step, "config", None) for step in build_pipeline(settings, out)}


def changed(small_settings: W2cSettings, out: Path, **changes: Any) -> list[str]:
    """Steps whose own configuration differs; those after them follow."""
    values = {name: getattr(small_settings, name) for name in small_settings.model_fields_set}
    before, after = configs(small_settings, out), configs(W2cSettings(**(values | changes)), out)
    return [name for name, config in after.items() if name in before and config != before[name]]


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"strict": False}, ["validate", "quality", "render", "render-unfiltered"]),
        ({"view": "crop"}, ["confirm", "describe", "validate"]),
        ({"region_view": "crop"}, ["describe"]),
        ({"yes_no": "text"}, ["confirm", "validate"]),
        ({"code_tokens": 500}, ["render", "render-unfiltered"]),
        ({"eval_tokens": 7}, ["answers-before", "answers-after", "answers-unfiltered", "answers-all-code"]),
        ({"most_per_form": 1}, ["rows", "rows-unfiltered", "rows-all-code"]),
        ({"images_per_batch": 3, "prompts_per_batch": 3, "save_every": 7}, []),
    ],
)
def test_a_setting_renews_the_steps_that_depend_on_it(
    changes: dict[str, Any], steps: list[str], small_settings: W2cSettings, tmp_path: Path
) -> None:
    assert changed(small_settings, tmp_path, **changes) == steps


def test_the_texts_of_checks_do_not_renew_the_captions(small_settings: W2cSettings, tmp_path: Path) -> None:
    asked = {**small_settings.questions.model_dump(), "claims": "Is {phrase} there?"}
    assert changed(small_settings, tmp_path, questions=asked) == ["validate"]


def test_a_control_of_rules_that_are_asked_for_renews_nothing_and_shares_their_scenes(
    small_settings: W2cSettings, tmp_path: Path
) -> None:
    controls = [*small_settings.controls, "unfiltered-code"]
    assert changed(small_settings, tmp_path, controls=controls) == []
    steps = list(configs(small_settings.model_copy(update={"controls": controls}), tmp_path))
    assert [name for name in steps if name.startswith("render")] == ["render", "render-unfiltered"]
    assert "confirm" in changed(small_settings, tmp_path, controls=[*controls, "existence"])


def test_both_sides_of_a_comparison_are_asked_in_the_same_way(small_settings: W2cSettings, tmp_path: Path) -> None:
    names = ["answers-before", "answers-after", "answers-unfiltered", "answers-all-code"]
    found = changed(small_settings, tmp_path, dtype="bfloat16")
    assert [name for name in found if name.startswith("answers")] == names


def test_every_detector_is_given_the_least_score_under_the_name_that_all_have(
    small_settings: W2cSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []
    monkeypatch.setattr("occlusion.load_detector", lambda name, **options: given.append((name, options)))
    values = {"detector": "facebook/sam3", "box_threshold": 0.4, "device": "cpu"}
    load_detector(small_settings.model_copy(update=values))
    assert given == [("facebook/sam3", {"min_score": 0.4, "device": None})]


def test_new_files_in_a_pipeline_folder_renew_what_it_finds(small_settings: W2cSettings, tmp_path: Path) -> None:
    (tmp_path / "pipeline").mkdir()
    settings = small_settings.model_copy(update={"entities": "spacy", "spacy_model": str(tmp_path / "pipeline")})
    found: list[dict[str, Any]] = []
    for text in ("old", "new"):
        (tmp_path / "pipeline" / "meta.json").write_text(text)
        found.append(configs(settings, tmp_path / "run"))
    assert [name for name, config in found[1].items() if config != found[0][name]] == ["concepts", "validate"]
