"""Which settings make which steps anew, and what a control and an evaluation are given."""

from pathlib import Path
from typing import Any

import bench_eval
import llava_train
import pytest
import trial_sampler
from svco.evaluation import _open_sampler
from svco.pairs import pairs_source
from svco.pipeline import build_pipeline
from svco.settings import SvcoRunSettings
from svco.training import _train_sft

TRAININGS = ["train", "train-sft", "train-dpo"]


def configs(settings: SvcoRunSettings, out: Path) -> dict[str, Any]:
    return {step.name: getattr(step, "config", None) for step in build_pipeline(settings, out)}


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"launch": "ddp", "processes": 2}, TRAININGS),
        ({"gradient_checkpointing": True}, TRAININGS),  # a training that was killed goes on with the same only
        ({"eval_every": 7}, ["train", "train-dpo"]),
        ({"sft_rate": 1e-5}, ["train-sft"]),
        ({"dpo_rate": 1e-5}, ["train-dpo"]),
        ({"sft_weight": 1.0}, ["train"]),
        ({"save_every": 7, "prompts_per_batch": 3}, []),
    ],
)
def test_a_setting_renews_the_steps_that_depend_on_it(
    changes: dict[str, Any], steps: list[str], small_settings: SvcoRunSettings, tmp_path: Path
) -> None:
    before, after = (
        configs(settings, tmp_path) for settings in (small_settings, small_settings.model_copy(update=changes))
    )
    assert [name for name, config in after.items() if config != before[name]] == steps


@pytest.mark.parametrize("name", ["semantic_model", "visual_model"])
def test_new_files_in_the_folder_of_an_image_model_renew_the_filter(
    name: str, small_settings: SvcoRunSettings, tmp_path: Path
) -> None:
    settings = small_settings.model_copy(update={"filter": True, name: str(tmp_path / "model")})
    (tmp_path / "model").mkdir()
    found: list[dict[str, Any]] = []
    for text in ("old", "new"):
        (tmp_path / "model" / "model.safetensors").write_text(text)
        found.append(configs(settings, tmp_path / "run"))
    assert [step for step, config in found[1].items() if config != found[0][step]] == ["filter"]


def test_a_supervised_step_has_the_images_of_a_step_in_several_processes(
    small_settings: SvcoRunSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []
    monkeypatch.setattr(llava_train, "train", lambda settings, *_: given.append(settings))
    settings = small_settings.model_copy(update={"launch": "ddp", "processes": 4, "gradient_accumulation": 2})
    _train_sft(settings, [], tmp_path)
    assert given[0].batch_size * given[0].gradient_accumulation == 2 * settings.batch_size * 2 * 4


def test_a_limit_leaves_pairs_of_both_parts(small_settings: SvcoRunSettings) -> None:
    assert [row["part"] for row, _ in zip(pairs_source(small_settings).rows(), range(4), strict=False)] == [
        "train",
        "validation",
    ] * 2


def test_questions_are_asked_in_the_precision_that_the_setting_says(
    small_settings: SvcoRunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []
    monkeypatch.setattr(bench_eval, "sampler_through", lambda *_: None)
    monkeypatch.setattr(trial_sampler, "load_sampler", lambda model, **how: given.append(how["dtype"]) or Opened())
    _open_sampler(str(small_settings.model), small_settings)
    assert given == ["float32"]  # on a GPU bfloat16, not what the checkpoint happens to be stored in


class Opened:
    """A sampler that is never asked."""

    sample = None
