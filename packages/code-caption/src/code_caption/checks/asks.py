"""Questions to a vision-language model as data: what is asked, of which view, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

from PIL import Image

from code_caption.checks.views import WHOLE, View
from code_caption.errors import SettingsError


@dataclass(frozen=True)
class Decoding:
    """How texts are sampled; ignored by checks.

    Raises:
        SettingsError: `decoding`: a number is out of range, or fewer texts are drawn than come back.
    """

    n: int = 1
    """Texts that come back."""
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float = 1.0
    """Nucleus mass."""
    max_new_tokens: int = 256
    """Longest text."""
    drawn: int | None = None
    """Draw so many and keep the `n` with the highest log-probability, first come first where equal; None: `n`."""

    def __post_init__(self) -> None:
        if min(self.n, self.max_new_tokens) < 1 or (self.drawn is not None and self.drawn < self.n):
            expected = "n and max_new_tokens must be at least 1, and drawn at least n"
            raise SettingsError("decoding", f"{expected}; got {self.n}, {self.max_new_tokens} and {self.drawn}.")
        if not (0 <= self.temperature < inf and 0 < self.top_p <= 1):
            expected = "temperature must be at least 0, and top_p above 0 and at most 1"
            raise SettingsError("decoding", f"{expected}; got {self.temperature} and {self.top_p}.")


def key_of(about: Sequence[str]) -> str:
    """What a question is about as one text, another one for everything else.

    >>> key_of(("claims", "", "red cup")), key_of(("claims", "", "w/o"))
    ('claims//red cup', 'claims//w%2Fo')
    """
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in about)


@dataclass(frozen=True)
class Ask:
    """One question about one view of one image."""

    about: tuple[str, ...]
    """What the reply is filed under: the kind of question, then what it is about; unique within the image."""
    text: str
    """The question."""
    view: View = WHOLE
    decoding: Decoding | None = None
    """None: a check, answered by yes or no."""

    @property
    def key(self) -> str:
        """`about` as one text; seeds depend on it."""
        return key_of(self.about)


@dataclass(frozen=True)
class Said:
    """One sampled text."""

    text: str
    mean_logprob: float = 0.0
    """Log-probability by token, nats; 0 where a backend does not say."""
    is_whole: bool = True
    """False: cut off at the longest length."""


@dataclass(frozen=True)
class Reply:
    """What came back: a share for a check, texts for everything else, or why there is nothing."""

    p_yes: float | None = None
    """Of a check by first-token probabilities."""
    texts: tuple[Said, ...] = ()
    """Of everything else, and of a check that was answered in words."""
    error: str = ""
    """A slug and what it means; empty if all went well."""
    sequences: int = field(default=1, compare=False)
    """How many sequences the model wrote or scored for it."""
    tokens: int = field(default=0, compare=False)
    """How many new tokens the model wrote for it, prompts not counted; 0 where it scored, or where nothing tells."""


class AskModel(Protocol):
    """Any model that answers; several images and all their questions at once, those of an image side by side."""

    def __call__(self, images: Sequence[ImageAsks]) -> list[list[Reply]]:
        """Return a reply for each question of each image, in order."""
        ...


@dataclass(frozen=True)
class ImageAsks:
    """The questions about one image."""

    image_id: str
    """The row that it belongs to; seeds depend on it."""
    image: Image.Image
    """Upright RGB."""
    asks: tuple[Ask, ...]
    """In order."""
