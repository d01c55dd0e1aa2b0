"""Values seen before, kept within a bound of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class BoundedCache(Generic[Value]):
    """Keeps the values used last, as many as fit into `limit_bytes`.

    >>> cache = BoundedCache[str](limit_bytes=10, size_of=len)
    >>> cache.get("a", lambda: "123456"), cache.get("b", lambda: "123456"), len(cache)
    ('123456', '123456', 1)
    """

    def __init__(self, *, limit_bytes: int, size_of: Callable[[Value], int]) -> None:
        self._limit_bytes = limit_bytes
        self._size_of = size_of
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`, made now if it is not kept; a value above the whole limit is not kept."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        value = make()
        size = self._size_of(value)
        if size <= self._limit_bytes:
            self._values[key] = value
            self._bytes += size
            self._drop_oldest()
        return value

    def _drop_oldest(self) -> None:
        while self._bytes > self._limit_bytes:
            _, value = self._values.popitem(last=False)
            self._bytes -= self._size_of(value)
