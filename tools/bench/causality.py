"""Scoring entities: `occlusion.MaskedLmCausality` against one plain forward pass for each phrase and head, in one run.

    uv run python tools/bench/causality.py
    uv run python tools/bench/causality.py --threads 1
    uv run python tools/bench/causality.py --shape roberta-base --captions 10

Captions as people write them under photographs (of our own wording), with two to five entities each, and the real
architecture with random weights at the shapes of a published checkpoint; a time does not depend on the weights. The
reference is the method's step as it is told: for the phrase, and again for the head in its place, tokenize the caption,
mask the entity's tokens, run the model on this one text, take the logarithms of the softmax. Both sides must give the
same perplexities to 1e-4.

`time_ratio` is the quotient of wall times, each side over all entities. Both sides work in turns, so that other work on
the machine meets both; each side's time is the median of the rounds. `processor_ratio` is that of processor times.
`memory_ratio` is below 1: a batch holds more than one text. It compares the largest tensors' memory that torch had
allocated at once on top of the weights. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from occlusion import Causality, Entity, MaskedLmCausality
from torch.profiler import ProfilerActivity, profile

MARKED = """
A [young man] rides a [bicycle] down a [city street] past a [parked car].
Two [small dogs] play with a [red ball] in the [grass] near a [wooden fence].
A [white plate] topped with a [sandwich], some [fries] and a [pickle] on a [table].
The [tennis player] swings a [racket] at a [yellow ball] on the [court].
A [woman] in a [blue dress] holds an [umbrella] while walking in the [rain].
A [bathroom] with a [sink], a [large mirror] and a [white toilet].
A [cat] sleeps on the [keyboard] of an [open laptop] on a [desk].
Several [boats] float in the [harbor] under a [cloudy sky].
A [train] pulls into the [station] as [people] wait on the [platform].
A [child] blows out the [candles] on a [birthday cake].
A [surfer] in a [black wetsuit] rides a [large wave] in the [ocean].
A [giraffe] bends its [long neck] to eat [leaves] from a [tree].
A [kitchen] with a [stainless steel refrigerator], a [stove] and [wooden cabinets].
A [man] in a [suit] talks on a [cell phone] outside a [tall building].
A [skier] goes down a [snowy slope] with [poles] in both [hands].
A [vase] of [pink flowers] stands on the [window sill].
A [baseball player] slides into [base] while the [catcher] reaches for the [ball].
A [herd] of [sheep] grazes on a [green hill] beside a [stone wall].
An [old truck] loaded with [hay] is parked in front of a [barn].
A [bowl] of [soup] with a [spoon] next to a [glass] of [water].
A [bus driver] waits at a [traffic light] behind a [yellow taxi].
A [little girl] brushes her [teeth] with a [pink toothbrush] in front of a [mirror].
A [kite] flies high over the [beach] where a [family] sits on a [striped towel].
A [living room] with a [leather couch], a [television] and a [bookshelf] full of [books].
"""
COMPOUNDS = ("tennis player", "cell phone", "baseball player", "bus driver", "traffic light", "living room")
COMPOUND_ENDS = (*COMPOUNDS, "birthday cake", "window sill", "city street")


class Shape(NamedTuple):
    """Sizes of a published checkpoint."""

    layers: int
    width: int
    heads: int
    vocabulary: int = 50265


SHAPES = {
    "small": Shape(6, 256, 4),
    "distilroberta": Shape(6, 768, 12),
    "roberta-base": Shape(12, 768, 12),
}


def marked_items(lines: list[str]) -> list[tuple[str, Entity]]:
    """Captions without their brackets, one item for each bracket; the head is the last word, or the compound."""
    items: list[tuple[str, Entity]] = []
    for line in lines:
        caption = re.sub(r"[\[\]]", "", line)
        for k, match in enumerate(re.finditer(r"\[(.*?)\]", line)):
            start = match.start() - 2 * k
            phrase = match[1]
            head = next((word for word in COMPOUND_ENDS if phrase.endswith(word)), phrase.rpartition(" ")[2])
            end = start + len(phrase)
            items.append((caption, Entity(phrase, head, start, end, end - len(head), end)))
    return items


def byte_bpe(captions: list[str]) -> Any:
    """RoBERTa's kind of tokenizer; as in RoBERTa's, most words of a caption are one token."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(captions, trainer)
    core.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", unk_token="<unk>", mask_token="<mask>")


def roberta(shape: Shape) -> Any:
    """The real architecture with random weights."""
    from transformers import RobertaConfig, RobertaForMaskedLM

    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=4 * shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        max_position_embeddings=514,
        type_vocab_size=1,
        pad_token_id=1,
    )
    return RobertaForMaskedLM(config).eval()


def plain_score(model: Any, tokenizer: Any, caption: str, entity: Entity) -> tuple[float, float]:
    """The method's step for one entity: perplexities of phrase and head, one forward pass each."""
    with_head = caption[: entity.start] + entity.head + caption[entity.end :]
    head_end = entity.start + len(entity.head)
    places = ((caption, entity.end), (with_head, head_end))
    phrase, head = (plain_ppl(model, tokenizer, text, entity.start, end) for text, end in places)
    return phrase, head


def plain_ppl(model: Any, tokenizer: Any, text: str, start: int, end: int) -> float:
    """Perplexity of `text[start:end]`, all its tokens masked at once."""
    encoded = tokenizer(text, return_offsets_mapping=True, return_tensors="pt")
    offsets = encoded["offset_mapping"][0].tolist()
    at = [t for t, (s, e) in enumerate(offsets) if s < e and s < end and e > start]
    targets = encoded["input_ids"][0, at]
    encoded["input_ids"][0, at] = tokenizer.mask_token_id
    with torch.inference_mode():
        logits = model(input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]).logits
        logps = logits[0].log_softmax(dim=-1)[at, targets]
    return math.exp(-float(logps.mean()))


class Spent(NamedTuple):
    """Seconds of a call."""

    wall_s: float
    processor_s: float


def timed(call: Callable[[], Any]) -> tuple[Any, Spent]:
    """What a call returns, and its wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    returned = call()
    return returned, Spent(time.perf_counter() - wall, time.process_time() - processor)


def peak_bytes(call: Callable[[], Any]) -> int:
    """Largest memory of torch that a call holds at once, above what was there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    held = peak = 0
    for event in sorted(profiler.profiler.kineto_results.events(), key=lambda event: event.start_ns()):
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak


def largest_difference(ours: list[Any], plain: list[tuple[float, float]]) -> float:
    """Largest relative difference of a perplexity."""
    worst = 0.0
    for one, expected in zip(ours, plain, strict=True):
        if not isinstance(one, Causality):
            return math.inf
        pairs = zip((one.ppl_phrase, one.ppl_head), expected, strict=True)
        worst = max([worst, *(abs(got / right - 1) for got, right in pairs)])
    return worst


def main() -> None:
    """Measure, compare, print the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="distilroberta", help="sizes of the model")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    parser.add_argument("--captions", type=int, default=24, help="how many of the 24 captions")
    parser.add_argument("--rounds", type=int, default=2, help="turns of both sides")
    wanted = parser.parse_args()
    torch.set_num_threads(wanted.threads)
    lines = MARKED.strip().splitlines()
    items = marked_items(lines[: wanted.captions])
    shape = SHAPES[wanted.shape]
    tokenizer = byte_bpe([re.sub(r"[\[\]]", "", line) for line in lines])
    model = roberta(shape)
    score = MaskedLmCausality(model, tokenizer)
    ours_s: list[Spent] = []
    plain_s: list[Spent] = []
    worst = 0.0
    for _ in range(wanted.rounds):
        expected, spent = timed(lambda: [plain_score(model, tokenizer, *item) for item in items])
        plain_s.append(spent)
        got, spent = timed(lambda: score(items))
        ours_s.append(spent)
        worst = max(worst, largest_difference(got, expected))
    plain, ours = (Spent(*map(statistics.median, zip(*side, strict=True))) for side in (plain_s, ours_s))
    few = items[:16]
    memory = peak_bytes(lambda: [plain_score(model, tokenizer, *item) for item in few]), peak_bytes(lambda: score(few))
    print(f"{len(items)} entities of {wanted.captions} captions; RoBERTa {shape}; {wanted.threads} threads")
    print(f"plain {plain.wall_s:.2f} s, ours {ours.wall_s:.2f} s; largest relative difference {worst:.1e}")
    line = {
        "name": "causality",
        "time_ratio": round(plain.wall_s / ours.wall_s, 1),
        "memory_ratio": round(memory[0] / memory[1], 2),
        "agree": worst <= 1e-4 and score.guessed_places_only,
        "processor_ratio": round(plain.processor_s / ours.processor_s, 1),
        "entities_per_s": round(len(items) / ours.wall_s, 1),
        "largest_difference": float(f"{worst:.1e}"),
        "shape": wanted.shape,
        "threads": wanted.threads,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
