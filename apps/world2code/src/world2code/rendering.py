"""From evidence to a checked scene and its code, by the rules of each arm: steps `render` and `render-RULES`."""

import json
from dataclasses import asdict
from typing import Any

from shard_runner import Dropped, Outcome, Row, Stage, StageFn

from world2code.arms import Arm
from world2code.row_evidence import evidence_of
from world2code.settings import W2cSettings

_RULES = (
    "filters", "control", "existence_threshold", "counting", "counting_threshold", "claims_threshold", "strict",
    "check_captions",
    "reading_similarity", "least_elements", "link_scale", "least_members", "least_pair_share", "most_pairs",
)  # fmt: skip


def render_stage(settings: W2cSettings, arm: Arm) -> Stage:
    """Apply the rules of arms to the evidence; nothing is asked.

    Rows `{id, image, is_stored, stamp, width, height, scene, code, cut, drops, true_scene, calls, sequences}`; `cut`
    counts the things that the code has no room for.
    """

    from llava_train import model_digest

    def make() -> StageFn:
        from code_caption import CodeError, canonical, decide, fit_scene, scene_in_frame, scene_to_json

        rules, count = settings.rules(arm), _token_counter(settings)
        scale = 1000 if settings.box_form == "qwen" else 1

        def render(rows: list[Row]) -> list[Outcome]:
            outcomes: list[Outcome] = []
            for row in rows:
                decision = decide(evidence_of(row), rules)
                if decision.is_dropped:
                    outcomes.append(Dropped("too_few_elements", decision.drops[-1].detail))
                    continue
                framed = scene_in_frame(decision.scene, (row["width"], row["height"]), settings.frame)
                try:
                    fitted = fit_scene(framed, settings.code_tokens, count, digits=settings.digits, scale=scale)
                except CodeError as error:
                    outcomes.append(Dropped("code_too_long", str(error)))
                    continue
                made: dict[str, Any] = {
                    "id": row["id"],
                    "image": row["image"],
                    "is_stored": row["is_stored"],
                    "stamp": row["stamp"],
                    "width": row["width"],
                    "height": row["height"],
                    "scene": json.dumps(scene_to_json(canonical(decision.scene, digits=4)), ensure_ascii=False),
                    "code": fitted.code,
                    "cut": len(fitted.dropped),
                    "drops": [asdict(drop) | {"keys": list(drop.keys)} for drop in decision.drops],
                    "true_scene": row["scene"],
                    "calls": row["calls"],
                    "sequences": row["sequences"],
                }
                outcomes.append([made])
            return outcomes

        return render

    config = (
        settings.picked(*_RULES, "digits", "code_tokens", "box_form", "box_frame")
        | {"tokenizer": model_digest(settings.needed_weights())}
        | {"arm": arm.rules}
    )
    return Stage(
        name=arm.rendered("render"), make=make, config=config, version="2", inputs=("validate",), batch_size=64
    )


def _token_counter(settings: W2cSettings) -> Any:
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(settings.needed_weights())
    return lambda text: len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
