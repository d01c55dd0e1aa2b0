"""The latest prompts, kept for draws of further trials and for prompts that begin as they do."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from trial_sampler.hf.common_prefix import Content, common_prefix
from trial_sampler.hf.prompts import Prefix, Prompts
from trial_sampler.request import ImageLike, Messages


class Asked(Protocol):
    """What a `Request` and a `ChoiceRequest` have in common: the prompt."""

    @property
    def messages(self) -> Messages:
        """Chat turns."""
        ...

    @property
    def images(self) -> Sequence[ImageLike]:
        """One for each image part."""
        ...


class _Kept(NamedTuple):
    request: Asked
    """Held so that no other object gets the id of its messages or images."""
    said: str
    """Its messages when it was kept: a conversation may go on in the same list."""
    images: tuple[ImageLike, ...]
    """Its images then."""
    prompts: Prompts
    content: Content | None

    def asks(self, request: Asked) -> bool:
        """Whether a request with the same `messages` and `images` objects still asks the same."""
        if len(self.images) != len(request.images) or self.said != repr(request.messages):
            return False
        return all(mine is theirs for mine, theirs in zip(self.images, request.images, strict=True))


class KeptPrompts:
    """The prompts of the latest requests.

    A further draw of the same request is known by its very `messages` and `images` objects, as `dataclasses.replace`
    hands them on, if they say what they said; another request by the tokens and pictures that it begins with.
    """

    def __init__(self, most: int) -> None:
        """Keep the `most` latest prompts."""
        self._most = most
        self._kept: OrderedDict[tuple[int, int], _Kept] = OrderedDict()

    def find(self, request: Asked) -> Prompts | None:
        """Return the request's prompt if it is kept."""
        if (found := self._kept.get(_key(request))) is None or not found.asks(request):
            return None
        self._kept.move_to_end(_key(request))
        return found.prompts

    def longest(self, content: Content) -> Prompts | Prefix | None:
        """Return what is kept of another request's prompt: all of it, its first tokens where it is worth it, or None.

        What is returned counts as the latest.
        """
        lengths = {
            key: common_prefix(one.content, content) for key, one in self._kept.items() if one.content is not None
        }
        for key in sorted(lengths, key=lambda one: lengths[one], reverse=True):
            if (found := _beginning(self._kept[key].prompts, lengths[key], content)) is not None:
                self._kept.move_to_end(key)
                return found
        return None

    def keep(self, request: Asked, prompts: Prompts, content: Content | None) -> None:
        """Keep the prompt of a request, alone in `prompts`; without content, for further draws of this request alone.

        A kept prompt that is the beginning of a new one makes room first: the new one holds it too.
        """
        for key in [] if content is None else self._beginnings(content):
            self._kept.move_to_end(key, last=False)
        said, images = repr(request.messages), tuple(request.images)
        self._kept[_key(request)] = _Kept(request, said, images, prompts, content)
        self._kept.move_to_end(_key(request))

    def drop_oldest(self, spare: int = 0) -> None:
        """Keep no more than the latest ones, and `spare` others for prompts that wait for them."""
        while len(self._kept) > self._most + spare:
            self._kept.popitem(last=False)

    def _beginnings(self, content: Content) -> list[tuple[int, int]]:
        return [
            key
            for key, one in self._kept.items()
            if (theirs := one.content) is not None
            and len(theirs) < len(content)
            and common_prefix(theirs, content) == len(theirs)
        ]


def _beginning(prompts: Prompts, length: int, content: Content) -> Prompts | Prefix | None:
    if length == len(content):
        return prompts
    return prompts.prefix(length) if content.gains_from(length) else None


def _key(request: Asked) -> tuple[int, int]:
    return id(request.messages), id(request.images)
