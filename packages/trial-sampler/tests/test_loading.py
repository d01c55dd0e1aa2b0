from __future__ import annotations

import sys
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from trial_sampler import MissingExtra, ModelError, ModelSlot, SamplerError, load_sampler


@pytest.fixture(scope="module")
def checkpoint(llava: Any, processor: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    llava.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def test_a_checkpoint_folder_is_opened_in_single_precision_on_a_cpu(
    checkpoint: Path, llava: Any, processor: Any, ask: Any
) -> None:
    from trial_sampler.hf import HfSampler

    sampler = load_sampler(checkpoint, device="cpu", batch_size=2)
    assert isinstance(sampler, HfSampler)
    assert sampler.model.dtype == torch.float32
    for weight in sampler.model.parameters():
        weight.data = weight.data.clone()  # off the mapped file: where weights lie decides how kernels add up
    assert sampler.sample([ask(0)]) == HfSampler(llava, processor).sample([ask(0)])


@pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",  # read by peft
    "ignore:Could not find a config file:UserWarning",  # peft 0.20, saving an adapter of a model made in memory
)
def test_an_adapter_changes_what_is_sampled(checkpoint: Path, llava: Any, ask: Any, tmp_path: Path) -> None:
    import copy

    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=2, target_modules=r".*language_model.*q_proj", init_lora_weights=False)
    get_peft_model(copy.deepcopy(llava), config).save_pretrained(tmp_path)
    plain, adapted = (load_sampler(checkpoint, adapter=path, device="cpu") for path in (None, tmp_path))
    request = ask(0, temperature=0.0)
    assert plain.sample([request])[0].trials[0].logprob != adapted.sample([request])[0].trials[0].logprob


def test_what_cannot_be_loaded_is_one_line(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot load") as error:
        load_sampler(tmp_path)
    assert "\n" not in str(error.value)
    with pytest.raises(ModelError, match="cannot load adapter"):
        load_sampler(checkpoint, adapter=tmp_path)


def test_an_unknown_backend_is_named() -> None:
    with pytest.raises(SamplerError, match="backend must be 'hf', 'vllm' or 'server'; got 'abacus'"):
        load_sampler("anything", backend="abacus")


def test_a_missing_extra_gives_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("trial_sampler.hf")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"pip install 'trial-sampler\[hf\]'"):
        load_sampler("anything")


def test_arguments_that_a_backend_does_not_take_are_named() -> None:
    from trial_sampler.server import ServerSettings

    with pytest.raises(SamplerError, match="backend 'hf' takes no base_url; got 'http://x'"):
        load_sampler("anything", base_url="http://x")
    with pytest.raises(SamplerError, match="backend 'hf' takes no settings"):
        load_sampler("anything", settings=ServerSettings())
    with pytest.raises(SamplerError, match="backend 'server' takes no adapter; got 'a'"):
        load_sampler("anything", backend="server", base_url="http://127.0.0.1:9/v1", adapter="a")
    with pytest.raises(SamplerError, match="backend 'server' needs base_url"):
        load_sampler("anything", backend="server")
    with pytest.raises(SamplerError, match="backend 'server' takes ServerSettings; got str"):
        load_sampler("anything", backend="server", base_url="http://127.0.0.1:9/v1", settings="fast")  # type: ignore


@pytest.mark.parametrize(("device", "dtype"), [("auto", "auto"), ("cpu", "float32")])
def test_one_set_of_settings_opens_any_backend(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, device: str, dtype: str
) -> None:
    how: dict[str, Any] = {"device": device, "dtype": dtype, "batch_size": 3}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    opened: Any = load_sampler(checkpoint, **how)
    assert (opened.model.device.type, opened.model.dtype, opened.batch_size) == ("cpu", torch.float32, 3)
    with pytest.raises(ModelError, match="cannot use the server"):  # nobody is there, but all that was given is taken
        load_sampler("m", backend="server", base_url="http://127.0.0.1:9/v1", **how)
    monkeypatch.setattr("trial_sampler.sampler._load_vllm", lambda model, dtype, *_: dtype)
    assert load_sampler("m", backend="vllm", **how) == {"auto": None}.get(dtype, dtype)


def test_a_slot_opens_a_model_once_and_lets_go_of_it_before_another(monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[tuple[str, str]] = []

    class Opened:
        def __init__(self, model: str, *, backend: str) -> None:
            assert alive == []
            alive.append((model, backend))
            self.circle = self  # as modules have: counting references alone does not free it
            weakref.finalize(self, alive.clear)

    monkeypatch.setattr("trial_sampler.model_slot.load_sampler", Opened)
    slot = ModelSlot()
    first = weakref.ref(slot.load("a", backend="hf"))
    assert slot.load("a", backend="hf") is first()
    slot.load("a", backend="vllm")
    assert alive == [("a", "vllm")]
    slot.load("b", backend="vllm")
    assert alive == [("b", "vllm")]
    slot.release()
    assert alive == []
