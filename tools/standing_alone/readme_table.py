"""The table of what a core costs, kept in the root README between two marks."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from standing_alone.plan import Outcome

OPENING, CLOSING = "<!-- standing alone -->", "<!-- /standing alone -->"
HEAD = ("| core of | distributions | MB | import, s |", "|---|---|---|---|")


@dataclass(frozen=True)
class Footprint:
    """One row: what `pip install PACKAGE` brings."""

    package: str
    """Distribution name."""
    distributions: int
    """Its own included."""
    size_mb: float
    """On disk, byte code apart."""
    import_s: float
    """Of a fresh process."""

    def line(self) -> str:
        """Return the row."""
        return f"| {self.package} | {self.distributions} | {self.size_mb:.0f} | {self.import_s:.2f} |"


def footprints(outcomes: Iterable[Outcome]) -> dict[str, Footprint]:
    """Return one row for each package that was installed at the newest versions, on the oldest Python of the run."""
    rows: dict[str, Footprint] = {}
    for one in outcomes:
        if one.resolution == "newest" and one.import_s and one.package not in rows:
            rows[one.package] = Footprint(one.package, one.distributions, one.size_mb, one.import_s)
    return rows


def read_rows(text: str) -> dict[str, Footprint]:
    """Return the rows between the marks; none where the marks are missing."""
    kept = text.partition(OPENING)[2].partition(CLOSING)[0]
    found = re.findall(r"^\| ([a-z][\w-]*) \| (\d+) \| ([\d.]+) \| ([\d.]+) \|$", kept, re.MULTILINE)
    return {name: Footprint(name, int(count), float(size), float(took)) for name, count, size, took in found}


def written(text: str, rows: dict[str, Footprint], python: str) -> str:
    """Return a README with new rows; those of other packages stay, and nothing outside the marks changes.

    Raises:
        ValueError: it has neither marks nor a table of packages to put them under.
    """
    every = {**read_rows(text), **rows}
    where = f"{platform.system()} {platform.machine()}"
    intro = (
        f"What a core brings at the newest versions that its ranges admit (Python {python}, {where}; its own "
        "distribution included), and the processor time of a fresh process's import of it; "
        "`uv run tools/check alone --no-tests --write-table` writes this table."
    )
    body = "\n".join([OPENING, intro, "", *HEAD, *(every[name].line() for name in sorted(every)), "", CLOSING])
    if OPENING in text and CLOSING in text:
        return f"{text.partition(OPENING)[0]}{body}{text.partition(CLOSING)[2]}"
    tables = list(re.finditer(r"^(?:\|.*\n)*\| \[[\w-]+\]\(packages/.*\n(?:\|.*\n)*", text, re.MULTILINE))
    if not tables:
        raise ValueError(f"README.md has neither {OPENING} nor a table of packages; add both marks where it belongs.")
    end = tables[0].end()
    return f"{text[:end]}\n{body}\n{text[end:]}"


def differences(text: str, rows: dict[str, Footprint]) -> Iterator[str]:
    """Yield what has outgrown the table: 2 distributions, or a quarter and 2 MB; times are a machine's own."""
    kept = read_rows(text)
    for name, row in rows.items():
        if name not in kept:
            yield f"README.md: the table of cores has no row for {name}; run tools/check alone {name} --write-table."
            continue
        counts, sizes = (kept[name].distributions, row.distributions), (kept[name].size_mb, row.size_mb)
        if abs(counts[0] - counts[1]) > 2 or abs(sizes[0] - sizes[1]) > max(2.0, sizes[0] / 4):
            yield (
                f"README.md: {name} brings {counts[1]} distributions and {sizes[1]:.0f} MB, the table says "
                f"{counts[0]} and {sizes[0]:.0f}; mend the dependency, or run tools/check alone {name} --write-table."
            )


def write_table(readme: Path, rows: dict[str, Footprint], python: str) -> None:
    """Put rows into a README."""
    readme.write_text(written(readme.read_text(encoding="utf-8"), rows, python), encoding="utf-8")
