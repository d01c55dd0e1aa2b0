"""How well a language model guesses tokens: batches of like length that adapt to the memory there is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from occlusion.adaptive_batches import unless_out_of_memory
from occlusion.causality.logits import LogitsAt
from occlusion.causality.scores import Unscored


@dataclass(frozen=True)
class Guess:
    """What a model is shown, and what it has to guess."""

    ids: tuple[int, ...]
    """Tokens of the text that it sees."""

    columns: tuple[int, ...]
    """Positions whose logits are read."""

    targets: tuple[int, ...]
    """The token to guess at each of them."""


class Guesser:
    """Perplexities of guesses: `exp(-mean_t log p(token_t))`."""

    def __init__(self, logits_at: LogitsAt, *, pad_id: int, batch_size: int, batch_tokens: int) -> None:
        """Take a model's logits, the filler for short texts, and the bounds of a forward pass."""
        self._logits_at = logits_at
        self._pad_id = pad_id
        self._batch_size = batch_size
        self.batch_tokens = batch_tokens
        """Tokens of a forward pass, padding included; halved for good whenever the memory does not suffice."""

    def perplexities(self, guesses: Iterable[Guess]) -> dict[Guess, float | Unscored]:
        """Return the perplexity of each distinct guess; one that does not fit into the memory alone is `Unscored`."""
        # Longest first: if memory is short, the first batches tell.
        waiting = sorted(set(guesses), key=lambda one: (-len(one.ids), one.ids, one.columns, one.targets))
        found: dict[Guess, float | Unscored] = {}
        while waiting:
            rows = min(self._batch_size, max(self.batch_tokens // len(waiting[0].ids), 1))
            batch = waiting[:rows]
            ppls = unless_out_of_memory(lambda batch=batch: self._batch(batch))
            if ppls is None and len(batch) > 1:
                self.batch_tokens = len(batch) // 2 * len(batch[0].ids)
                continue
            found.update(zip(batch, ppls or [_too_large(batch[0])], strict=True))
            del waiting[:rows]
        return found

    def _batch(self, batch: Sequence[Guess]) -> list[float]:
        import torch

        longest = max(len(one.ids) for one in batch)
        # On the right: a causal model's tokens then neither see the padding nor count it in their positions.
        ids_B_T = torch.tensor([[*one.ids, *[self._pad_id] * (longest - len(one.ids))] for one in batch])
        real_B_T = torch.tensor([[1] * len(one.ids) + [0] * (longest - len(one.ids)) for one in batch])
        rows_N = torch.tensor([b for b, one in enumerate(batch) for _ in one.columns])
        columns_N = torch.tensor([t for one in batch for t in one.columns])
        targets_N = torch.tensor([target for one in batch for target in one.targets])
        with torch.inference_mode():
            logits_N_V = self._logits_at(ids_B_T, real_B_T, rows_N, columns_N)
            of_targets_N = logits_N_V.gather(1, targets_N.to(logits_N_V.device)[:, None])[:, 0]
            logps_N = (of_targets_N - logits_N_V.logsumexp(dim=1)).double().cpu()
        return [math.exp(-float(of_one.mean())) for of_one in logps_N.split([len(one.targets) for one in batch])]


def _too_large(guess: Guess) -> Unscored:
    return Unscored("out_of_memory", f"a text of {len(guess.ids)} tokens alone ran out of memory.")
