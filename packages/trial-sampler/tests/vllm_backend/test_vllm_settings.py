from __future__ import annotations

import doctest
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from trial_sampler import ModelError, Request, SamplerError
from trial_sampler.vllm import VllmSettings
from trial_sampler.vllm.arguments import engine_arguments
from trial_sampler.vllm.parameters import draws_of

ASK: Any = [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(
    "module", ["vllm.arguments", "vllm.media", "vllm.parameters", "vllm.prompts", "vllm.settings", "grouping"]
)
def test_examples_in_docstrings_run(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"trial_sampler.{module}")).failed == 0


def test_importing_the_backend_loads_no_engine() -> None:
    code = "import trial_sampler.vllm, sys; sys.exit(bool({'torch', 'transformers', 'vllm'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_request_becomes_sampling_parameters() -> None:
    request = Request(id="a", messages=ASK, n=2, temperature=0.7, top_p=0.9, max_new_tokens=5, stop=["\n"])
    first, second = draws_of(request, VllmSettings()).parameters
    assert dict(first) | {"seed": 0} == {
        "temperature": 0.7, "top_p": 0.9, "top_k": 0, "max_tokens": 5, "logprobs": 0, "stop": ["\n"], "seed": 0,
    }  # fmt: skip
    assert first["seed"] != second["seed"]


def test_settings_become_engine_arguments() -> None:
    settings = VllmSettings(max_model_len=4096, most_images=3, engine_arguments={"max_num_seqs": 8})
    assert engine_arguments("m", "bfloat16", {}, settings) == {
        "model": "m", "dtype": "bfloat16", "gpu_memory_utilization": 0.9, "tensor_parallel_size": 1,
        "limit_mm_per_prompt": {"image": 3}, "mm_processor_cache_gb": 4.0, "enable_prefix_caching": True,
        "logprobs_mode": "raw_logprobs", "disable_log_stats": True, "max_model_len": 4096, "max_num_seqs": 8,
    }  # fmt: skip


@pytest.mark.parametrize(("ranks", "allowed"), [([4], 16), ([8, 20], 32), ([64], 64)])
def test_the_rank_of_adapters_is_read_from_their_folders(ranks: list[int], allowed: int, tmp_path: Path) -> None:
    adapters: dict[str, str] = {"hub": "somebody/an-adapter"}
    for rank in ranks:
        adapters[str(rank)] = str(tmp_path / str(rank))
        (tmp_path / str(rank)).mkdir()
        (tmp_path / str(rank) / "adapter_config.json").write_text(json.dumps({"r": rank, "rank_pattern": {}}))
    arguments = engine_arguments("m", None, adapters, VllmSettings())
    assert arguments["enable_lora"] is True
    assert (arguments["max_loras"], arguments["max_lora_rank"]) == (len(adapters), allowed)


def test_a_larger_rank_of_single_modules_counts(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 8, "rank_pattern": {"q_proj": 100}}))
    assert engine_arguments("m", None, {"a": str(tmp_path)}, VllmSettings())["max_lora_rank"] == 128


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"r": "many"}'])
def test_a_folder_without_a_rank_is_no_adapter(text: str, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(text)
    with pytest.raises(ModelError, match=r"no readable adapter_config\.json with a rank"):
        engine_arguments("m", None, {"a": str(tmp_path)}, VllmSettings())


def test_a_rank_beyond_vllm_is_an_error() -> None:
    with pytest.raises(ModelError, match="adapters of rank 512 at most; got 600"):
        engine_arguments("m", None, {"a": "hub/a"}, VllmSettings(max_lora_rank=600))


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"gpu_memory_utilization": 0.0}, "gpu_memory_utilization must be in (0, 1]; got 0.0"),
        ({"image_workers": 0}, "image_workers must be at least 1; got 0"),
        ({"max_model_len": 0}, "max_model_len must be at least 1 or None; got 0"),
        ({"mm_processor_cache_gb": -1.0}, "mm_processor_cache_gb must be at least 0; got -1.0"),
        ({"trials": "m"}, "trials must be 'seeded' or 'n'; got 'm'"),
        (
            {"engine_arguments": {"model": "x", "logprobs_mode": "raw_logits"}},
            "engine_arguments must not set what fields and arguments decide; got ['logprobs_mode', 'model']",
        ),
    ],
)
def test_settings_check_their_values(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(SamplerError) as error:
        VllmSettings(**wrong)
    assert str(error.value) == text
