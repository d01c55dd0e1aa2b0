"""First-token scoring: which of a few short answers a model would begin with, in one forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trial_sampler.errors import InvalidRequest, SampleFailure
from trial_sampler.request import ImageLike, Messages

YES_NO = ("yes", "no")
"""The usual choices of a check."""


@dataclass(frozen=True, kw_only=True)
class ChoiceRequest:
    """Ask how likely each of a few answers is to begin the reply.

    >>> ask = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Is there a cat?"}]}]
    >>> ChoiceRequest(id="scene-17", messages=ask, images=["scene-17.png"]).choices
    ('yes', 'no')

    Raises:
        InvalidRequest: fewer than two choices, or two that differ by case or white space alone.
    """

    id: str
    """Unique and stable."""
    messages: Messages
    """Chat turns, as in `Request`."""
    images: Sequence[ImageLike] = ()
    """Paths or PIL images, one for each image part, in order."""
    choices: Sequence[str] = YES_NO
    """The answers, such as `yes` and `no` or option letters; case and surrounding white space do not matter."""

    def __post_init__(self) -> None:
        plain = [_plain(choice) for choice in self.choices]
        if isinstance(self.choices, str) or len(plain) < 2 or len(set(plain)) < len(plain) or not all(plain):
            rule = "choices must be two or more strings that differ by more than case and white space"
            raise InvalidRequest(f"request {self.id!r}: {rule}; got {self.choices!r}")


@dataclass(frozen=True)
class ChoiceResult:
    """How likely each choice is, or why that cannot be said."""

    id: str
    """The request's id."""
    probabilities: tuple[float, ...] = ()
    """One for each choice, in order; they sum to 1. Empty if `error` is set."""
    mass: float = 0.0
    """Share in [0, 1] of the first token's whole probability that fell on any choice; low: the model would not have
    answered with one of them."""
    error: SampleFailure | None = None
    """None if all went well."""


def choice_result(request_id: str, masses: Sequence[float]) -> ChoiceResult:
    """Return the result of the choices' unnormalised probabilities.

    >>> choice_result("scene-17", [0.375, 0.125]).probabilities
    (0.75, 0.25)
    """
    total = sum(masses)
    if not 0 < total <= 1 + 1e-3:  # also refuses NaN
        detail = f"the probabilities of all choices together must lie in (0, 1]; got {total}"
        return ChoiceResult(request_id, error=SampleFailure("choices", detail))
    return ChoiceResult(request_id, tuple(mass / total for mass in masses), min(total, 1.0))


def choice_of_token(token: str, choices: Sequence[str]) -> int | None:
    """Return the index of the choice that a first token begins, or None.

    A token counts if it is the choice, whatever its case and white space, or a first piece of one choice alone.

    >>> [choice_of_token(token, ("yes", "no")) for token in (" Yes", "NO", "n", "not", "")]
    [0, 1, 1, None, None]
    >>> choice_of_token("a", ("a dog", "a cat")) is None
    True
    """
    piece = _plain(token)
    if not piece:
        return None
    plain = [_plain(choice) for choice in choices]
    if piece in plain:
        return plain.index(piece)
    begun = [index for index, choice in enumerate(plain) if choice.startswith(piece)]
    return begun[0] if len(begun) == 1 else None


def _plain(text: str) -> str:
    return text.strip().casefold()
