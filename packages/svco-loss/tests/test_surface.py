"""Public names, doctests, the README's example, and what importing costs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import svco_loss
import torch

README = Path(__file__).parents[1] / "README.md"
PUBLIC_NAMES = {
    "svco_loss": """
BatchError BetaError Betas DpoBetas EmbeddingCacheError EmbeddingError LogpsError MdpoBetas PairBatch PairFileError
PairLogps SideError StaleReferenceError StoredReferenceError SvcoBetas SvcoLoss SvcoLossError TokenRows TrainingError
UnsupportedModelError pair_logps plain_pair_logps svco_loss without_adapter
""",
    "svco_loss.pairs": """
CHANGE_TOLERANCE PUBLISHED_SEMANTIC_MODEL PUBLISHED_VALIDATION PUBLISHED_VISUAL_MODEL CachedImageEmbedder CheckedPairs
Diversified ExportedRows FilteredPairs FineCopsFields ImageEmbedder ImagePair Minimality PairFilter PairSimilarity
RefusedPair Rewriter Rewriting Split check_pairs dataset_to_pairs diversify_pairs filter_pairs is_text
load_image_embedder minimality mirror_pairs most_minimal occlusion_pairs open_pair pair_minimalities pair_similarities
pairs_to_dataset pairs_to_swift pairs_to_trl read_countercurate read_finecops read_mvc sample_by_category split_pairs
swap_sides swift_to_pairs told_apart write_mvc wrong_text
""",
    "svco_loss.references": """
FIELDS PairKey ReferenceSource ReferenceStore SixLogps pixel_digest template_fingerprint text_digest
weights_fingerprint
""",
    "svco_loss.training": """
EncodedPair PairEncoder PreparedPairs SvcoResult SvcoSettings compute_references launch_training load_pair_encoder
load_reference_model prepare_pairs reference_source store_references train
""",
}


@pytest.mark.parametrize("module", PUBLIC_NAMES)
def test_public_names_are_pinned(module: str) -> None:
    loaded = importlib.import_module(module)
    assert loaded.__all__ == PUBLIC_NAMES[module].split()
    assert all(hasattr(loaded, name) for name in loaded.__all__)
    assert set(loaded.__all__) <= set(dir(loaded))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = svco_loss.nothing


def test_every_error_has_the_one_base() -> None:
    errors = [getattr(svco_loss, name) for name in svco_loss.__all__ if name.endswith("Error")]
    assert all(issubclass(error, svco_loss.SvcoLossError) for error in errors)


def test_importing_the_package_loads_no_torch_and_using_it_no_transformers() -> None:
    code = (
        "import sys, svco_loss, svco_loss.pairs; "
        "[getattr(svco_loss.pairs, name) for name in svco_loss.pairs.__all__]; print('torch' in sys.modules); "
        "[getattr(svco_loss, name) for name in svco_loss.__all__]; "
        "print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["False", "True False"]


def test_the_examples_in_docstrings_hold() -> None:
    tried = 0
    for module in pkgutil.walk_packages(svco_loss.__path__, "svco_loss."):
        loaded = importlib.import_module(module.name)
        results = doctest.testmod(loaded, extraglobs={"torch": torch})
        assert results.failed == 0, module.name
        tried += results.attempted
    assert tried >= 5


def test_the_readmes_example_runs_on_a_tiny_random_model(llava: Any) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(example.splitlines()) <= 20
    from peft import LoraConfig, get_peft_model

    model = get_peft_model(llava.model(), LoraConfig(r=2, target_modules="all-linear"))
    pixels = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    space: dict[str, Any] = {"model": model, "pixels_a": pixels[:1], "pixels_b": pixels[1:], "IMAGE": 95}
    exec(example, space)
    assert space["result"].loss.item() == pytest.approx(2.7726, abs=1e-4)
    assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in model.parameters())


def test_the_readme_names_every_public_name() -> None:
    text = README.read_text(encoding="utf-8")
    names = [name for listed in PUBLIC_NAMES.values() for name in listed.split()]
    assert not [name for name in names if f"`{name}" not in text]
