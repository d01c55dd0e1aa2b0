from __future__ import annotations

import ast
import doctest
import graphlib
import importlib
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path

import occlusion
import pytest
from occlusion.workers.line_pipe import LostWorker

MODULES = sorted(module.name for module in pkgutil.walk_packages(occlusion.__path__, "occlusion."))
PACKAGE = Path(__file__).parents[1]

PUBLIC = (
    "AnnotatedDetector AnnotatedSegmenter BlurOccluder BoxSegmenter CONTEXT CapEffect CausalLmCausality "
    "Causality CausalityScorer ClassBalance ClassCount CocoAnnotations Coverage DEFAULT_CHECKPOINTS "
    "DEFAULT_SEGMENTERS Detection Detector ENTITY_EXAMPLES Entity EntityExample EntityExtractor EntityReading "
    "EntityScores FillOccluder FoundMask FoundObjects GLIP_MODELS GlipDetector GrabCutSegmenter "
    "GroundingDinoDetector HIGH_CAUSALITY_MAX_PPL HiddenBy IMAGENET_MEAN_RGB INFILL_PROMPT LEAK_KINDS "
    "LabelledCaption Leak LlmEntities LlmQuestions MaskedLmCausality MatchScore MissingExtraError ModelFrame "
    "OCCLUDER_NAMES Occluder Occlusion OcclusionError OwlDetector ParquetAnnotations ParquetColumns "
    "PatchOccluder PixelateOccluder Question QuestionRefusal REASONING_REQUEST Refused RejectedLine "
    "RejectionReason Rle SHORT_REQUEST Sam3PhraseSegmenter SamSegmenter SegmentAnythingSegmenter "
    "SegmentedDetection Segmenter SpacyEntities TextGenerator Undetected Unmasked Unscored UnwrittenQuestion "
    "WorkerLimits WorkerProcess blank_english by_score cap_per_head cap_per_image class_balance coverage_of "
    "decode_mask deduplicate default_lexicon dilate_mask effective_classes encode_mask few_shot_prompt "
    "find_leaks grabcut_mask is_causal is_plural load_annotations load_detector load_english load_occluder "
    "load_segmenter look_up mistakes normalized_phrases occlude patch_side_px plural read_labelled_captions "
    "read_lexicon read_reply save_occluded score_entities segmentation_to_rle singular suppress tells tells_phrase "
    "words_in_common write_question"
)


def test_the_public_names_are_these() -> None:
    assert " ".join(sorted(occlusion.__all__)) == PUBLIC


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize(
    "error",
    [
        occlusion.OcclusionError("empty_mask", "mask_hw must contain the object."),
        occlusion.MissingExtraError("spacy", "spacy"),
        LostWorker("worker_died", "worker died."),
    ],
)
def test_an_error_keeps_its_kind_and_reason_between_processes(error: occlusion.OcclusionError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.reason, str(again)) == (type(error), error.reason, str(error))


def test_importing_the_package_loads_no_engine() -> None:
    heavy = "{'torch', 'transformers', 'spacy', 'cv2', 'pycocotools'}"
    code = f"import sys, occlusion; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


def test_no_folder_or_module_imports_itself_by_way_of_others() -> None:
    graph: dict[str, set[str]] = {}
    for path in (PACKAGE / "src" / "occlusion").rglob("*.py"):
        part = path.relative_to(PACKAGE / "src" / "occlusion").with_suffix("").parts[0]
        graph.setdefault(part, set()).update(_imported(ast.parse(path.read_text())) - {part})
    del graph["__init__"]  # The package itself imports all of them.
    assert "segmenters" in graph["detectors"]
    graphlib.TopologicalSorter(graph).prepare()  # Raises CycleError.


def _imported(tree: ast.Module) -> set[str]:
    """Parts that are imported with a module: not those for type checkers alone, nor within functions."""
    named = [node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module]
    return {name.split(".")[1] for name in named if name.startswith("occlusion.")}
