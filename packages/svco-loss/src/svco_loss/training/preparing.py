"""Verdicts on pairs before training starts, and the key of each pair that can be trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from svco_loss.pairs.checks import open_pair, wrong_text
from svco_loss.pairs.mvc import ImagePair, RefusedPair
from svco_loss.pairs.png_store import pixel_digest
from svco_loss.references.fingerprints import PairKey, text_digest
from svco_loss.training.encoding import PairEncoder


@dataclass(frozen=True)
class PreparedPairs:
    """Pairs that training can use, with what names them, and a verdict for each other."""

    pairs: tuple[ImagePair, ...]
    keys: tuple[PairKey, ...]
    """One for each pair."""
    refused: tuple[RefusedPair, ...]
    cut_answers: int
    """Texts among the pairs that are longer than the limit and lose their end."""

    @property
    def reasons(self) -> dict[str, int]:
        """Number of refused pairs for each reason."""
        return dict(Counter(one.reason for one in self.refused))


def prepare_pairs(pairs: Iterable[ImagePair], encoder: PairEncoder, *, image_root: Path | None) -> PreparedPairs:
    """Read each pair as training will: texts, both images decoded and compared, template, tokens counted.

    A pair with the pixels and texts of an earlier one is refused as `duplicate`.
    """
    kept: list[ImagePair] = []
    keys: dict[PairKey, None] = {}
    refused: list[RefusedPair] = []
    cut = 0
    for pair in pairs:
        verdict = _prepared(pair, encoder, image_root)
        if isinstance(verdict, RefusedPair):
            refused.append(verdict)
        elif verdict.key in keys:
            refused.append(RefusedPair(pair.row, "duplicate", "an earlier pair has the same pixels and texts"))
        else:
            kept.append(pair)
            keys[verdict.key] = None
            cut += sum(length > encoder.max_answer_tokens for length in verdict.lengths)
    return PreparedPairs(tuple(kept), tuple(keys), tuple(refused), cut)


@dataclass(frozen=True)
class _Prepared:
    key: PairKey
    lengths: tuple[int, int]


def _prepared(pair: ImagePair, encoder: PairEncoder, root: Path | None) -> _Prepared | RefusedPair:
    if refusal := wrong_text(pair):
        return refusal
    images = open_pair(pair, root)
    if isinstance(images, RefusedPair):
        return images
    lengths = encoder.check(pair, *images)
    if isinstance(lengths, RefusedPair):
        return lengths
    a, b = map(pixel_digest, images)
    return _Prepared(PairKey(a, b, text_digest(pair)), lengths)
