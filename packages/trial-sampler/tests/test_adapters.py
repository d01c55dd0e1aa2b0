"""LoRA adapters side by side with the base model."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from trial_sampler import SamplerError, load_sampler
from trial_sampler.hf import HfSampler

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",  # read by peft
    "ignore:Could not find a config file:UserWarning",  # peft 0.20, saving an adapter of a model made in memory
)


@pytest.fixture(scope="module")
def folders(llava: Any, processor: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from peft import LoraConfig, get_peft_model

    root = tmp_path_factory.mktemp("adapters")
    for seed, name in enumerate(("early", "late")):
        torch.manual_seed(seed)
        config = LoraConfig(r=2, target_modules=r".*language_model.*(q|v)_proj", init_lora_weights=False)
        get_peft_model(copy.deepcopy(llava), config).save_pretrained(root / name)
    llava.save_pretrained(root / "base")
    processor.save_pretrained(root / "base")
    return {name: root / name for name in ("base", "early", "late")}


def test_base_and_adapters_answer_from_one_model_in_memory(
    folders: dict[str, Path], llava: Any, processor: Any, ask: Any
) -> None:
    names = ("early", "late")
    base = load_sampler(folders["base"], device="cpu", adapters={name: folders[name] for name in names})
    assert isinstance(base, HfSampler)
    samplers = {None: base} | {name: base.with_adapter(name) for name in names}
    assert all(sampler.model is base.model for sampler in samplers.values())
    requests = [ask(index) for index in range(3)]
    found = {name: sampler.sample(requests) for name, sampler in samplers.items()}
    plain = HfSampler(llava, processor).sample(requests)
    for one, other in zip(found[None], plain, strict=True):
        assert [trial.text for trial in one.trials] == [trial.text for trial in other.trials]
    for name in names:
        merged = load_sampler(folders["base"], device="cpu", adapter=folders[name]).sample(requests)
        for one, other in zip(found[name], merged, strict=True):
            assert [trial.text for trial in one.trials] == [trial.text for trial in other.trials]
            assert [t.logprob for t in one.trials] == pytest.approx([t.logprob for t in other.trials], abs=1e-3)
        assert [one.trials for one in found[name]] != [one.trials for one in found[None]]
    again = base.sample(requests)  # after the others
    assert [one.trials for one in again] == [one.trials for one in found[None]]


def test_an_unknown_adapter_is_named(folders: dict[str, Path]) -> None:
    sampler = load_sampler(folders["base"], device="cpu", adapters={"early": folders["early"]})
    with pytest.raises(SamplerError, match=r"adapter must be one of \['early'\]; got 'soon'"):
        sampler.with_adapter("soon")
    with pytest.raises(SamplerError, match="give one or the other"):
        load_sampler(folders["base"], adapter=folders["early"], adapters={"early": folders["early"]})
