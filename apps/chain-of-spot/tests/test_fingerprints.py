"""Which settings make which steps anew, and in which precision questions are asked."""

from pathlib import Path
from typing import Any

import pytest
import trial_sampler
from chain_of_spot.answering import Responder
from chain_of_spot.pipeline import build_pipeline
from chain_of_spot.settings import CosSettings


def configs(settings: CosSettings, out: Path) -> dict[str, Any]:
    return {step.name: getattr(step, "config", None) for step in build_pipeline(settings, out)}


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"device": "auto"}, ["train", "train-random", "train-plain"]),
        ({"mass": 0.9}, ["annotate"]),
        ({"map_batch": 3, "prompts_per_batch": 3, "save_every": 7}, []),
    ],
)
def test_a_setting_renews_the_steps_that_depend_on_it(
    changes: dict[str, Any], steps: list[str], small_settings: CosSettings, tmp_path: Path
) -> None:
    before, after = (
        configs(settings, tmp_path) for settings in (small_settings, small_settings.model_copy(update=changes))
    )
    assert [name for name, config in after.items() if config != before[name]] == steps


def test_questions_are_asked_in_the_precision_that_the_setting_says(
    small_settings: CosSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []
    monkeypatch.setattr(trial_sampler, "load_sampler", lambda model, **how: given.append(how["dtype"]))
    for backend in ("hf", "server"):
        Responder.load(str(small_settings.model), small_settings, backend=backend)
    assert given == ["float32", "float32"]  # on a GPU bfloat16, not what the checkpoint happens to be stored in
