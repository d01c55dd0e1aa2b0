"""The latest prompts, kept for draws of further trials and for prompts that begin as they do."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from trial_sampler.hf.common_prefix import Content, common_prefix
from trial_sampler.hf.prompts import Prefix, Prompts
from trial_sampler.request import Request


class _Kept(NamedTuple):
    request: Request
    """Held so that no other object gets the id of its messages or images."""
    prompts: Prompts
    content: Content | None


class KeptPrompts:
    """The prompts of the latest requests.

    A further draw of the same request is known by its very `messages` and `images` objects, as `dataclasses.replace`
    hands them on; another request by the tokens and pictures that it begins with.
    """

    def __init__(self, most: int) -> None:
        """Keep the `most` latest prompts."""
        self._most = most
        self._kept: OrderedDict[tuple[int, int], _Kept] = OrderedDict()

    def find(self, request: Request) -> Prompts | None:
        """Return the request's prompt if it is kept."""
        if (found := self._kept.get(_key(request))) is None:
            return None
        self._kept.move_to_end(_key(request))
        return found.prompts

    def longest(self, content: Content) -> Prompts | Prefix | None:
        """Return what is kept of another request's prompt: all of it, its first tokens where it is worth it, or None.

        A kept prompt all of which is such a beginning makes room first: the prompt that goes on from it holds it too.
        """
        found: dict[tuple[int, int], Prefix] = {}
        for key, (_, prompts, theirs) in self._kept.items():
            length = 0 if theirs is None else common_prefix(theirs, content)
            if length == len(content):
                return prompts
            if content.gains_from(length) and (prefix := prompts.prefix(length)) is not None:
                found[key] = prefix
        if not found:
            return None
        key = max(found, key=lambda one: found[one].length)
        theirs = self._kept[key].content
        if theirs is not None and len(theirs) == found[key].length:
            self._kept.move_to_end(key, last=False)
        return found[key]

    def keep(self, requests: Sequence[Request], prompts: Prompts, contents: Sequence[Content | None]) -> None:
        """Keep the prompts of requests; without contents, for further draws of the same requests alone."""
        for index, (request, content) in enumerate(zip(requests, contents, strict=True)):
            self._kept[_key(request)] = _Kept(request, prompts.one(index), content)
            self._kept.move_to_end(_key(request))
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


def _key(request: Request) -> tuple[int, int]:
    return id(request.messages), id(request.images)
