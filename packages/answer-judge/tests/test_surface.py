from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys

import answer_judge
import pytest

PUBLIC_NAMES = """
AliasRung AliasTable AnsweredRung BgeM3Embedder COGNITION_RUBRIC COGNITION_SCALE CacheError CacheSize CachedEmbedder
Cognition CognitionJudge ConceptBank ConceptSelection ConceptVisibility CurvePoint DeadlineLadder DefinedMean
EVERYDAY_ALIASES EVERYDAY_KINDS Embedder EmbeddingError EmbeddingRung ExactRung ExplainedAnswer Explanation
ExplanationQuality Extraction GenerationError GuardRung InstructionRung JudgeError KNOWN_THRESHOLDS KnownThreshold
LEAK_PHRASES LabelError LabelSet LabelledPairs Ladder LengthRung LexicalRung LlmExtractor MISSPELLING_THRESHOLD
MeanQuality Mention MissingExtra Misspelling NAMING_SHARE Naming NormalisedRung NumberRung Opinion OptionError
OptionRung Options PUBLISHED_STD_FACTOR PUBLISHED_TAU PUBLISHED_THRESHOLD Pair Resolution Rung ScoredAnswer Selection
SelectionCounts SelectionError SentenceTransformersEmbedder SpellingRung TextGenerator ThresholdError UNDECIDED
UNKNOWN Verdict VerifierError VerifierRung WorkerError YesNoRung YesProbability choose_threshold cognition_prompt
count_selections curve_to_svg default_ladder defined_mean explanation_of explanation_quality extract_answer
extraction_prompt find_leak find_misspelling group_by_image info_nce labelled_pairs load_embedder mean_quality
minilm_embedder named_concepts normalise parity_contains parity_norm read_cognition score_concepts select_answers
select_concepts split_list threshold_curve threshold_of verification_prompt
"""


def test_public_names_are_pinned() -> None:
    assert sorted(answer_judge.__all__) == PUBLIC_NAMES.split()
    assert all(hasattr(answer_judge, name) for name in answer_judge.__all__)


@pytest.mark.parametrize(
    "module", [info.name for info in pkgutil.walk_packages(answer_judge.__path__, "answer_judge.")]
)
def test_examples_in_docstrings_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_importing_loads_no_engine_and_the_rules_judge_without_numpy() -> None:
    """Numpy takes longer to import than all rules together."""
    heavy = "assert not {'torch', 'transformers', 'numpy'} & set(sys.modules)"
    code = f"import sys, answer_judge; answer_judge.default_ladder().judge('two', '2'); {heavy}"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_function_is_found_whichever_module_was_loaded_before() -> None:
    code = "import answer_judge; answer_judge.ConceptBank; assert callable(answer_judge.info_nce)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
