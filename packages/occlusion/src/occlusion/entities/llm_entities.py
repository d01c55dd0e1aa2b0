"""Entities by a language model."""

from __future__ import annotations

from collections.abc import Sequence

from occlusion.entities.entity import Entity
from occlusion.entities.prompt import ENTITY_EXAMPLES, EntityExample, few_shot_prompt
from occlusion.entities.replies import EntityReading, read_reply
from occlusion.text_generation import TextGenerator, generate_replies


class LlmEntities:
    """Finds entities with a few-shot prompt and any language model; equal captions are asked once in a call.

    What the model lists and the caption does not contain is rejected with a reason; there is no fallback to rules.

    Source: arXiv 2508.04453 asks Llama-2-7B-chat, greedy, 100 new tokens; wording and examples here are our own.

    >>> extract = LlmEntities(lambda prompts: ["1. small duck -> duck"] * len(prompts))
    >>> [(entity.phrase, entity.head) for entity in extract(["A Small duck swims."])[0]]
    [('Small duck', 'duck')]
    """

    def __init__(
        self, generate: TextGenerator, *, examples: Sequence[EntityExample] = ENTITY_EXAMPLES, batch_size: int = 256
    ) -> None:
        """Take the model.

        Args:
            generate: continues prompts, or answers them as chat messages; greedy and about 100 new tokens do.
            examples: captions with (phrase, head) of each thing.
            batch_size: the most prompts in one call of `generate`.
        """
        self._generate, self._examples, self._batch_size = generate, tuple(examples), batch_size

    def __call__(self, captions: Sequence[str]) -> list[list[Entity]]:
        """Return the entities of each caption, in reading order.

        None where a reply is empty, as that of a request that failed: `read` tells the two apart.

        Raises:
            OcclusionError: `bad_generation`: `generate` did not return one string for each prompt.
        """
        return [list(reading.entities) for reading in self.read(captions)]

    def read(self, captions: Sequence[str]) -> list[EntityReading]:
        """Return for each caption its entities, what was rejected and why, and the reply itself.

        Raises:
            OcclusionError: `bad_generation`: `generate` did not return one string for each prompt.
        """
        asked = list(dict.fromkeys(caption for caption in captions if caption.strip()))
        replies: list[str] = []
        for start in range(0, len(asked), self._batch_size):
            replies += generate_replies(self._generate, self._prompts(asked[start : start + self._batch_size]))
        readings = {caption: read_reply(reply, caption) for caption, reply in zip(asked, replies, strict=True)}
        return [readings.get(caption, EntityReading((), (), "")) for caption in captions]

    def _prompts(self, captions: Sequence[str]) -> list[str]:
        return [few_shot_prompt(caption, examples=self._examples) for caption in captions]
