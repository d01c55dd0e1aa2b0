from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from trial_sampler import ModelError, Request, SamplerError, SampleResult, Trial
from trial_sampler.conversations import open_images
from trial_sampler.hf import HfSampler

from .watching import images_run

Ask = Callable[..., Request]


def outcome(results: list[SampleResult]) -> dict[str, list[tuple[str, str, int, int]]]:
    """What must be equal; log-probabilities are compared apart, with a tolerance."""
    return {one.id: [(t.text, t.finish_reason, t.tokens, t.seed) for t in one.trials] for one in results}


def test_trials_do_not_depend_on_batch_size_order_or_n(llava: Any, processor: Any, ask: Ask) -> None:
    requests = [ask(index) for index in range(8)]
    expected = HfSampler(llava, processor, batch_size=8).sample(requests)
    for batch_size in (1, 3):
        again = HfSampler(llava, processor, batch_size=batch_size).sample(requests[::-1])
        assert [result.id for result in again] == [request.id for request in requests[::-1]]
        assert outcome(again) == outcome(expected)
        for one, other in zip(expected, again[::-1], strict=True):
            assert [t.logprob for t in one.trials] == pytest.approx([t.logprob for t in other.trials], abs=1e-3)
    fewer = HfSampler(llava, processor, batch_size=3).sample([ask(index, n=2) for index in range(8)])
    assert outcome(fewer) == {name: trials[:2] for name, trials in outcome(expected).items()}


def test_trials_differ_among_themselves_and_by_seed(llava: Any, processor: Any, ask: Ask) -> None:
    sampler = HfSampler(llava, processor)
    first, second = sampler.sample([ask(0, n=8), ask(0, n=8, seed=8)])
    assert len({trial.text for trial in first.trials}) > 4
    assert {trial.seed for trial in first.trials}.isdisjoint(trial.seed for trial in second.trials)
    assert [t.text for t in first.trials] != [t.text for t in second.trials]


def test_temperature_zero_equals_generate(llava: Any, processor: Any, ask: Ask) -> None:
    requests = [ask(index, temperature=0, n=2, max_new_tokens=10) for index in range(5)]
    for request, result in zip(requests, HfSampler(llava, processor, batch_size=5).sample(requests), strict=True):
        text = processor.apply_chat_template(request.messages, add_generation_prompt=True, tokenize=False)
        inputs = processor(text=text, images=request.images[0], return_tensors="pt")
        with torch.inference_mode():
            ids = llava.generate(**inputs, do_sample=False, max_new_tokens=10)
        new = ids[0, inputs["input_ids"].shape[1] :]
        assert [trial.text for trial in result.trials] == [processor.decode(new, skip_special_tokens=True).strip()] * 2


def test_the_log_probability_is_that_of_scoring_the_whole_text(llava: Any, processor: Any, ask: Ask) -> None:
    request = ask(3, n=40, temperature=1.3, max_new_tokens=3)
    (result,) = HfSampler(llava, processor).sample([request])
    inputs = processor(text=_prompt(processor, request), images=request.images[0], return_tensors="pt")
    for trial in result.trials:
        new = _words_to_ids(processor, trial)
        if new is None:
            continue
        ids = torch.cat([inputs["input_ids"], torch.tensor([new])], dim=1)
        with torch.inference_mode():
            logits = llava(input_ids=ids, pixel_values=inputs["pixel_values"]).logits[0, -len(new) - 1 : -1]
        expected = logits.log_softmax(-1).gather(1, torch.tensor(new)[:, None]).sum()
        assert trial.logprob == pytest.approx(float(expected), abs=1e-3)
        return
    pytest.fail("no trial could be read back into tokens")


def _prompt(processor: Any, request: Request) -> str:
    return processor.apply_chat_template(request.messages, add_generation_prompt=True, tokenize=False)


def _words_to_ids(processor: Any, trial: Trial) -> list[int] | None:
    """Read `word3word14` back into ids, if the trial holds words alone."""
    words = [f"word{part}" for part in trial.text.split("word")[1:]]
    ids = processor.tokenizer.convert_tokens_to_ids(words)
    known = ids and all(token is not None for token in ids) and "".join(words) == trial.text
    return ids if known and len(ids) == trial.tokens else None


def test_a_request_gets_exactly_n_trials_with_different_settings_side_by_side(
    llava: Any, processor: Any, ask: Ask
) -> None:
    requests = [ask(0, n=1, max_new_tokens=3), ask(1, n=5, temperature=0), ask(2, n=3, top_p=1.0, max_new_tokens=9)]
    results = HfSampler(llava, processor).sample(requests)
    assert [len(result.trials) for result in results] == [1, 5, 3]
    assert all(t.tokens <= r.max_new_tokens for r, s in zip(requests, results, strict=True) for t in s.trials)
    assert all((t.finish_reason == "length") == (t.tokens == 3) for t in results[0].trials)
    assert len({trial.text for trial in results[1].trials}) == 1


def test_an_end_token_stops_a_trial_and_costs_the_others_nothing(llava: Any, processor: Any, ask: Ask) -> None:
    plain = HfSampler(llava, processor)
    long = plain.sample([ask(0, n=6, max_new_tokens=10)])[0].trials
    bias = torch.zeros(700)
    bias[2] = 6.0  # make the end token likely

    def favour_the_end(_module: Any, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        return output + bias

    hook = llava.lm_head.register_forward_hook(favour_the_end)
    try:
        trials = plain.sample([ask(0, n=40, max_new_tokens=10)])[0].trials
        again = HfSampler(llava, processor, batch_size=1).sample([ask(0, n=3, max_new_tokens=10)])[0].trials
    finally:
        hook.remove()
    assert {trial.finish_reason for trial in trials} == {"stop", "length"}
    assert all(trial.tokens == 10 for trial in trials if trial.finish_reason == "length")
    assert all("</s>" not in trial.text for trial in trials)
    assert [trial.text for trial in again] == [trial.text for trial in trials[:3]]
    assert all(trial.tokens == 10 for trial in long)


def test_a_stop_string_ends_a_trial_before_it(llava: Any, processor: Any, ask: Ask) -> None:
    sampler = HfSampler(llava, processor)
    free = sampler.sample([ask(0, n=4)])[0].trials
    stop = free[0].text[4:9]  # spans tokens
    stopped, neighbour = sampler.sample([ask(0, n=4, stop=[stop, "never there"]), ask(1, n=4)])
    for before, after in zip(free, stopped.trials, strict=True):
        assert after.text == before.text.split(stop)[0].strip()
        assert (after.finish_reason == "stop") == (stop in before.text)
    assert stopped.trials[0].tokens < free[0].tokens
    assert outcome([neighbour]) == outcome(sampler.sample([ask(1, n=4)]))


def broken_requests(ask: Ask, folder: Path) -> list[tuple[Request, str]]:
    torn = folder / "torn.png"
    Image.new("RGB", (300, 300)).save(torn)
    torn.write_bytes(torn.read_bytes()[:200])
    text = folder / "text.png"
    text.write_text("no picture")
    tokens = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "an <image> more"}]}]
    long = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "why? " * 200}]}]
    return [
        (ask(90, images=[folder / "absent.png"]), "missing"),
        (ask(91, images=[text]), "not_an_image"),
        (ask(92, images=[torn]), "truncated"),
        (ask(84, images=[Image.open(io.BytesIO(torn.read_bytes()))]), "truncated"),
        (ask(83, images=[Image.new("F", (9, 9), 300)]), "unsupported_mode"),
        (ask(88, images=[None]), "not_an_image"),  # an empty cell of a table
        (ask(89, images=[torn.read_bytes()]), "not_an_image"),
        (ask(93, images=[]), "image_count"),
        (ask(94, images=[Image.new("RGB", (9, 9))] * 2), "image_count"),
        (ask(95, messages=tokens), "image_token_in_text"),
        (ask(85, messages=[7]), "template"),
        (ask(86, messages=[{"role": "user", "content": ["text"]}]), "template"),
        (ask(87, messages=[{"role": "user"}]), "template"),
        (ask(96, messages=long), "too_long"),
        (ask(97, max_new_tokens=600), "too_long"),
    ]


def test_tokens_of_a_result_are_those_that_a_server_tells() -> None:
    trials = tuple(Trial("a duck", "stop", tokens, None, 0) for tokens in (3, None, 4))
    assert (SampleResult("a", trials).tokens, SampleResult("a").tokens) == (7, 0)


def test_a_picture_in_memory_is_seen_as_its_file_is(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (4, 4), (200, 0, 0, 64))
    clear.save(tmp_path / "clear.png")
    ask = [{"role": "user", "content": [{"type": "image"}, {"type": "image"}]}]
    pasted, filed = open_images(ask, [clear, tmp_path / "clear.png"])
    assert pasted.tobytes() == filed.tobytes()
    assert pasted.getpixel((0, 0)) == (241, 191, 191)  # a quarter of the red, on white


def test_a_bad_request_fails_alone(llava: Any, processor: Any, ask: Ask, tmp_path: Path) -> None:
    broken = broken_requests(ask, tmp_path)
    good = [ask(index) for index in range(len(broken))]
    mixed = [request for pair in zip(good, [bad for bad, _ in broken], strict=True) for request in pair]
    sampler = HfSampler(llava, processor, batch_size=16)
    results = sampler.sample(mixed)
    assert [result.id for result in results] == [request.id for request in mixed]
    assert outcome(results[::2]) == outcome(sampler.sample(good))
    for result, (_, reason) in zip(results[1::2], broken, strict=True):
        assert result.trials == ()
        assert result.error is not None
        assert result.error.reason == reason, result.error
        assert "\n" not in str(result.error)


def test_images_come_from_paths_too(llava: Any, processor: Any, ask: Ask, tmp_path: Path) -> None:
    ask(0).images[0].save(tmp_path / "scene.png")
    sampler = HfSampler(llava, processor)
    assert outcome(sampler.sample([ask(0, images=[str(tmp_path / "scene.png")])])) == outcome(sampler.sample([ask(0)]))


def test_text_alone_and_two_images_are_served_in_one_call(llava: Any, processor: Any, ask: Ask) -> None:
    two = [{"role": "user", "content": [{"type": "image"}, {"type": "image"}, {"type": "text", "text": "Same?"}]}]
    requests = [
        ask(0),
        ask(1, images=[], messages=[{"role": "user", "content": "Hello"}]),
        ask(2, images=[*ask(2).images, *ask(3).images], messages=two),
    ]
    results = HfSampler(llava, processor).sample(requests)
    assert [result.error for result in results] == [None] * 3
    alone = [HfSampler(llava, processor, batch_size=1).sample([request])[0] for request in requests]
    assert outcome(alone) == outcome(results)


def test_a_processor_that_disagrees_with_the_model_is_loud(llava: Any, make_processor: Any, ask: Ask) -> None:
    sampler = HfSampler(llava, make_processor(patch=12))
    with pytest.raises(ModelError, match="processor and model disagree on image tokens"):
        sampler.sample([ask(0)])


def test_a_model_that_overflows_gives_errors_and_no_trials(make_llava: Any, processor: Any, ask: Ask) -> None:
    model = make_llava(width=64, layers=1)
    with torch.no_grad():
        model.lm_head.weight[5] = torch.nan
    (result,) = HfSampler(model, processor).sample([ask(0)])
    assert result.trials == ()
    assert str(result.error).startswith("not_finite")


def test_the_vision_tower_sees_an_image_once_for_all_trials(llava: Any, processor: Any, ask: Ask) -> None:
    with images_run(llava) as seen:
        HfSampler(llava, processor, batch_size=4).sample([ask(index, n=8) for index in range(4)])
    assert seen == [4]


def test_no_requests_give_no_results_and_a_batch_holds_at_least_one(llava: Any, processor: Any) -> None:
    assert HfSampler(llava, processor).sample([]) == []
    with pytest.raises(SamplerError, match="batch_size must be at least 1; got 0"):
        HfSampler(llava, processor, batch_size=0)
