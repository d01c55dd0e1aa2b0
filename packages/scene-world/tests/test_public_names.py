"""The public surface."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest
import scene_world

MODULES = [m.name for m in pkgutil.iter_modules(scene_world.__path__)]


def test_public_names_are_these() -> None:
    assert " ".join(scene_world.__all__) == (
        "ASKED_CHANGES BACKGROUNDS CAPTION_STYLES CELL_PX CHANGES COLORS DESCRIBE_CREATURE EXAM_TASKS GRID KINDS "
        "LARGE_PX LEXICON NAME_QUESTIONS NEUTRAL NOTES_PROMPT PARTS RULES SIZE_PX TASKS UNCOLORED WHERE_REQUEST "
        "Creature ExamItem MinimalPair MissingExtraError Part Question Reason Rule Scene SceneWorldError Species "
        "TemplateDetector Thing View Zoom ask base_rows box_text box_xyxy_px caption category_of caused_things "
        "cue_things draw_creature exam hidden_exam hidden_rows hidden_stem is_reason_true is_right judge_reason "
        "large_box_xyxy_px make_zoom mask_hw minimal_pair pair_questions pair_rows parse_box parse_reason "
        "parts_named pick_hidden plate_box_xyxy_px plural rationale render render_hidden render_large sample_creature "
        "sample_scene sample_sign_scene sample_species task_rows tiny_explainer_path tiny_mlm_path tiny_vlm_path "
        "write_folder zoom_crop"
    )
    assert all(hasattr(scene_world, name) for name in scene_world.__all__)


def test_importing_the_package_loads_no_torch() -> None:
    code = "import sys, scene_world; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_docstrings_are_true(name: str) -> None:
    module = importlib.import_module(f"scene_world.{name}")
    assert doctest.testmod(module).failed == 0
