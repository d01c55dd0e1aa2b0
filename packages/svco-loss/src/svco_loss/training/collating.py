"""Encoded pairs as one batch: two image lists and none, with stored reference values beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from llava_train import join_images

from svco_loss.pairs.mvc import ImagePair
from svco_loss.references.fingerprints import PairKey
from svco_loss.references.store import ReferenceStore
from svco_loss.training.encoding import EncodedPair, PairEncoder


def collate_pairs(rows: Sequence[EncodedPair], *, padding_side: Literal["left", "right"] = "right") -> Any:
    """The `PairBatch` of B encoded pairs."""
    from svco_loss.batches import PairBatch, TokenRows

    names = ("prompt_a", "prompt_b", "prompt_none", "answer_x", "answer_y")
    tokens = {name: TokenRows.of([getattr(row, name) for row in rows], padding_side=padding_side) for name in names}
    images: list[Mapping[str, Any]] = [join_images([row.images_a for row in rows])]
    images.append(join_images([row.images_b for row in rows]))
    return PairBatch(**tokens, images_a=images[0], images_b=images[1])


class NumberedPairs:
    """Makes a batch from numbers of pairs, opening images when their batch is made."""

    def __init__(
        self,
        pairs: Sequence[ImagePair],
        keys: Sequence[PairKey],
        encoder: PairEncoder,
        references: ReferenceStore | None,
        padding_side: Literal["left", "right"] = "right",
    ) -> None:
        self._pairs = pairs
        self._keys = keys
        self._encoder = encoder
        self._references = references
        self._padding_side: Literal["left", "right"] = padding_side

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self._pairs)

    def __call__(self, numbers: Sequence[Mapping[str, int]]) -> dict[str, Any]:
        """`pair_batch`, and `reference_6_B` where references are stored."""
        chosen = [number["pair"] for number in numbers]
        encoded = [self._encoder.encode(self._pairs[k]) for k in chosen]
        batch = {"pair_batch": collate_pairs(encoded, padding_side=self._padding_side)}
        if self._references is None:
            return batch
        return batch | {"reference_6_B": self._references.logps([self._keys[k] for k in chosen]).stacked()}
