"""Progress bars on standard error: shown on a terminal where tqdm is installed, silent otherwise."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def progress_bar(name: str, total: int | None, *, shown: bool) -> Generator[Callable[[int], object]]:
    """Yield a function that hears how many more rows were finished."""
    if not shown or not sys.stderr.isatty():
        yield lambda count: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield lambda count: None
        return
    with tqdm(total=total, desc=name, unit="row", file=sys.stderr, dynamic_ncols=True) as bar:
        yield lambda count: bar.update(count)
