"""Guess n times and check every guess: the stages `trials`, `judge` and `mix`."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from shard_runner import Done, Dropped, Failed, Outcome, Row, Stage, StageFn

from cvc.adaptive import BATCHES, difficulty, guess_adaptively
from cvc.engines import Judge, judge_config, load_model_sampler, new_tokens, sampled_identity
from cvc.examples import training_examples
from cvc.settings import CvcSettings

if TYPE_CHECKING:
    from trial_sampler import Request, SampleResult

SAMPLING_SETTINGS = ("n", "temperature", "top_p", "max_new_tokens", "dtype", "backend")
"""Settings that decide what a model says, beside the model."""

ADAPTIVE_SETTINGS = ("adaptive", "adaptive_group", "hopeless_after", "min_right", "max_right", "answer_examples")
"""Settings that decide, beside those of the judge, how many trials an adaptive draw has."""


def trials_stage(settings: CvcSettings, run_dir: Path) -> Stage:
    """Sample n rationales for each instance of a training image; `trials` holds one record for each, in order.

    With `adaptive` trials are judged on the way, so that what `judge` adds is there already, and they may be fewer.
    """

    def make() -> StageFn:
        sampler = load_model_sampler(settings, settings.needed("model", "the model that guesses"))
        judge = Judge(settings, run_dir) if settings.adaptive else None

        def guess(rows: list[Row]) -> list[Outcome]:
            asked = [row for row in rows if not is_held_out(row["image_id"], settings)]
            requests = [trial_request(row, settings, run_dir) for row in asked]
            if judge is None:
                guessed = {result.id: _guessed(result) for result in sampler.sample(requests)}
            else:
                expected = {row["id"]: references(row) for row in asked}
                guessed = guess_adaptively(requests, expected, sampler, judge, settings)
            return [_with_guesses(row, guessed.get(row["id"])) for row in rows]

        return guess

    config = settings.picked(*SAMPLING_SETTINGS) | {"held_out_share": held_out_share(settings)}
    config |= {"model": sampled_identity(settings.model, settings)}
    if not settings.adaptive:
        return Stage(name="trials", make=make, config=config, batch_size=settings.prompts_per_batch)
    config |= judge_config(settings) | settings.picked(*ADAPTIVE_SETTINGS)
    return Stage(name="trials", make=make, config=config, batch_size=BATCHES * settings.prompts_per_batch)


def trial_request(row: Row, settings: CvcSettings, run_dir: Path) -> "Request":
    """All n trials of an instance."""
    from trial_sampler import Request, image_question

    return Request(
        id=row["id"],
        messages=image_question(row["reasoning"]),
        images=[run_dir / row["occluded"]],
        n=settings.n,
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_new_tokens=settings.max_new_tokens,
        seed=settings.seed,
    )


def held_out_share(settings: CvcSettings) -> float:
    """Share of the images that is kept for evaluation; none where there are questions for it."""
    return settings.held_out_share if settings.eval_data is None else 0.0


def is_held_out(image_id: str, settings: CvcSettings) -> bool:
    """Whether an image is kept for evaluation: decided by its id and the seed, so one image stays together."""
    digest = hashlib.blake2b(f"{settings.seed}/{image_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < held_out_share(settings)


def _guessed(result: "SampleResult") -> Row | Failed:
    if result.error is not None:
        return Failed(result.error.reason, result.error.detail)
    return {"trials": [asdict(trial) for trial in result.trials]}


def _with_guesses(row: Row, guessed: Row | Failed | None) -> Outcome:
    if guessed is None:
        return Dropped("held_out")
    return guessed if isinstance(guessed, Failed) else Done([row | guessed], new_tokens(guessed["trials"]))


def judge_stage(settings: CvcSettings, run_dir: Path) -> Stage:
    """Extract each trial's answer and check it; each record gets `answer, verdict, rung, score`.

    Each row gets `right, drawn, pass_rate, pass_interval`. Trials of an adaptive draw are judged already.
    """

    def make() -> StageFn:
        if settings.adaptive:
            return lambda rows: [[row] for row in rows]
        judge = Judge(settings, run_dir)
        return lambda rows: [[row | difficulty(judge(row["trials"], references(row)))] for row in rows]

    return Stage(name="judge", make=make, config=judge_config(settings), version="2", batch_size=32)


def references(row: Row) -> list[str]:
    """What counts as right: the head, and the whole phrase where it says more."""
    return list(dict.fromkeys((row["head"], row["phrase"])))


def mix_stage(settings: CvcSettings) -> Stage:
    """Turn judged instances into training rows by the 1-to-4 rule; `stamp` tells a changed picture."""

    def make() -> StageFn:
        rule = settings.mix_rule

        def examples(row: Row) -> Outcome:
            if not row["right"]:
                return Dropped("never_right")
            reason = "too_easy" if row["right"] > rule.max_right else "too_hard"
            made = [one | {"stamp": row["stamp"]} for one in training_examples(row, rule)]
            return made or Dropped(reason, f"{row['right']} of {row['drawn']} right")

        return lambda rows: [examples(row) for row in rows]

    return Stage(name="mix", make=make, config=asdict(settings.mix_rule), whole_input=True)


def preference_pairs(rows: Sequence[Row], judged: Sequence[Row]) -> list[Row]:
    """Right rationale against a wrong one of the same instance: `{id, images, prompt, chosen, rejected}`.

    Instances with both only. Both answer the same question about the same picture, so this is preference data, in the
    columns of TRL; pairs of two pictures are made by `svco prepare occlusion`.
    """
    wrong = {
        row["id"]: [trial["text"] for trial in row["trials"] if trial["text"] and not trial["verdict"]]
        for row in judged
    }
    seen: dict[str, int] = {}
    pairs: list[Row] = []
    for row in rows:
        others = list(dict.fromkeys(wrong.get(row["instance"], [])))
        if row["kind"] != "rationale" or not others:
            continue
        k = seen[row["instance"]] = seen.get(row["instance"], -1) + 1
        pairs.append(_pair(row, others[k % len(others)]))
    return pairs


def _pair(row: Row, rejected: str) -> Row:
    question, chosen = row["messages"]
    turn = {"role": "assistant", "content": [{"type": "text", "text": rejected}]}
    return {
        "id": row["id"], "images": row["images"], "prompt": [question], "chosen": [chosen], "rejected": [turn]
    }  # fmt: skip
