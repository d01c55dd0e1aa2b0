from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from PIL import Image
from trial_sampler import ModelError, SamplerError, load_sampler, trial_seed
from trial_sampler.errors import MissingExtra


def test_each_trial_is_an_engine_request_with_the_trials_own_seed(sampler_of: Any, ask_text: Any, engine: Any) -> None:
    (result,) = sampler_of().sample([ask_text(3, n=3, seed=5)])
    seeds = [trial_seed(5, "row-3", trial) for trial in range(3)]
    assert [trial.seed for trial in result.trials] == seeds
    assert [trial.text for trial in result.trials] == [f"q3 {seed} 0" for seed in seeds]
    assert [(trial.finish_reason, trial.tokens, trial.logprob) for trial in result.trials] == [("stop", 4, -1.5)] * 3
    assert not any(hasattr(asked.params, "n") for asked in engine.asked)


def test_a_later_draw_goes_on_where_the_first_stopped(sampler_of: Any, ask_text: Any) -> None:
    sampler = sampler_of()
    (whole,) = sampler.sample([ask_text(n=5)])
    (first,), (rest,) = sampler.sample([ask_text(n=2)]), sampler.sample([ask_text(n=3, first_trial=2)])
    assert first.trials + rest.trials == whole.trials


def test_n_asks_once_and_records_the_seeds_that_vllm_gives_its_children(
    sampler_of: Any, ask_text: Any, engine: Any
) -> None:
    (result,) = sampler_of(trials="n").sample([ask_text(n=4)])
    (asked,) = engine.asked
    assert asked.params.n == 4
    assert [trial.seed for trial in result.trials] == [asked.params.seed + k for k in range(4)]
    assert [trial.text[-1] for trial in result.trials] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("trials", ["seeded", "n"])
def test_greedy_trials_are_drawn_once_and_are_equal(sampler_of: Any, ask_text: Any, engine: Any, trials: str) -> None:
    (result,) = sampler_of(trials=trials).sample([ask_text(n=3, temperature=0.0)])
    assert [trial.text for trial in result.trials] == ["q0 greedy 0"] * 3
    assert len({trial.seed for trial in result.trials}) == 3
    assert len(engine.asked) == 1


def test_results_come_in_the_order_of_the_requests(sampler_of: Any, ask_text: Any, engine: Any) -> None:
    delays = iter([0.02, 0.0, 0.01, 0.0])

    def slow_first(asked: Any) -> Any:
        time.sleep(next(delays))
        return type(engine).__dataclass_fields__["script"].default(asked)

    engine.script = slow_first
    results = sampler_of().sample([ask_text(index) for index in range(4)])
    assert [result.id for result in results] == [f"row-{index}" for index in range(4)]
    assert [result.trials[0].text.split()[0] for result in results] == ["q0", "q1", "q2", "q3"]


def test_requests_of_one_image_enter_one_after_another_with_one_media_id(
    sampler_of: Any, ask: Any, picture: Any, engine: Any
) -> None:
    pictures = [picture(0), picture(1)]
    requests = [ask(index, images=[pictures[index % 2]], n=1, max_new_tokens=1) for index in range(6)]
    assert all(result.error is None for result in sampler_of().sample(requests))
    ids = [prompt["multi_modal_uuids"]["image"][0] for prompt, _ in engine.rendered]
    assert [ids.index(id) for id in ids] == [0, 0, 0, 3, 3, 3]
    assert sum(len(asked.prompt["carried"]) for asked in engine.asked) == 2


def test_equal_pixels_get_one_id_from_whatever_file(
    sampler_of: Any, ask: Any, picture: Any, tmp_path: Any, engine: Any
) -> None:
    picture(4).save(tmp_path / "a.png")
    picture(4).save(tmp_path / "b.bmp")
    images = [tmp_path / "a.png", tmp_path / "b.bmp", picture(4)]
    sampler_of().sample([ask(index, images=[image], n=1) for index, image in enumerate(images)])
    assert len({prompt["multi_modal_uuids"]["image"][0] for prompt, _ in engine.rendered}) == 1


def test_the_first_engine_request_carries_the_pixels_and_is_sent_before_the_others(
    sampler_of: Any, ask: Any, engine: Any
) -> None:
    sampler_of().sample([ask(0, n=5)])
    assert [len(asked.prompt["carried"]) for asked in engine.asked] == [1, 0, 0, 0, 0]
    assert len(engine.rendered) == 2  # once with pixels, once for all trials that refer to them


def test_a_bad_request_fails_alone(sampler_of: Any, ask: Any, ask_text: Any, tmp_path: Any) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    requests = {
        "fine": ask_text(0),
        "missing": ask(1, images=[tmp_path / "none.png"]),
        "not_an_image": ask(2, images=[tmp_path / "broken.png"]),
        "image_count": ask(3, images=[]),
        "image_token_in_text": ask_text(4, messages=[{"role": "user", "content": "an <image> in words"}]),
        "template": ask_text(5, messages=[{"role": "user", "content": [{"type": "video"}]}]),
        "processor": ask_text(6, messages=[{"role": "user", "content": "unprocessable"}]),
        "too_long": ask_text(7, max_new_tokens=99),
        "model": ask_text(8, top_p=0.123),
        "also fine": ask_text(9),
    }
    results = dict(zip(requests, sampler_of().sample(list(requests.values())), strict=True))
    reasons = {name: result.error.reason for name, result in results.items() if result.error}
    assert reasons == {name: name for name in requests if "fine" not in name}
    assert str(results["too_long"].error) == "too_long: prompt and new tokens must fit in 100 positions; got 2 + 99"
    assert str(results["processor"].error) == "processor: the processor failed"
    assert str(results["model"].error) == "model: ValueError: top_p looks wrong"


def test_a_text_beyond_the_context_is_too_long_whoever_notices(sampler_of: Any, ask_text: Any) -> None:
    (result,) = sampler_of().sample([ask_text(messages=[{"role": "user", "content": "endless"}])])
    assert result.error.reason == "too_long"


def test_too_many_images_are_refused_before_they_are_opened(sampler_of: Any, ask: Any, engine: Any) -> None:
    content = [{"type": "image"}] * 3
    (result,) = sampler_of(most_images=2).sample(
        [ask(0, messages=[{"role": "user", "content": content}], images=["x"] * 3)]
    )
    assert str(result.error) == "image_count: a prompt may hold 2 images (most_images); got 3"
    assert not engine.rendered


@pytest.mark.parametrize("temperature", [0.001, 2.5])
def test_a_temperature_that_vllm_would_change_is_refused(sampler_of: Any, ask_text: Any, temperature: float) -> None:
    (result,) = sampler_of().sample([ask_text(temperature=temperature)])
    assert str(result.error) == f"model: vLLM's temperature must be 0 or in [0.01, 2.0]; got {temperature}"


def test_an_aborted_trial_fails_its_request_and_ends_the_others_of_it(
    sampler_of: Any, ask_text: Any, engine: Any, script: Any
) -> None:
    def abort_the_second(asked: Any) -> Any:
        answer = script.echo(asked)
        if asked.prompt["text"] == "q0" and asked.params.seed == trial_seed(0, "row-0", 1):
            answer.outputs[0].finish_reason = "abort"
        return answer

    engine.script = abort_the_second
    failed, fine = sampler_of().sample([ask_text(0, n=4), ask_text(1)])
    assert str(failed.error) == "model: finish_reason must be 'stop' or 'length'; got 'abort'"
    assert fine.error is None


def test_a_media_cache_miss_is_asked_again(sampler_of: Any, ask: Any, engine: Any, script: Any) -> None:
    misses = iter([True, False])

    def miss_once(asked: Any) -> Any:
        answer = script.echo(asked)
        if next(misses, False):
            answer.outputs[0].finish_reason = "error"
        return answer

    engine.script = miss_once
    (result,) = sampler_of().sample([ask(0, n=3, max_new_tokens=2)])
    assert [trial.seed for trial in result.trials] == [trial_seed(7, "scene-0", trial) for trial in range(3)]


def test_a_request_that_the_engine_keeps_giving_up_fails(
    sampler_of: Any, ask_text: Any, engine: Any, script: Any
) -> None:
    def give_up(asked: Any) -> Any:
        answer = script.echo(asked)
        answer.outputs[0].finish_reason = "error"
        return answer

    engine.script = give_up
    (result,) = sampler_of().sample([ask_text()])
    assert str(result.error) == "model: the engine gave the request up 3 times (finish_reason 'error')"
    assert len(engine.asked) == 3


def test_truncation_and_logits_that_are_not_finite_are_judged_as_everywhere(
    sampler_of: Any, ask_text: Any, engine: Any, script: Any
) -> None:
    def odd(asked: Any) -> Any:
        is_cut = asked.prompt["text"] == "q0"
        output = script.completion("a", reason="length" if is_cut else "stop", logprob=-1.0 if is_cut else float("nan"))
        answer = script.echo(asked)
        answer.outputs = [output]
        return answer

    engine.script = odd
    cut, broken = sampler_of().sample([ask_text(0, allow_truncated=False), ask_text(1)])
    assert cut.error.reason == "truncated"
    assert broken.error.reason == "not_finite"


def test_trials_under_way_are_bounded(sampler_of: Any, ask_text: Any, engine: Any) -> None:
    sampler_of(most_trials_in_flight=6).sample([ask_text(index, n=3) for index in range(8)])
    assert engine.most_under_way == 6


def test_a_request_larger_than_the_window_goes_alone(sampler_of: Any, ask_text: Any, engine: Any) -> None:
    results = sampler_of(most_trials_in_flight=2).sample([ask_text(0), ask_text(1, n=5), ask_text(2)])
    assert [len(result.trials) for result in results] == [1, 5, 1]
    assert engine.most_under_way == 5


def test_only_so_many_images_are_open_at_once(sampler_of: Any, ask: Any, engine: Any, monkeypatch: Any) -> None:
    from trial_sampler.vllm import media

    held, most, lock = set[int](), [0], threading.Lock()
    real, render = media.open_image, engine.render_cmpl_async

    def counting(image: Any) -> Any:
        with lock:
            held.add(id(image))
            most[0] = max(most[0], len(held))
        return real(image)

    async def rendered(prompts: Any, tok_params: Any = None) -> Any:
        await asyncio.sleep(0.002)
        answer = await render(prompts, tok_params)
        with lock:
            held.difference_update(
                {id(image) for image in pictures if image in prompts[0]["multi_modal_data"]["image"]}
            )
        return answer

    pictures = [Image.new("RGB", (4, 4), (index, 0, 0)) for index in range(30)]
    monkeypatch.setattr(media, "open_image", counting)
    monkeypatch.setattr(engine, "render_cmpl_async", rendered)
    sampler_of(image_workers=2).sample([ask(index, images=[pictures[index]], n=1) for index in range(30)])
    assert 1 < most[0] <= 4


def test_a_dead_engine_ends_the_call(sampler_of: Any, ask_text: Any, engine: Any, script: Any) -> None:
    engine.script = lambda asked: script.DeadEngine("EngineCore encountered an issue")
    with pytest.raises(ModelError, match="the engine is dead: EngineCore encountered an issue"):
        sampler_of().sample([ask_text(index, n=2) for index in range(5)])


def test_an_error_of_an_engine_that_has_died_ends_the_call(sampler_of: Any, ask_text: Any, engine: Any) -> None:
    engine.script, engine.errored = (lambda asked: RuntimeError("socket gone")), True
    with pytest.raises(ModelError, match="the engine is dead: socket gone"):
        sampler_of().sample([ask_text()])


def test_an_adapter_is_asked_for_by_request_beside_the_base_model(sampler_of: Any, ask_text: Any, engine: Any) -> None:
    base = sampler_of(adapters={"b": "/adapters/b", "a": "/adapters/a"}, max_lora_rank=64)
    for sampler in (base, base.with_adapter("a"), base.with_adapter("b"), base.with_adapter("a").with_adapter(None)):
        sampler.sample([ask_text()])
    assert [asked.lora for asked in engine.asked] == [None, ("a", 1, "/adapters/a"), ("b", 2, "/adapters/b"), None]
    with pytest.raises(SamplerError, match=r"adapter must be one of \['a', 'b'\] or None; got 'c'"):
        base.with_adapter("c")


def test_closing_ends_the_engine_once_for_all_samplers_that_share_it(
    sampler_of: Any, ask_text: Any, engine: Any
) -> None:
    with sampler_of(adapters={"a": "/a"}, max_lora_rank=8) as sampler:
        adapted = sampler.with_adapter("a")
    sampler.close()
    assert engine.shutdowns == 1
    with pytest.raises(ModelError, match="the engine is closed"):
        adapted.sample([ask_text()])


def test_an_engine_ends_with_the_last_reference_to_it(library: Any, engine: Any) -> None:
    from trial_sampler.vllm import VllmSampler

    sampler = VllmSampler("m", library=library)
    other = sampler.with_adapter(None)
    del sampler
    assert engine.shutdowns == 0
    del other
    assert engine.shutdowns == 1


def test_samplers_work_inside_a_running_event_loop_and_in_several_threads(sampler_of: Any, ask_text: Any) -> None:
    sampler = sampler_of()

    async def within() -> Any:
        return sampler.sample([ask_text(0)])

    asyncio.run(within())
    results: dict[int, Any] = {}
    threads = [
        threading.Thread(target=lambda k=k: results.update({k: sampler.sample([ask_text(k, n=2)])})) for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[k][0].trials[0].text.split()[0] for k in range(4)] == ["q0", "q1", "q2", "q3"]


def test_an_interrupt_aborts_what_is_under_way(
    sampler_of: Any, ask_text: Any, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from concurrent.futures import Future

    engine.hangs = True
    wait = Future.result

    def interrupted(future: Any, timeout: float | None = None) -> Any:
        while len(engine.asked) < 3:
            time.sleep(0.001)
        monkeypatch.setattr(Future, "result", wait)
        raise KeyboardInterrupt

    sampler = sampler_of()
    monkeypatch.setattr(Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sampler.sample([ask_text(n=3)])
    assert engine.aborted == 3


def test_what_cannot_be_opened_is_one_line(library: Any) -> None:
    from dataclasses import replace

    from trial_sampler.vllm import VllmSampler

    def fail(arguments: Any) -> Any:
        raise RuntimeError("Engine core initialization failed.\nSee root cause above.")

    with pytest.raises(ModelError) as error:
        VllmSampler("some-model", library=replace(library, open_engine=fail))
    assert str(error.value) == "cannot load 'some-model': Engine core initialization failed. See root cause above."


def test_an_adapter_that_cannot_be_loaded_shows_at_once_and_ends_the_engine(sampler_of: Any, engine: Any) -> None:
    with pytest.raises(ModelError, match="cannot load adapter 'hub/broken': no adapter there"):
        sampler_of(adapters={"fine": "hub/fine", "odd": "hub/broken"})
    assert engine.shutdowns == 1


def test_a_missing_vllm_gives_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(MissingExtra, match=r"backend 'vllm' needs vllm: pip install 'trial-sampler\[vllm\]'"):
        load_sampler("anything", backend="vllm")


def test_no_requests_give_no_results(sampler_of: Any) -> None:
    assert sampler_of().sample([]) == []
