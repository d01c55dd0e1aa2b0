from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys

import llava_train
import pytest
from llava_train import MissingExtraError, SettingsError, SftSettings
from llava_train.extras import require


def test_the_public_names_are_these() -> None:
    assert " ".join(llava_train.__all__) == (
        "ACCELERATE_CONFIGS AUGMENTATIONS ROUNDS_FILE Augmentation Change CheckedRows Collapse Dialogue "
        "DivergedError EncodedRow Evaluation FolderError GroupedOptimizer LaunchError LlavaTrainError Loading "
        "MadeRows MergeError MissingExtraError Mixed ModelParts Refusal RoundRecord RoundSettings RoundWork Rounds "
        "Row RowEncoder RowError RunFolder SettingsError SftSettings TokenizedDialogue TrainResult TrainerSettings "
        "UnsupportedModelError WholeCheckpoints accelerate_config allowed check_processes check_rows compute_dtype "
        "find_parts freeze_parts hidden_bars hidden_renaming images_folder is_validation join_images launch "
        "llava_to_messages load_encoder load_model load_processor load_rounds lora_config measure_collapse "
        "merge_adapter messages_to_llava mix mix_sources model_digest open_round_folder read_dialogue "
        "read_llama_factory read_llava_json read_ms_swift read_rooted_rows require_range round_folder run_job_command "
        "run_module run_processes run_rounds save_rounds save_whole set_callbacks split_rows stop_token_ids train "
        "train_round trainer_arguments write_llama_factory write_llava_json write_ms_swift "
        "write_rooted_rows write_trl"
    )
    assert all(hasattr(llava_train, name) for name in llava_train.__all__)


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
    code = f"import sys, llava_train; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_examples_in_docstrings_hold() -> None:
    tried = 0
    for module in pkgutil.iter_modules(llava_train.__path__):
        results = doctest.testmod(importlib.import_module(f"llava_train.{module.name}"))
        assert results.failed == 0, module.name
        tried += results.attempted
    assert tried >= 10


def test_a_missing_library_is_named_with_its_install_command() -> None:
    with pytest.raises(
        MissingExtraError, match=r"no_such_engine is not installed; run: pip install 'llava-train\[hf\]'"
    ):
        require("no_such_engine")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("method", "qlora", "lora, full"),
        ("dtype", "float16", "auto, float32, bfloat16"),
        ("batch_size", 0, "above 0"),
        ("max_steps", 0, "above 0"),
        ("learning_rate", float("nan"), "above 0"),
        ("length_weighting", -0.5, "0 or more"),
        ("warmup_ratio", 1.0, "from 0 to below 1"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(name: str, value: object, expected: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name} must be .*{expected}.*got"):
        SftSettings(model="m", **{name: value})


def test_the_rate_and_the_projector_follow_the_method() -> None:
    lora, full = SftSettings(model="m"), SftSettings(model="m", method="full")
    assert (lora.rate, full.rate) == (2e-4, 2e-5)
    assert (lora.trains_projector, full.trains_projector) == (False, True)
    assert SftSettings(model="m", learning_rate=0.5, train_projector=True).trains_projector
