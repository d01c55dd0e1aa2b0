"""Public names, doctests, the README's light example, and what importing costs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
import roi_attention

README = Path(__file__).parents[1] / "README.md"
PUBLIC_NAMES = {
    "roi_attention": """
SIDES Curve MapError MapRow MassChoice Method MissingExtraError PerturbationTest PointingScore Region RegionScore
RelevanceMap RoiAttentionError UnsupportedModelError ZoomError box_scores_to_map deletion_curve draw_box find_region
insertion_curve map_to_row mass_inside mean_curve otsu_mask overlay perturbation_test pointing_game pointing_hit
random_order region_score row_to_map side_by_side tune_mass
""",
    "roi_attention.relevance": """
PER_TOKEN_UP_TO Combine Explanation ImageQuestion ImageTokens Relevance Score Targets attention_rows explain find_images
input_gradient_rows relevance_rows
""",
    "roi_attention.encoders": """
AnswerRelevance ClipRelevance ExplainedObject explain_clip explain_detr explain_lxmert explain_vit
""",
    "roi_attention.zoom": """
CLIP_MEAN_RGB LEAST_SHARE Annotation ChooseBox Conversation Failure Form Frame Looked Mix MixRow ReadParams Respond
SkippedQuestion Square Stage TurnWeights Verdict Where Wording WrittenParams ZoomItem ZoomPictures ZoomQuestion
ZoomSettings annotation_to_row annotations_by_key answer_turn ask ask_many box_to_square crop_picture frame_space
model_frame params_name params_to_box plain_row question_key read_mix read_params read_params_entries read_where reply
row_to_annotation row_to_conversations shown_picture square_to_box where_text where_turn whole_box write_params
zoom_pictures zoom_row
""",
}


@pytest.mark.parametrize("module", PUBLIC_NAMES)
def test_public_names_are_pinned_and_in_the_readme(module: str) -> None:
    loaded = importlib.import_module(module)
    assert loaded.__all__ == PUBLIC_NAMES[module].split()
    assert all(hasattr(loaded, name) for name in loaded.__all__)
    text = README.read_text(encoding="utf-8")
    assert [name for name in loaded.__all__ if f"`{name}`" not in text] == []


def test_every_error_has_the_one_base_and_a_reason() -> None:
    names = [name for name in roi_attention.__all__ if name.endswith("Error")]
    assert all(issubclass(getattr(roi_attention, name), roi_attention.RoiAttentionError) for name in names)
    assert roi_attention.MapError("slug", "text").reason == "slug"
    assert "pip install 'roi-attention[hf]'" in str(roi_attention.MissingExtraError("torch", "hf"))


def test_importing_the_core_and_the_dialogues_loads_no_engine() -> None:
    engines = "('torch', 'transformers')"
    code = f"import sys, roi_attention, roi_attention.zoom; print([name for name in {engines} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


MODULES = [
    module.name for module in pkgutil.walk_packages(roi_attention.__path__, "roi_attention.") if not module.ispkg
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_light_example_of_the_readme_runs_and_says_what_it_says() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    light = next(block for block in blocks if "ZoomSettings(frame" in block)
    found: dict[str, object] = {}
    exec(light, found)  # our own text
    assert found["text"] == "[0.250, 0.312, 0.750, 0.688]"
    looked = found["looked"]
    assert (looked.answer, looked.where.verdict, looked.where.text) == (  # type: ignore[attr-defined]
        "Two",
        "truncated",
        "[0.000, 0.125, 1.000, 0.875]",
    )


@pytest.mark.parametrize("part", ["relevance", "encoders"])
def test_a_missing_engine_is_one_line_with_the_install_command(part: str) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        f"try: import roi_attention.{part}\n"
        "except ImportError as error: print(error)"
    )
    said = subprocess.check_output([sys.executable, "-c", code], text=True).strip()
    assert said == "torch is not installed; run: pip install 'roi-attention[hf]'"
