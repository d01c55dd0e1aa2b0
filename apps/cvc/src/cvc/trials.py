"""Guess n times and check every guess: the stages `trials`, `judge` and `mix`."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shard_runner import Dropped, Failed, Outcome, Row, Stage, StageFn

from cvc.engines import Judge, load_model_sampler, model_identity
from cvc.examples import question_messages, training_examples
from cvc.settings import CvcSettings

SAMPLING_SETTINGS = ("n", "temperature", "top_p", "max_new_tokens", "dtype", "backend")
"""Settings that decide what a model says, beside the model."""

JUDGE_SETTINGS = ("embedder", "min_similarity")
"""Settings that decide what counts as right."""


def trials_stage(settings: CvcSettings, run_dir: Path) -> Stage:
    """Sample n rationales for each instance of a training image; `trials` holds one record for each, in order."""

    def make() -> StageFn:
        from trial_sampler import Request

        sampler = load_model_sampler(settings, settings.needed("model", "the model that guesses"))

        def request(row: Row) -> Request:
            return Request(
                id=row["id"],
                messages=question_messages(row["reasoning"]),
                images=[run_dir / row["occluded"]],
                n=settings.n,
                temperature=settings.temperature,
                top_p=settings.top_p,
                max_new_tokens=settings.max_new_tokens,
                seed=settings.seed,
            )

        def guess(rows: list[Row]) -> list[Outcome]:
            asked = [row for row in rows if not is_held_out(row["image_id"], settings)]
            results = {result.id: result for result in sampler.sample([request(row) for row in asked])}
            return [_guessed(row, results.get(row["id"])) for row in rows]

        return guess

    config = settings.picked(*SAMPLING_SETTINGS, "held_out_share")
    config |= {"model": model_identity(settings.model or ""), "has_eval_data": settings.eval_data is not None}
    return Stage(name="trials", make=make, config=config, batch_size=settings.prompts_per_batch)


def is_held_out(image_id: str, settings: CvcSettings) -> bool:
    """Whether an image is kept for evaluation: decided by its id and the seed, so one image stays together."""
    if settings.eval_data is not None:
        return False
    digest = hashlib.blake2b(f"{settings.seed}/{image_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < settings.held_out_share


def _guessed(row: Row, result: Any) -> Outcome:
    if result is None:
        return Dropped("held_out")
    if result.error is not None:
        return Failed(result.error.reason, result.error.detail)
    return [row | {"trials": [asdict(trial) for trial in result.trials]}]


def judge_stage(settings: CvcSettings) -> Stage:
    """Extract each trial's answer and check it; each record gets `answer, verdict, rung, score`, each row `right`."""

    def make() -> StageFn:
        judge = Judge(settings)

        def check(row: Row) -> Outcome:
            trials = judge(row["trials"], references(row))
            return [row | {"trials": trials, "right": sum(trial["verdict"] for trial in trials)}]

        return lambda rows: [check(row) for row in rows]

    return Stage(name="judge", make=make, config=settings.picked(*JUDGE_SETTINGS), batch_size=32)


def references(row: Row) -> list[str]:
    """What counts as right: the head, and the whole phrase where it says more."""
    return list(dict.fromkeys((row["head"], row["phrase"])))


def mix_stage(settings: CvcSettings) -> Stage:
    """Turn judged instances into training rows by the 1-to-4 rule."""

    def make() -> StageFn:
        rule = settings.mix_rule

        def examples(row: Row) -> Outcome:
            if not row["right"]:
                return Dropped("never_right")
            return training_examples(row, rule) or Dropped("too_easy", f"{row['right']} of {len(row['trials'])} right")

        return lambda rows: [examples(row) for row in rows]

    return Stage(name="mix", make=make, config=asdict(settings.mix_rule), whole_input=True)


def preference_pairs(rows: Sequence[Row], judged: Sequence[Row]) -> list[Row]:
    """Right rationale against a wrong one of the same instance, in the columns of MVC JSON; instances with both only.

    Images stay the same on both sides: what differs is the answer.
    """
    wrong = {row["id"]: [trial["text"] for trial in row["trials"] if not trial["verdict"]] for row in judged}
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
    question, answer = row["messages"]
    return {
        "system_prompt": "",
        "instruction_prompt": question["content"][1]["text"],
        "chosen_images": row["images"],
        "rejected_images": row["images"],
        "chosen_response": answer["content"][0]["text"],
        "rejected_response": rejected,
    }
