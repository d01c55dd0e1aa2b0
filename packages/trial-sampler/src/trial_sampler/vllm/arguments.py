"""Settings as the arguments of `vllm.AsyncEngineArgs`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from trial_sampler.errors import ModelError
from trial_sampler.vllm.settings import VllmSettings

# vllm.config.lora.MaxLoRARanks
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


def engine_arguments(
    model: str, dtype: str | None, adapters: Mapping[str, str], settings: VllmSettings
) -> dict[str, Any]:
    """Return the keyword arguments of `AsyncEngineArgs`.

    >>> engine_arguments("llava", None, {}, VllmSettings())["limit_mm_per_prompt"]
    {'image': 8}
    """
    arguments: dict[str, Any] = {
        "model": model,
        "dtype": dtype or "auto",
        "gpu_memory_utilization": settings.gpu_memory_utilization,
        "tensor_parallel_size": settings.tensor_parallel_size,
        "limit_mm_per_prompt": {"image": settings.most_images},
        "mm_processor_cache_gb": settings.mm_processor_cache_gb,
        "enable_prefix_caching": True,
        # vllm/v1/sample/sampler.py: of the logits before penalties, temperature and top-p. It is the default of
        # vllm.config.model.ModelConfig too, and stated here because `Trial.logprob` promises it.
        "logprobs_mode": "raw_logprobs",
        "disable_log_stats": True,
    }
    if settings.max_model_len is not None:
        arguments["max_model_len"] = settings.max_model_len
    if adapters:
        arguments |= _lora_arguments(adapters, settings)
    return arguments | dict(settings.engine_arguments)


def _lora_arguments(adapters: Mapping[str, str], settings: VllmSettings) -> dict[str, Any]:
    rank = settings.max_lora_rank or largest_rank(adapters.values())
    allowed = [one for one in _RANKS if one >= rank]
    if not allowed:
        raise ModelError(f"vLLM takes adapters of rank {_RANKS[-1]} at most; got {rank}")
    return {"enable_lora": True, "max_loras": settings.max_loras or len(adapters), "max_lora_rank": allowed[0]}


def largest_rank(paths: Iterable[str]) -> int:
    """Return the largest rank in the configurations of adapter folders, 16 at least; hub ids are not looked up.

    Raises:
        ModelError: a folder holds no readable `adapter_config.json`.
    """
    return max([16, *(_rank(Path(path)) for path in paths if Path(path).is_dir())])


def _rank(folder: Path) -> int:
    try:
        config = cast("dict[str, Any]", json.loads((folder / "adapter_config.json").read_text(encoding="utf-8")))
        return max([int(config["r"]), *(int(rank) for rank in (config.get("rank_pattern") or {}).values())])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"cannot load adapter {str(folder)!r}: no readable adapter_config.json with a rank") from error
