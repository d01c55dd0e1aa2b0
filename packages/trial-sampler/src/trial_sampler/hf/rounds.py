"""Prompts that begin alike, round by round: the first of them goes first, and the others go on from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from torch import Tensor

from trial_sampler.hf.branching import logits_behind
from trial_sampler.hf.common_prefix import Content, common_prefix
from trial_sampler.hf.continuing import continue_prompts
from trial_sampler.hf.kept_prompts import Asked, KeptPrompts
from trial_sampler.hf.network import Network
from trial_sampler.hf.passes import passes
from trial_sampler.hf.prefilling import Prefill, prefill
from trial_sampler.hf.prompt_inputs import PromptInputs, batch_inputs
from trial_sampler.hf.prompts import Prefix, Prompts
from trial_sampler.hf.reuse import Reuse

_Found = Prompts | Prefix | None


class Scored(NamedTuple):
    """Prompts of which nothing is kept."""

    logits_B_V: Tensor
    """Logits of the first new token."""


_Encoded = TypeVar("_Encoded", covariant=True)
Encoded = Prompts | Prefill | Scored


class Part(NamedTuple, Generic[_Encoded]):
    """Some of the prompts that were given together."""

    rows: list[int]
    """Which ones."""
    encoded: _Encoded
    """What there is of them, in that order; a `Prefill` cannot be kept once for all trials."""
    reuse: Reuse
    """How much of them was encoded, and how much was kept."""


class Rounds:
    """Encodes what is not kept of prompts."""

    def __init__(
        self,
        network: Network,
        kept: KeptPrompts,
        requests: Sequence[Asked],
        split: Sequence[PromptInputs],
        most: int,
        *,
        is_scored: bool,
        keeps_all: bool,
    ) -> None:
        """Take prompts, at most `most` of which run side by side.

        If they are scored, short ends are not kept: what the next question about an image shares with a kept prompt is
        the image, and it need not evict others for the words behind it. Else all of them come as `Prompts`.
        """
        self._network, self._kept, self._requests, self._split, self._most = network, kept, requests, split, most
        self._is_scored, self._keeps_all, self._is_shared = is_scored, keeps_all, True
        self._contents = [row.content for row in split]

    def run(self, rows: Sequence[int]) -> Iterator[Part[Encoded]]:
        """Yield some of the prompts as they are encoded."""
        left = rows
        while left:
            found = {row: self._kept.longest(self._contents[row]) for row in left}
            ready, awaited = _ready(self._contents, found) if self._is_shared else (left, set[int]())
            yield from self._equal([row for row in ready if isinstance(found[row], Prompts)], found)
            yield from self._begun([row for row in ready if isinstance(found[row], Prefix)], found, awaited)
            yield from self._new([row for row in ready if found[row] is None], awaited)
            left = sorted(set(left) - set(ready))
        self._kept.drop_oldest()

    def _equal(self, rows: Sequence[int], found: Mapping[int, _Found]) -> Iterator[Part[Encoded]]:
        for row in rows:
            if isinstance(prompts := found[row], Prompts):
                if not self._is_scored:
                    self._keep([row], prompts, set())
                yield self._part([row], prompts, found)

    def _begun(self, rows: Sequence[int], found: Mapping[int, _Found], awaited: set[int]) -> Iterator[Part[Encoded]]:
        prefixes = {row: one for row in rows if isinstance(one := found[row], Prefix)}
        scored = [row for row in rows if self._is_scored and row not in awaited and self._is_text(row, prefixes[row])]
        rests = {row: len(self._contents[row]) - prefixes[row].length for row in scored}
        longest = max((len(self._contents[row]) for row in scored), default=0)
        for some in passes(rests, self._most * longest):
            behind = [prefixes[row] for row in some]
            scored_rows = [self._split[row] for row in some]
            yield self._part(some, Scored(logits_behind(self._network, scored_rows, behind)), prefixes)
        for some in chunks(sorted(set(rows) - set(scored)), self._most):
            yield self._part(some, self._continued(some, prefixes, awaited), prefixes)

    def _is_text(self, row: int, prefix: Prefix) -> bool:
        """Whether no image is left to be encoded."""
        return self._contents[row].pictures_within(prefix.length) == len(self._contents[row].pictures)

    def _new(self, rows: Sequence[int], awaited: set[int]) -> Iterator[Part[Encoded]]:
        for some in chunks(rows, self._most):
            yield self._part(some, self._prefilled(some, awaited), {})

    # These two return what they make, so that no name here holds it while the next one is made.
    def _prefilled(self, rows: list[int], awaited: set[int]) -> Prompts | Prefill:
        inputs = batch_inputs([self._split[row] for row in rows])
        prefilled = prefill(self._network.model, self._network.placed(inputs))
        self._is_shared = self._network.shares(prefilled.cache)
        return self._keep(rows, Prompts.of(prefilled), awaited) if self._is_shared else prefilled

    def _continued(self, rows: list[int], prefixes: Mapping[int, Prefix], awaited: set[int]) -> Prompts:
        behind = [prefixes[row] for row in rows]
        return self._keep(rows, continue_prompts(self._network, [self._split[row] for row in rows], behind), awaited)

    def _keep(self, rows: list[int], prompts: Prompts, awaited: set[int]) -> Prompts:
        for index, row in enumerate(rows):
            if self._keeps_all or row in awaited:
                self._kept.keep(self._requests[row], prompts.one(index), self._contents[row])
        self._kept.drop_oldest(spare=self._most)
        return prompts

    def _part(self, rows: list[int], encoded: Encoded, found: Mapping[int, _Found]) -> Part[Encoded]:
        return Part(rows, encoded, sum((_counts(self._contents[row], found.get(row)) for row in rows), Reuse()))


def chunks(rows: Iterable[int], most: int) -> Iterator[list[int]]:
    """Take rows by the most.

    >>> list(chunks(range(5), 2))
    [[0, 1], [2, 3], [4]]
    """
    left = iter(rows)
    while some := list(islice(left, most)):
        yield some


def _ready(contents: Sequence[Content], found: Mapping[int, _Found]) -> tuple[list[int], set[int]]:
    """Return the prompts that need not wait for another, and those of them for which others wait."""
    ready: list[int] = []
    awaited: set[int] = set()
    for row, one in found.items():
        mine, having = contents[row], _length(contents[row], one)
        earlier = ready if mine.gains_from(len(mine), having) else []
        better = (other for other in earlier if mine.gains_from(common_prefix(contents[other], mine), having))
        if (other := next(better, None)) is None:
            ready.append(row)
        else:
            awaited.add(other)
    return ready, awaited


def _length(content: Content, found: _Found) -> int:
    if isinstance(found, Prefix):
        return found.length
    return 0 if found is None else len(content)


def _counts(content: Content, found: _Found) -> Reuse:
    reused = _length(content, found)
    images = content.pictures_within(reused)
    return Reuse(1, int(reused > 0), len(content) - reused, reused, len(content.pictures) - images, images)
