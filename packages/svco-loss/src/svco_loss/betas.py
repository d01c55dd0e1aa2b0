"""The terms of each form of the loss, and how strongly each one counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import ClassVar, NamedTuple

from svco_loss.errors import BetaError


class Term(NamedTuple):
    """One term, -log sigmoid(beta [delta(raised) - delta(lowered)]), by names of `PairLogps` fields."""

    name: str
    raised: str
    """Log-probability that the term makes larger."""
    lowered: str | None
    """Log-probability that it makes smaller; None: the term compares with 0."""


@dataclass(frozen=True)
class Betas:
    """Base of the sets of betas; which subclass is given chooses the form of the loss.

    Raises:
        BetaError: a beta is negative or not finite, or all are 0.
    """

    TERMS: ClassVar[tuple[Term, ...]] = ()

    def __post_init__(self) -> None:
        for name, beta in self.by_term().items():
            if not (math.isfinite(beta) and beta >= 0):
                raise BetaError(f"{name} must be finite and 0 or more; got {beta}. 0 leaves the term out.")
        if not any(self.by_term().values()):
            names = ", ".join(self.by_term())
            raise BetaError(f"at least one of {names} must be above 0; got 0 for all. There would be nothing to learn.")

    def by_term(self) -> dict[str, float]:
        """Return the beta of each term by its name."""
        return {field.name: float(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class SvcoBetas(Betas):
    """Four terms, two for each image: the form of the method.

    With delta(.) = log policy(.) - log reference(.), images a and b, texts x (of a) and y (of b), question q:

        attend_a = -log sigmoid(beta [delta(x | a, q) - delta(x | q)])
        reject_b = -log sigmoid(beta [delta(x | q) - delta(x | b, q)])
        attend_b = -log sigmoid(beta [delta(y | b, q) - delta(y | q)])
        reject_a = -log sigmoid(beta [delta(y | q) - delta(y | a, q)])

    `SvcoBetas(attend_b=0, reject_a=0)` is its one-sided form.

    Source: S-VCO, arXiv 2502.13928, with beta = 0.1 for each term.

    >>> SvcoBetas(reject_a=0).by_term()
    {'attend_a': 0.1, 'reject_b': 0.1, 'attend_b': 0.1, 'reject_a': 0.0}
    """

    attend_a: float = 0.1
    """x is likelier with a than with no image. 0.1 as published; 0 leaves the term out."""
    reject_b: float = 0.1
    """x is less likely with b than with no image. 0.1 as published; 0 leaves the term out."""
    attend_b: float = 0.1
    """y is likelier with b than with no image. 0.1 as published; 0 leaves the term out."""
    reject_a: float = 0.1
    """y is less likely with a than with no image. 0.1 as published; 0 leaves the term out."""

    TERMS: ClassVar[tuple[Term, ...]] = (
        Term("attend_a", "x_given_a", "x_given_none"),
        Term("reject_b", "x_given_none", "x_given_b"),
        Term("attend_b", "y_given_b", "y_given_none"),
        Term("reject_a", "y_given_none", "y_given_a"),
    )


@dataclass(frozen=True)
class DpoBetas(Betas):
    """One term, for comparison: with image a, x is preferred to y.

        preference = -log sigmoid(beta [delta(x | a, q) - delta(y | a, q)])

    Source: DPO, Rafailov et al. 2023, arXiv 2305.18290, equation 7; one-sided, image b is not used.
    """

    preference: float = 0.1
    """x before y, given a. 0.1 as in DPO."""

    TERMS: ClassVar[tuple[Term, ...]] = (Term("preference", "x_given_a", "y_given_a"),)


@dataclass(frozen=True)
class MdpoBetas(Betas):
    """Three terms, for comparison: DPO, the same text with the other image, and an anchor of the chosen text.

        preference  = -log sigmoid(beta [delta(x | a, q) - delta(y | a, q)])
        conditional = -log sigmoid(beta [delta(x | a, q) - delta(x | b, q)])
        anchor      = -log sigmoid(beta delta(x | a, q))

    Source: mDPO, Wang et al. 2024, arXiv 2406.11839, with anchor 0. Its rejected image is a crop of a; here it is b.
    """

    preference: float = 0.1
    """x before y, given a. 0.1 as published; 0 leaves the term out."""
    conditional: float = 0.1
    """x with a before x with b. 0.1 as published; 0 leaves the term out."""
    anchor: float = 0.1
    """x with a becomes no less likely than it was. 0.1 as published; 0 leaves the term out."""

    TERMS: ClassVar[tuple[Term, ...]] = (
        Term("preference", "x_given_a", "y_given_a"),
        Term("conditional", "x_given_a", "x_given_b"),
        Term("anchor", "x_given_a", None),
    )
