"""First-token scoring: how likely each of a few answers begins the reply."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from trial_sampler.choices import ChoiceRequest, ChoiceResult, choice_result
from trial_sampler.conversations import Refused
from trial_sampler.errors import SampleFailure
from trial_sampler.first_tokens import FirstTokens
from trial_sampler.hf.encoding import Prompt, encode_prompts, read_prompt
from trial_sampler.hf.network import Network
from trial_sampler.hf.prefilling import prefill
from trial_sampler.hf.scheduling import failure_of


class FirstTokenScoring:
    """Scores choices in one forward pass for each prompt."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._first_tokens = FirstTokens(network.processor.tokenizer)

    def score(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:
        """Return one result for each request, in order, from one forward pass over all of them.

        Raises:
            ModelError: the processor's image tokens do not match the model's image features (a wrong set-up).
        """
        results: dict[int, ChoiceResult] = {}
        groups: dict[bool, list[tuple[int, Prompt]]] = {True: [], False: []}
        for index, request in enumerate(requests):
            try:
                self._first_tokens.of(tuple(request.choices))  # refused before it costs a forward pass
                prompt = read_prompt(self._network.processor, request.messages, request.images)
            except Refused as refused:
                results[index] = ChoiceResult(request.id, error=refused.failure)
            else:
                groups[bool(prompt.images)].append((index, prompt))
        for group in groups.values():
            for (index, _), masses in zip(group, self._score_prompts(requests, group), strict=True):
                name = requests[index].id
                failed = isinstance(masses, SampleFailure)
                results[index] = ChoiceResult(name, error=masses) if failed else choice_result(name, masses)
        return [results[index] for index in range(len(requests))]

    def _score_prompts(
        self, requests: Sequence[ChoiceRequest], group: list[tuple[int, Prompt]]
    ) -> list[list[float] | SampleFailure]:
        """Score together; if that fails, halve until the culprit is alone."""
        if not group:
            return []
        try:
            return self._score_together(requests, group)
        except (Refused, RuntimeError, ValueError, IndexError, TypeError) as error:
            if len(group) == 1:
                return [failure_of(error)]
            half = len(group) // 2
            return self._score_prompts(requests, group[:half]) + self._score_prompts(requests, group[half:])

    @torch.inference_mode()
    def _score_together(
        self, requests: Sequence[ChoiceRequest], group: list[tuple[int, Prompt]]
    ) -> list[list[float] | SampleFailure]:
        inputs = encode_prompts(self._network.processor, [prompt for _, prompt in group])
        for length in inputs["attention_mask"].sum(-1).tolist():
            self._network.check_length(length, 1)
        logits_B_V = prefill(self._network.model, self._network.placed(inputs)).logits_B_V
        probabilities_B_V = logits_B_V.double().softmax(-1)
        choices = [tuple(requests[index].choices) for index, _ in group]
        return [
            [float(row[ids].sum()) for ids in self._first_tokens.of(of_row)]
            for row, of_row in zip(probabilities_B_V, choices, strict=True)
        ]
