from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys

import answer_judge
import pytest


def test_public_names_are_pinned() -> None:
    assert sorted(answer_judge.__all__) == sorted(
        [
            "EVERYDAY_ALIASES",
            "WorkerError",
            "DeadlineLadder",
            "CachedEmbedder",
            "CacheSize",
            "CacheError",
            "threshold_of",
            "minilm_embedder",
            "ThresholdError",
            "KnownThreshold",
            "KNOWN_THRESHOLDS",
            "PUBLISHED_THRESHOLD",
            "UNDECIDED",
            "UNKNOWN",
            "AliasRung",
            "AliasTable",
            "AnsweredRung",
            "BgeM3Embedder",
            "Embedder",
            "EmbeddingError",
            "EmbeddingRung",
            "ExactRung",
            "GuardRung",
            "JudgeError",
            "Ladder",
            "LexicalRung",
            "MissingExtra",
            "NormalisedRung",
            "Opinion",
            "Pair",
            "Rung",
            "SentenceTransformersEmbedder",
            "Verdict",
            "default_ladder",
            "extract_answer",
            "normalise",
            "split_list",
        ]
    )
    assert all(hasattr(answer_judge, name) for name in answer_judge.__all__)


@pytest.mark.parametrize("module", [info.name for info in pkgutil.iter_modules(answer_judge.__path__)])
def test_examples_in_docstrings_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"answer_judge.{module}")).failed == 0


def test_importing_loads_no_engine() -> None:
    code = "import answer_judge, sys; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
