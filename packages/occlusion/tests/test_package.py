from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import occlusion
import pytest

MODULES = sorted(module.name for module in pkgutil.walk_packages(occlusion.__path__, "occlusion."))
PACKAGE = Path(__file__).parents[1]

PUBLIC = [
    "AnnotatedDetector",
    "Causality",
    "CausalityScorer",
    "CocoAnnotations",
    "DEFAULT_CHECKPOINTS",
    "Detection",
    "Detector",
    "Entity",
    "EntityExtractor",
    "FoundMask",
    "FoundObjects",
    "GroundingDinoDetector",
    "HIGH_CAUSALITY_MAX_PPL",
    "IMAGENET_MEAN_RGB",
    "MaskedLmCausality",
    "MissingExtraError",
    "Occlusion",
    "OcclusionError",
    "OwlDetector",
    "Question",
    "REASONING_REQUEST",
    "Refused",
    "Rle",
    "SHORT_REQUEST",
    "SpacyEntities",
    "Unscored",
    "blank_english",
    "by_score",
    "decode_mask",
    "deduplicate",
    "default_lexicon",
    "encode_mask",
    "grabcut_mask",
    "is_causal",
    "is_plural",
    "load_detector",
    "load_english",
    "look_up",
    "normalized_phrases",
    "occlude",
    "patch_side_px",
    "plural",
    "segmentation_to_rle",
    "singular",
    "suppress",
    "tells",
    "write_question",
]


def test_the_public_names_are_these() -> None:
    assert sorted(occlusion.__all__) == PUBLIC


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_importing_the_package_loads_no_engine() -> None:
    heavy = "{'torch', 'transformers', 'spacy', 'cv2', 'pycocotools'}"
    code = f"import sys, occlusion; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


def test_the_example_of_the_readme_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    code = re.search(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    assert code is not None
    exec(code[1], {})
    assert capsys.readouterr().out.splitlines() == re.findall(r"^# (.+)", code[1], re.MULTILINE)
