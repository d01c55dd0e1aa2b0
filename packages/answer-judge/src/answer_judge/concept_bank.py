"""The concepts of all labels, each text once, and how answers about an image score against them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from answer_judge.errors import SelectionError
from answer_judge.info_nce_scores import PUBLISHED_TAU, check_tau, log_ratio, unit_rows


class ConceptBank:
    """Concepts by text, with their embeddings; texts that differ in case or blanks alone are one concept."""

    def __init__(self, texts: Sequence[str], vectors_N_D: ArrayLike) -> None:
        """Take the concepts of all labels, duplicates welcome, and their embeddings.

        Raises:
            SelectionError: not one vector for each text, or vectors that `info_nce` refuses.
        """
        vectors = unit_rows(vectors_N_D, "concepts")
        if len(texts) != len(vectors):
            raise SelectionError(f"each concept needs a vector; got {len(texts)} concepts and {len(vectors)} vectors")
        firsts: dict[str, int] = {}
        for index, text in enumerate(texts):
            firsts.setdefault(_key(text), index)
        self._place_of = {key: place for place, key in enumerate(firsts)}
        self._vectors_C_D = vectors[list(firsts.values())]

    def __len__(self) -> int:
        return len(self._place_of)

    def score_answers(
        self, answers_B_D: ArrayLike, selected: Sequence[str], *, tau: float = PUBLISHED_TAU
    ) -> NDArray[np.float64]:
        """Return the InfoNCE score `(B,)` of answers about an image whose selected concepts are the anchors.

        Negatives are the concepts of the bank whose text is not selected. (The released code means the same but leaves
        the selected ones among the negatives; `info_nce` with all concepts as negatives gives its scores.)

        >>> bank = ConceptBank(["red", "blue", "Red "], [[1, 0], [0, 1], [1, 0]])
        >>> bank.score_answers([[2, 1], [1, 2]], ["red"], tau=1).round(2).tolist()
        [-0.49, -0.94]

        Source: arXiv 2502.14044, answer selection.

        Raises:
            SelectionError: a selected concept that is not in the bank, none selected or all, or vectors that `info_nce`
                refuses.
        """
        check_tau(tau)
        places = list(dict.fromkeys(self._place(text) for text in selected))
        if not 0 < len(places) < len(self):
            raise SelectionError(f"some concepts but not all must be selected; got {len(places)} of {len(self)}")
        answers = unit_rows(answers_B_D, "answers", width=self._vectors_C_D.shape[1])
        logits_B_C = answers @ self._vectors_C_D.T / tau
        log_negatives = np.logaddexp.reduce(np.delete(logits_B_C, places, axis=1), axis=1)
        return log_ratio(logits_B_C[:, places], log_negatives[:, None]).sum(axis=1)

    def _place(self, text: str) -> int:
        place = self._place_of.get(_key(text))
        if place is None:
            raise SelectionError(f"selected concepts must be in the bank; {text!r} is not")
        return place


def _key(text: str) -> str:
    return " ".join(text.split()).casefold()
