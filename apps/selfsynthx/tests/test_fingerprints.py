"""Which settings make which steps anew: what is stale runs again, and nothing else does."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from selfsynthx import SynthSettings
from selfsynthx.pipeline import build_pipeline


@pytest.fixture
def asking(settings: SynthSettings) -> SynthSettings:
    """Settings by which models list features and judge, each on a server."""
    helping = {"concepts_model": "helper", "concepts_url": "http://a/v1", "judge": "judge", "judge_url": "http://a/v1"}
    return settings.model_copy(update={"concepts": None, **helping})


def changed(settings: SynthSettings, out: Path, **changes: Any) -> list[str]:
    """Steps whose own configuration differs; those after them follow."""
    other = SynthSettings(**{name: getattr(settings, name) for name in SynthSettings.model_fields} | changes)
    before, after = (
        {step.name: getattr(step, "config", None) for step in build_pipeline(one, out, rounds=1)}
        for one in (settings, other)
    )
    return [name for name, config in after.items() if config != before[name]]


QUALITY = ["quality-0", "quality-1"]


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"concepts_url": "http://b/v1", "judge_url": "http://b/v1"}, []),
        ({"concepts_url": None}, ["features"]),
        ({"judge_url": None}, QUALITY),
        ({"concepts_model": "other"}, ["features"]),
        ({"prompts_per_batch": 3, "save_every": 7}, []),
    ],
)
def test_a_server_that_moved_renews_nothing_and_another_model_what_it_said(
    changes: dict[str, Any], steps: list[str], asking: SynthSettings, tmp_path: Path
) -> None:
    assert changed(asking, tmp_path / "run", **changes) == steps


def test_the_words_of_a_data_set_are_part_of_what_is_asked(asking: SynthSettings, tmp_path: Path) -> None:
    settings: list[SynthSettings] = []
    for noun in ("bird", "plane"):
        path = tmp_path / f"{noun}.yaml"
        path.write_text(yaml.safe_dump({"extends": "generic", "title": "Own", "noun": noun}))
        settings.append(asking.model_copy(update={"dataset": str(path)}))
    found = changed(settings[0], tmp_path / "run", dataset=settings[1].dataset)
    assert {"features", "seen", "describe", "synthesise"} <= set(found)


def test_a_mix_that_moved_renews_training_as_its_pictures_are_others(settings: SynthSettings, tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mix.json").write_text("[]")
    one = settings.model_copy(update={"mix": tmp_path / "one" / "mix.json"})
    assert changed(one, tmp_path / "run", mix=tmp_path / "other" / "mix.json") == ["train-1"]


def test_new_files_in_the_folder_of_the_embedder_renew_what_is_compared_by_it(
    settings: SynthSettings, tmp_path: Path
) -> None:
    (tmp_path / "embedder").mkdir()
    own = settings.model_copy(update={"embedder": str(tmp_path / "embedder")})
    found: list[dict[str, Any]] = []
    for text in ("old", "new"):
        (tmp_path / "embedder" / "model.safetensors").write_text(text)
        pipeline = build_pipeline(own, tmp_path / "run", rounds=2)
        found.append({step.name: getattr(step, "config", None) for step in pipeline})
    assert [name for name, config in found[1].items() if config != found[0][name]] == ["select", "choose-2"]


def test_a_key_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValidationError, match="judge_url must hold no user, key or query") as refused:
        SynthSettings(judge="judge", judge_url="http://me:SECRET@host/v1")
    assert "SECRET" not in str(refused.value)
