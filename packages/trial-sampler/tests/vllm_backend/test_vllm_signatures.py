"""What the backend calls and reads, against the classes of the installed vLLM; needs no GPU."""

from __future__ import annotations

import inspect
from importlib.util import find_spec
from typing import Any, get_args, get_type_hints

import pytest
from PIL import Image
from trial_sampler import Request, trial_seed
from trial_sampler.conversations import Refused
from trial_sampler.vllm import VllmSettings
from trial_sampler.vllm.arguments import engine_arguments
from trial_sampler.vllm.library import Library, import_library
from trial_sampler.vllm.media import OpenedImage
from trial_sampler.vllm.outputs import Interrupted, check_finished, masses_of, trials_of
from trial_sampler.vllm.parameters import MOST_SCORED_TOKENS, draws_of, scoring_parameters
from trial_sampler.vllm.prompts import text_prompt

if find_spec("vllm") is None:
    pytest.skip("needs trial-sampler[vllm]", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("default")

ASK: Any = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def real() -> Library:
    return import_library()


def request_output(*completions: Any) -> Any:
    from vllm.outputs import RequestOutput

    return RequestOutput("r", "Hello", [1, 2], None, list(completions), finished=True)


def completion(index: int = 0, reason: str = "stop", logprobs: Any = None) -> Any:
    from vllm.outputs import CompletionOutput

    return CompletionOutput(index, f" text {index} ", [5, 6, 2], -1.25, logprobs, finish_reason=reason)


@pytest.mark.parametrize("trials", ["seeded", "n"])
def test_sampling_parameters_are_accepted(real: Library, trials: Any) -> None:
    from vllm.sampling_params import RequestOutputKind

    request = Request(id="a", messages=ASK, n=3, temperature=0.7, top_p=0.9, max_new_tokens=5, stop=["\n"], seed=2)
    draws = draws_of(request, VllmSettings(trials=trials))
    made = [real.sampling_params(**one) for one in draws.parameters]
    assert sum(one.n for one in made) == 3
    for one in made:
        assert (one.temperature, one.top_p, one.top_k, one.max_tokens, one.stop) == (0.7, 0.9, 0, 5, ["\n"])
        assert one.output_kind is RequestOutputKind.FINAL_ONLY
        assert one.num_logprobs == 0  # vLLM sums the chosen tokens' log-probabilities unless this is None
        assert not one.include_stop_str_in_output
        assert (one.min_p, one.repetition_penalty, one.presence_penalty, one.frequency_penalty) == (0, 1, 0, 0)
    assert made[0].seed == draws.seeds[0] or trials == "n"
    assert trials == "n" or [one.seed for one in made] == [trial_seed(2, "a", trial) for trial in range(3)]


def test_vllm_gives_the_children_of_n_the_seeds_that_are_recorded(real: Library) -> None:
    from types import SimpleNamespace

    from vllm.v1.engine.parallel_sampling import ParentRequest

    draws = draws_of(Request(id="a", messages=ASK, n=4), VllmSettings(trials="n"))
    params = real.sampling_params(**draws.parameters[0])
    parent: Any = ParentRequest(
        SimpleNamespace(request_id="r", external_req_id="r", params=params, sampling_params=params)
    )  # type: ignore[arg-type]
    assert [parent.get_child_info(k)[1].seed for k in range(4)] == list(draws.seeds)


def test_scoring_parameters_are_accepted(real: Library) -> None:
    from vllm.sampling_params import MAX_LOGPROB_TOKEN_IDS

    assert MAX_LOGPROB_TOKEN_IDS == MOST_SCORED_TOKENS
    made = [real.sampling_params(**one) for one in scoring_parameters(range(200))]
    assert [one.num_logprobs for one in made] == [128, 72]


def test_greedy_parameters_are_accepted(real: Library) -> None:
    (given,) = draws_of(Request(id="a", messages=ASK, n=3, temperature=0.0, top_p=0.5), VllmSettings()).parameters
    assert real.sampling_params(**given).sampling_type.name == "GREEDY"


def test_adapter_requests_are_accepted(real: Library) -> None:
    lora = real.lora_request("name", 3, "/some/path")
    assert (lora.lora_name, lora.lora_int_id, lora.lora_path) == ("name", 3, "/some/path")


def test_engine_arguments_are_accepted() -> None:
    from vllm.engine.arg_utils import AsyncEngineArgs

    settings = VllmSettings(max_model_len=512, max_lora_rank=20, engine_arguments={"max_num_seqs": 8})
    given = engine_arguments("some/model", "bfloat16", {"a": "hub/a", "b": "hub/b"}, settings)
    made = AsyncEngineArgs(**given)
    assert {name: getattr(made, name) for name in given} == given
    assert made.max_lora_rank == 32


def test_the_ranks_and_the_kind_of_log_probabilities_are_vllms() -> None:
    from trial_sampler.vllm.arguments import _RANKS
    from vllm.config import ModelConfig
    from vllm.config.lora import MaxLoRARanks

    assert get_args(MaxLoRARanks) == _RANKS
    assert ModelConfig.logprobs_mode == "raw_logprobs"


def test_the_least_temperature_is_vllms(real: Library) -> None:
    from trial_sampler.vllm import parameters

    assert real.sampling_params(temperature=0.001).temperature == parameters._LEAST_TEMPERATURE
    real.sampling_params(temperature=parameters._LARGEST_TEMPERATURE)
    with pytest.raises(Exception, match="temperature"):
        real.sampling_params(temperature=parameters._LARGEST_TEMPERATURE + 0.01)


def test_prompts_have_the_fields_of_vllms() -> None:
    from vllm.inputs import TextPrompt

    prompt = text_prompt("<image>", [OpenedImage(Image.new("RGB", (2, 2)), "id")])
    assert prompt.keys() <= get_type_hints(TextPrompt).keys()
    assert len(prompt["multi_modal_uuids"]["image"]) == len(prompt["multi_modal_data"]["image"])


def test_the_engine_takes_the_calls_that_are_made() -> None:
    from vllm.renderers import BaseRenderer, TokenizeParams
    from vllm.v1.engine.async_llm import AsyncLLM

    inspect.signature(AsyncLLM.from_engine_args).bind(object())
    inspect.signature(AsyncLLM.generate).bind(object(), object(), object(), "name", lora_request=None)
    inspect.signature(AsyncLLM.shutdown).bind(object())
    inspect.signature(AsyncLLM.add_lora).bind(object(), object())
    assert inspect.isasyncgenfunction(AsyncLLM.generate)
    assert isinstance(AsyncLLM.errored, property)
    inspect.signature(BaseRenderer.render_cmpl_async).bind(object(), [object()], object())
    assert inspect.iscoroutinefunction(BaseRenderer.render_cmpl_async)
    assert hasattr(BaseRenderer, "default_cmpl_tok_params")
    assert TokenizeParams(max_total_tokens=8).with_kwargs(add_special_tokens=False).add_special_tokens is False


def test_completions_become_trials() -> None:
    outputs = [request_output(completion(1, "length"), completion(0))]
    first, second = trials_of(outputs, [11, 12])
    assert (first.text, first.finish_reason, first.tokens, first.logprob, first.seed) == (
        "text 0",
        "stop",
        3,
        -1.25,
        11,
    )
    assert (second.text, second.finish_reason, second.seed) == ("text 1", "length", 12)


def test_ends_that_are_none_are_told_apart() -> None:
    from vllm.v1.engine import FINISH_REASON_STRINGS

    assert set(FINISH_REASON_STRINGS) == {"stop", "length", "abort", "error", "repetition"}
    check_finished(request_output(completion(0, "stop"), completion(1, "length")))
    for reason, error in (("abort", Refused), ("repetition", Refused), ("error", Interrupted)):
        with pytest.raises(error):
            check_finished(request_output(completion(0, reason)))


def test_log_probabilities_become_masses() -> None:
    from vllm.logprobs import Logprob

    parts = [{5: Logprob(-1.0), 9: Logprob(-2.0)}, {6: Logprob(-3.0), 9: Logprob(-2.0)}]
    outputs = [request_output(completion(0, "length", [part])) for part in parts]
    assert masses_of(outputs, [[5, 6], [9]]) == pytest.approx([0.417666, 0.135335], abs=1e-6)


def test_errors_are_read_as_vllm_raises_them(real: Library) -> None:
    from vllm.exceptions import VLLMValidationError
    from vllm.v1.engine.exceptions import EngineDeadError

    assert real.dead_engine is EngineDeadError
    assert VLLMValidationError("too long", parameter="input_tokens").parameter == "input_tokens"
