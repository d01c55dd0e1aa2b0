"""The prompt that asks a language model for the entities of a caption."""

from __future__ import annotations

from collections.abc import Sequence

EntityExample = tuple[str, tuple[tuple[str, str], ...]]
"""A caption, and (phrase, head) of each thing in it."""

ENTITY_EXAMPLES: tuple[EntityExample, ...] = (
    (
        "A chubby hamster nibbles on a sunflower seed next to its wheel.",
        (("chubby hamster", "hamster"), ("sunflower seed", "sunflower seed"), ("wheel", "wheel")),
    ),
    ("An overwhelming sense of calm at the close of the year", ()),
    (
        "Four hockey players skate after the puck during the second period.",
        (("hockey players", "hockey players"), ("puck", "puck")),
    ),
    (
        "A pile of dirty laundry lies on the floor of the narrow hallway.",
        (("dirty laundry", "laundry"), ("floor", "floor"), ("narrow hallway", "hallway")),
    ),
    (
        "A jar of strawberry jam, two slices of rye bread and a butter knife",
        (
            ("jar", "jar"),
            ("strawberry jam", "strawberry jam"),
            ("rye bread", "rye bread"),
            ("butter knife", "butter knife"),
        ),
    ),
    (
        "The fisherman's old dog waits beside the nets.",
        (("fisherman", "fisherman"), ("old dog", "dog"), ("nets", "nets")),
    ),
    ("They had a wonderful time together!", ()),
    (
        "A pair of red rubber boots in front of the greenhouse",
        (("red rubber boots", "boots"), ("greenhouse", "greenhouse")),
    ),
    (
        "Kids swing under the trees while a squirrel watches them.",
        (("Kids", "Kids"), ("trees", "trees"), ("squirrel", "squirrel")),
    ),
    (
        "A postman in a yellow raincoat parks his bicycle outside the bakery.",
        (("postman", "postman"), ("yellow raincoat", "raincoat"), ("bicycle", "bicycle"), ("bakery", "bakery")),
    ),
    (
        "Aerial view of the Golden Gate Bridge and the bay on a clear morning",
        (("Golden Gate Bridge", "Golden Gate Bridge"), ("bay", "bay")),
    ),
    (
        "a tiny kitten sits in a coffee mug, a kitten sleeps beside it",
        (("tiny kitten", "kitten"), ("coffee mug", "coffee mug"), ("kitten", "kitten")),
    ),
    (
        "A black-and-white photo of a lone lighthouse above the waves",
        (("lone lighthouse", "lighthouse"), ("waves", "waves")),
    ),
    (
        "SALE! Stainless steel toaster with glass lid, 2 years warranty",
        (("Stainless steel toaster", "toaster"), ("glass lid", "lid")),
    ),
    (
        "A bunch of teenagers play video games on a wide-screen television.",
        (("teenagers", "teenagers"), ("wide-screen television", "television")),
    ),
    (
        "The groom wipes a tear from his cheek as the music starts.",
        (("groom", "groom"), ("tear", "tear"), ("cheek", "cheek")),
    ),
)
"""Examples of our own: compounds, quantities, possessives, verbs that look like nouns, captions that name nothing."""

_TASK = """\
List what a caption names that a camera could see: objects, animals, people, parts of them, food, places, products.
Feelings, times, events, games, positions and actions are not things. A quantity is not a thing either: of "a pair of
shoes" list the shoes. Of "the man's hat" list both the man and the hat.
Write one numbered line for each thing, in the order of the caption: the words of the caption with their adjectives
but without articles and numbers, then " -> ", then the noun alone. Keep nouns of several words whole ("hot dog").
Copy the caption's spelling. If it names no thing, write "none". Write nothing else."""


def few_shot_prompt(caption: str, *, examples: Sequence[EntityExample] = ENTITY_EXAMPLES) -> str:
    """Write the prompt for a caption; a model continues it, or answers it as one message of a chat.

    Source: arXiv 2508.04453 prompts Llama-2-7B-chat with about 30 examples; wording and examples here are our own.

    >>> prompt = few_shot_prompt("A duck.", examples=[("A red kite", (("red kite", "kite"),))])
    >>> prompt.splitlines()[-6:]
    ['Caption: A red kite', 'Things:', '1. red kite -> kite', '', 'Caption: A duck.', 'Things:']
    """
    shown = [f"Caption: {text}\nThings:\n{_listed(pairs)}" for text, pairs in examples]
    # A lone surrogate would stop a tokenizer.
    asked = " ".join(caption.encode("utf-8", "replace").decode().split())
    return "\n\n".join([_TASK, *shown, f"Caption: {asked}\nThings:"])


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    lines = [f"{number}. {phrase} -> {head}" for number, (phrase, head) in enumerate(pairs, 1)]
    return "\n".join(lines) or "none"
