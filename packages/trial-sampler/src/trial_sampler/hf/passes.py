"""Which ends of prompts run together: attention gives each as many places as the longest of its pass has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# Another pass runs over all weights once more, which a few empty places are not worth.
_FEW_PLACES = 1024


def passes(rests: Mapping[int, int], most_places: int) -> Iterator[list[int]]:
    """Take ends of about one length together, the short ones first; `rests` are their numbers of tokens.

    A pass of several ends has at most `most_places`, and no more than half of them, or a few, are empty.

    >>> list(passes({0: 30, 1: 2000, 2: 25, 3: 30}, most_places=5000))
    [[2, 0, 3], [1]]
    >>> list(passes({0: 30, 1: 30, 2: 25, 3: 30}, most_places=100))
    [[2, 0, 1], [3]]
    """
    taken, tokens = list[int](), 0
    for row in sorted(rests, key=rests.__getitem__):
        rest = rests[row]
        places = (len(taken) + 1) * rest
        tokens += rest
        if taken and (places > most_places or places - tokens > max(tokens, _FEW_PLACES)):
            yield taken
            taken, tokens = [], rest
        taken.append(row)
    if taken:
        yield taken
