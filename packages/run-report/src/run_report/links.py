"""Links from one page to another in the same folder tree."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from run_report.errors import RunReportError


@dataclass(frozen=True)
class Link:
    """A link to a file beside the page: it works wherever the folder is moved or copied to, also without a server.

    Raises:
        RunReportError: the target is empty, or begins at the root.
    """

    text: str
    """What is shown."""
    target: str
    """Path from the page's own folder, with `/` between names; never an address."""

    def __post_init__(self) -> None:
        if not self.target or self.target.startswith("/"):
            raise RunReportError(f"a link needs a path from the page's own folder; got {self.target!r}.")

    @property
    def href(self) -> str:
        """The target as it stands in HTML: a browser takes nothing in it for an address, a query or a place.

        >>> Link("all", "../a b/report.html").href, Link("all", "javascript:alert(1)").href
        ('../a%20b/report.html', 'javascript%3Aalert%281%29')
        """
        return quote(self.target, errors="replace")
