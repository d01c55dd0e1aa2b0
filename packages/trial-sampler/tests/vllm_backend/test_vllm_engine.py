"""The whole backend on vLLM's own engine, with a small random LLaVA; on a CPU with the reference kernels."""

from __future__ import annotations

import copy
import gc
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from trial_sampler import ChoiceRequest

if find_spec("vllm") is None:
    pytest.skip("needs trial-sampler[vllm]", allow_module_level=True)

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

ENVIRONMENT = {
    "VLLM_TARGET_DEVICE": "cpu", "VLLM_CPU_CI_ENV": "1", "VLLM_USE_V2_MODEL_RUNNER": "0", "TORCHDYNAMO_DISABLE": "1",
}  # fmt: skip
ENTRY_POINT = "[vllm.general_plugins]\nreference_kernels = reference_kernels:register\n"
ARGUMENTS: dict[str, Any] = {
    "enforce_eager": True, "kv_cache_memory_bytes": 64 << 20, "max_num_seqs": 16, "max_num_batched_tokens": 2048,
    "block_size": 32, "compilation_config": {"custom_ops": ["none"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Lets vLLM run without a GPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_NO_USAGE_STATS", "1")
        patch.setenv("HF_HUB_OFFLINE", "1")
        if not torch.cuda.is_available():
            folder = tmp_path_factory.mktemp("plugin")
            shutil.copy(Path(__file__).with_name("reference_kernels.py"), folder)
            metadata = folder / "reference_kernels-0.dist-info"
            metadata.mkdir()
            (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: reference-kernels\nVersion: 0\n")
            (metadata / "entry_points.txt").write_text(ENTRY_POINT)
            patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
            patch.setattr(sys, "path", [str(folder), *sys.path])
            for name, value in ENVIRONMENT.items():
                patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def model(make_llava: Any) -> Any:
    return make_llava(width=128, layers=2, spread=0.3)


@pytest.fixture(scope="module")
def checkpoint(model: Any, processor: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the vision tower's names as the checkpoints on the hub have them; vLLM 0.32 knows no others."""
    from safetensors.torch import load_file, save_file

    folder = tmp_path_factory.mktemp("checkpoint")
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    tensors = load_file(folder / "model.safetensors")
    renamed = {name.replace("vision_tower.", "vision_tower.vision_model."): value for name, value in tensors.items()}
    save_file(renamed, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def adapter(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from peft import LoraConfig, get_peft_model

    folder = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(1)
    config = LoraConfig(r=8, target_modules=r".*language_model.*(q_proj|v_proj)", init_lora_weights=False)
    get_peft_model(copy.deepcopy(model), config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def sampler(kernels: None, checkpoint: Path, adapter: Path) -> Iterator[Any]:
    from trial_sampler.vllm import VllmSampler, VllmSettings

    settings = VllmSettings(max_model_len=512, most_images=2, engine_arguments=ARGUMENTS)
    with VllmSampler(str(checkpoint), dtype="float32", adapters={"lora": str(adapter)}, settings=settings) as opened:
        yield opened
    gc.collect()  # vLLM leaves a ZeroMQ context to the collector, which warns; here a warning is still no error


@pytest.fixture(scope="module")
def reference(model: Any, processor: Any, adapter: Path) -> Any:
    """The transformers backend with the same weights."""
    from peft import PeftModel
    from trial_sampler.hf import HfSampler

    return HfSampler(PeftModel.from_pretrained(copy.deepcopy(model), adapter, adapter_name="lora"), processor)


def whole(text: str) -> str:
    """A text without an unfinished last character."""
    return text.rstrip("\ufffd")


def differences(ours: Any, theirs: Any) -> list[Any]:
    """Errors of ours, and trials that differ by more than rounding, or by a last character that vLLM may leave out."""
    found = [result.error for result in ours if result.error is not None]
    for one, other in zip(ours, theirs, strict=True):
        for mine, its in zip(one.trials, other.trials, strict=True):
            plain = [replace(trial, text=whole(trial.text), logprob=0.0) for trial in (mine, its)]
            if plain[0] != plain[1] or mine.logprob != pytest.approx(its.logprob, abs=2e-3):
                found.append((mine, its))
    return found


@pytest.mark.parametrize("adapter_name", [None, "lora"])
def test_greedy_trials_are_those_of_transformers(
    sampler: Any, reference: Any, ask: Any, adapter_name: str | None
) -> None:
    requests = [ask(index, n=2, temperature=0.0) for index in range(6)]
    ours = sampler.with_adapter(adapter_name).sample(requests)
    assert differences(ours, reference.with_adapter(adapter_name).sample(requests)) == []


def test_base_and_adapter_differ(sampler: Any, ask: Any) -> None:
    (base,), (adapted,) = (one.sample([ask(0, temperature=0.0)]) for one in (sampler, sampler.with_adapter("lora")))
    assert abs(base.trials[0].logprob - adapted.trials[0].logprob) > 0.1


def test_stop_strings_end_trials_as_in_transformers(sampler: Any, reference: Any, ask: Any) -> None:
    requests = [ask(index, n=1, temperature=0.0, stop=["word3", "7"], max_new_tokens=24) for index in range(6)]
    ours = sampler.sample(requests)
    assert differences(ours, reference.sample(requests)) == []
    assert {trial.finish_reason for result in ours for trial in result.trials} >= {"stop"}


def test_an_end_token_is_counted_as_in_transformers(sampler: Any, reference: Any, ask: Any) -> None:
    requests = [ask(index, n=1, temperature=0.0, max_new_tokens=200) for index in range(12)]
    ours, theirs = sampler.sample(requests), reference.sample(requests)
    ended = [index for index, result in enumerate(theirs) if result.trials[0].finish_reason == "stop"]
    if not ended:
        pytest.skip("this random model never ends")
    assert differences([ours[index] for index in ended], [theirs[index] for index in ended]) == []


def test_logprob_is_the_models_own_whatever_temperature_and_top_p(
    sampler: Any, model: Any, processor: Any, ask: Any
) -> None:
    request = ask(0, n=16, temperature=1.7, top_p=0.8, max_new_tokens=1)
    text = processor.apply_chat_template(list(request.messages), add_generation_prompt=True, tokenize=False)
    inputs = processor(text=text, images=list(request.images), return_tensors="pt")
    with torch.inference_mode():
        logprobs = model(**inputs).logits[0, -1].double().log_softmax(-1)
    of_text: dict[str, list[float]] = {}
    for token, logprob in enumerate(logprobs.tolist()):
        piece = processor.tokenizer.decode([token], skip_special_tokens=True)
        of_text.setdefault(whole(piece.strip()), []).append(logprob)
    (result,) = sampler.sample([request])
    assert len({trial.text for trial in result.trials}) > 3
    for trial in result.trials:
        assert min(abs(trial.logprob - logprob) for logprob in of_text[whole(trial.text)]) < 2e-3


def test_choices_are_scored_as_by_transformers(sampler: Any, reference: Any, ask: Any) -> None:
    requests = [
        ChoiceRequest(id=f"{index}", messages=ask(index).messages, images=ask(index).images, choices=("word1", "word2"))
        for index in range(3)
    ]
    for one, other in zip(sampler.score(requests), reference.score(requests), strict=True):
        assert one.error is None
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-3)
        assert one.mass == pytest.approx(other.mass, rel=5e-3)


def test_a_trial_depends_on_neither_n_nor_neighbours_nor_order(sampler: Any, ask: Any) -> None:
    (alone,) = sampler.sample([ask(0, n=4)])
    rest, other, first = sampler.sample([ask(0, n=2, first_trial=2), ask(1, n=3), ask(0, n=2)])
    assert other.error is None
    assert differences([replace(alone, trials=first.trials + rest.trials)], [alone]) == []
    assert len({trial.text for trial in alone.trials}) > 1


def test_n_draws_all_trials_in_one_engine_request(sampler: Any, ask: Any) -> None:
    together = copy.copy(sampler)
    together.settings = replace(sampler.settings, trials="n")
    (result,) = together.sample([ask(0, n=4)])
    assert [trial.seed - result.trials[0].seed for trial in result.trials] == [0, 1, 2, 3]
    (alone,) = sampler.sample([ask(0, n=1)])
    assert differences([replace(result, trials=result.trials[:1])], [alone]) == []  # the first one's seed is the same


def test_requests_that_cannot_be_served_fail_alone(sampler: Any, ask: Any, picture: Any) -> None:
    three = [{"role": "user", "content": [{"type": "image"}] * 3}]
    requests = [
        ask(0, n=1),
        ask(1, max_new_tokens=500),
        ask(2, messages=[{"role": "user", "content": "?" * 2000}], images=[]),
        ask(3, messages=three, images=[picture(0)] * 3),
        ask(4, images=["no-such-file.png"]),
        ask(5, temperature=5.0),
        ask(6, n=1),
    ]
    reasons = [result.error and result.error.reason for result in sampler.sample(requests)]
    assert reasons == [None, "too_long", "too_long", "image_count", "missing", "model", None]


def test_several_images_and_none(sampler: Any, reference: Any, ask: Any, picture: Any) -> None:
    two = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "or"}, {"type": "image"}]}]
    requests = [
        ask(0, messages=two, images=[picture(1), picture(2)], temperature=0.0),
        ask(1, messages=[{"role": "user", "content": "no image"}], images=[], temperature=0.0),
    ]
    assert differences(sampler.sample(requests), reference.sample(requests)) == []


def test_a_long_prompt_is_computed_once_for_all_its_trials(sampler: Any, ask: Any) -> None:
    opened, cached = sampler._opened, list[int]()
    generate = opened.engine.generate

    async def watched(*given: Any, **named: Any) -> Any:
        async for output in generate(*given, **named):
            cached.append(output.num_cached_tokens)
            yield output

    long = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "far " * 40}]}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opened.engine, "generate", watched)
        for trial in range(2):
            (result,) = sampler.sample([ask(9, messages=long, n=1, first_trial=trial)])
            assert result.error is None
    assert cached[0] == 0
    assert cached[1] >= 160  # whole blocks of 32 of its 190 tokens
