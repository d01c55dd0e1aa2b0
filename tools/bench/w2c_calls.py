"""What an image costs in World to Code, as we ask and as published: calls of the model, sequences, time.

    uv run python tools/bench/w2c_calls.py

Published: every box is read, described, checked and counted, every phrase of every caption is checked, one prompt a
call, each check answered by the likeliest of 8 sampled texts. Ours (`code_caption`): boxes and counts first, then what
is left is described, then phrases are checked until the best caption is known; a check is one pass.

Calls: 120 made-up images (`w2c_worlds.py`) as large as the worked example: 12 boxes with 10 phrases each, 5 pairs with
12, 8 names. Captions are drawn 8 and kept 4 on both sides. Ours also reads a second time what reads as text, checks one
control, and checks the captions of the whole image. 10 images each where nothing is false (`_all_true`), where the
caption that is asked about first is false everywhere (`_first_false`), and where every phrase but the bare names is
(`_all_false`, the most that can be asked).

Time: the tiny model on 3 drawn pictures, float32, one thread, processor time. Both sides get the same pictures and
boxes, in turns, each run in a process forked from the one that loaded the model. Published: stock `generate` with the
prompt 8 times (readings 4 times), temperature 0.8, top-p 0.95, up to 256 new tokens. Ours: the three stages, all
pictures together. `time_ratio` is the median of confirm, describe and validate; captions of the whole picture, several
pictures at a time in the published way too, are timed apart and included in `time_ratio_with_captions`. For
`time_ratio_same_sampler` the published calls go to our sampler, one by one, which encodes a prompt once for its 8
texts: what is left is asking less and together. `memory_ratio` compares peaks above the loaded model: the published way
has one prompt at a time in memory, ours up to 32.

`agree`: in all images of both parts, `decide` says the same as after asking everything (`w2c_everything.py`).
`sampled_agree_share`: sampled answers of the published side that equal the first token's to the same question;
neither yes nor no counts as no (`sampled_unknown_share`: the tiny model cannot count "at least"). The last line is one
JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from statistics import mean, median
from typing import Any

from code_caption import (
    Ask,
    Cost,
    ImageEvidence,
    Interview,
    confirming_asks,
    decide,
    describing_asks,
    interview_images,
    validating_asks,
)
from PIL import Image
from w2c_everything import Subject, ask_everything
from w2c_pictures import PICTURES, Pictures, run_in_a_fork
from w2c_published import BEST_OF, READ_BEST_OF
from w2c_worlds import BOXES, CONTROL, NAMES, PAIR_PHRASES, PAIRS, PHRASES, SIZE_WH, MadeUp, Rates, make_up

MADE_UP, WORSE, ROUNDS = 120, 10, 2
CASES = {
    "": Rates(),
    "_all_true": Rates(there=1, true=1, counted=1, control=0),
    "_first_false": Rates(there=1, true=1, counted=1, control=0, is_first_false=True),
    "_all_false": Rates(there=1, true=0, counted=1, control=0),
}
BARS = {"calls": 120, "sequences": 300, "time_ratio": 4}


def published_cost() -> Cost:
    """The published schedule on the worked example."""
    calls = {
        "captions of the image": 2,
        "readings": BOXES,
        "captions of boxes": BOXES,
        "captions of pairs": PAIRS,
        "existence": BOXES,
        "phrases of boxes": BOXES * PHRASES,
        "phrases of pairs": PAIRS * PAIR_PHRASES,
        "counts": len(NAMES),
    }
    sequences = {what: count * (READ_BEST_OF if what == "readings" else BEST_OF) for what, count in calls.items()}
    return Cost(sum(calls.values()), sum(sequences.values()))


def interview_made_up(world: MadeUp, interview: Interview, image: Image.Image) -> Cost:
    """Ask as we do; the captions of the image, which the evidence begins with, are counted."""
    evidence, calls, sequences = world.evidence, 2, 2 * BEST_OF
    stages: tuple[Callable[[], list[Ask]], ...] = (
        lambda: confirming_asks(evidence, interview, control=CONTROL),
        lambda: describing_asks(evidence, interview, lambda box, size_wh: ""),
        lambda: validating_asks(evidence, interview),
    )
    for stage in stages:
        (cost,) = interview_images([ImageEvidence("", image, evidence)], lambda _, stage=stage: stage(), world)
        calls, sequences = calls + cost.calls, sequences + cost.sequences
    return Cost(calls, sequences)


def made_up_costs(rates: Rates, count: int, interview: Interview) -> tuple[list[Cost], bool]:
    """Costs of so many made-up images, and whether all decisions are those of asking everything."""
    image, costs, agree = Image.new("RGB", SIZE_WH), list[Cost](), True
    for seed in range(count):
        world, other = make_up(seed, rates), make_up(seed, rates)
        costs.append(interview_made_up(world, interview, image))
        subject = Subject("", image, interview, lambda box, size_wh: "", CONTROL)
        everything = ask_everything(other.evidence, subject, other, lambda evidence, said: None)
        agree &= decide(world.evidence, interview.rules[0]) == everything
    return costs, agree


def part_calls() -> dict[str, Any]:
    """Calls and sequences of made-up images."""
    published = published_cost()
    print(f"worked example, published: {published.calls} calls, {published.sequences} sequences")
    line: dict[str, Any] = {"calls_published": published.calls, "sequences_published": published.sequences}
    agree = True
    for name, rates in CASES.items():
        costs, same = made_up_costs(rates, WORSE if name else MADE_UP, Interview())
        agree &= same
        calls, sequences = [cost.calls for cost in costs], [cost.sequences for cost in costs]
        line |= {f"calls{name}": round(mean(calls), 1), f"sequences{name}": round(mean(sequences), 1)}
        print(
            f"{name.strip('_') or 'drawn':16} {mean(calls):6.1f} calls (most {max(calls)}), "
            f"{mean(sequences):6.1f} sequences (most {max(sequences)}), decisions those of asking everything: {same}"
        )
    return line | {"agree": agree}


def part_time() -> dict[str, Any]:
    """Times on drawn pictures."""
    pictures = Pictures()
    rounds = [(run_in_a_fork(pictures.published), run_in_a_fork(pictures.ours)) for _ in range(ROUNDS)]
    published, ours = rounds[-1]
    by_our_sampler = run_in_a_fork(pictures.published_by_our_sampler)
    agree, sampled = pictures.do_decisions_agree(ours.found), pictures.sampled_agreement(published.found)
    print(f"{PICTURES} pictures, {pictures.boxes} boxes, decisions those of asking everything: {agree}")
    for name, one in {"published": published, "by our sampler": by_our_sampler, "ours": ours}.items():
        print(
            f"{name:16} captions {one.captions_s:.2f} s, confirm, describe and validate {one.rest_s:.2f} s, "
            f"{one.cost.calls} calls, {one.cost.sequences} sequences, {one.peak_bytes / 2**20:.0f} MiB above the model"
        )
    print(f"of sampled answers, {sampled[0]:.1%} as the first token, {sampled[1]:.1%} neither yes nor no")
    with_captions = [(a.captions_s + a.rest_s) / (b.captions_s + b.rest_s) for a, b in rounds]
    return {
        "time_ratio": round(median(a.rest_s / b.rest_s for a, b in rounds), 2),
        "memory_ratio": round(published.peak_bytes / ours.peak_bytes, 2),
        "agree": agree,
        "time_ratio_with_captions": round(median(with_captions), 2),
        "time_ratio_same_sampler": round(by_our_sampler.rest_s / median(b.rest_s for _, b in rounds), 2),
        "sampled_agree_share": round(sampled[0], 3),
        "sampled_unknown_share": round(sampled[1], 3),
    }


def main() -> None:
    """Count, measure, print."""
    calls, times = part_calls(), part_time()
    line: dict[str, Any] = {"name": "w2c_calls", **times, **calls, "agree": calls["agree"] and times["agree"]}
    is_met = line["calls"] <= BARS["calls"] and line["sequences"] <= BARS["sequences"]
    print(f"bars {BARS}: {'met' if is_met and line['time_ratio'] >= BARS['time_ratio'] else 'missed'}")
    print(json.dumps(line))


if __name__ == "__main__":
    main()
