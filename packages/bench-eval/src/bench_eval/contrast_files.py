"""One model against several others in files of a folder, so that reports and studies can be made later."""

from __future__ import annotations

import json
import re
from pathlib import Path

from bench_eval.comparison import Comparison
from bench_eval.comparison_files import load_comparisons, save_comparisons
from bench_eval.contrast_tables import Contrasts
from bench_eval.errors import BenchEvalError, FileError
from bench_eval.json_files import read_json_list
from bench_eval.whole_files import write_text_whole

_NAMES_FILE = "ways.json"
"""File that lists the names of the other models in order."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def save_contrasts(contrasts: Contrasts, folder: str | Path) -> None:
    """Write `against-NAME.json` for each other model, and their names; those of earlier names are removed.

    Raises:
        BenchEvalError: a name is unfit for a file.
    """
    folder = Path(folder)
    for name in contrasts:
        if not _is_name(name):
            raise BenchEvalError(f"a model's name must be lower-case letters, digits, '-' and '_'; got {name!r}.")
    for name, lines in contrasts.items():
        save_comparisons(lines, _path(folder, name))
    for old in folder.glob("against-*.json"):
        if old.stem.removeprefix("against-") not in contrasts:
            old.unlink()
    write_text_whole(folder / _NAMES_FILE, json.dumps(list(contrasts)))


def load_contrasts(folder: str | Path) -> dict[str, list[Comparison]]:
    """Return what `save_contrasts` wrote, in its order; nothing where nothing was compared yet.

    Raises:
        FileError: a file is torn or holds something else; names that lead out of the folder are no names.
    """
    path = Path(folder) / _NAMES_FILE
    if not path.is_file():
        return {}
    names = read_json_list(path)
    odd = [name for name in names if not _is_name(name)]
    if odd:
        raise FileError(f"{path} must list names of models; got {odd[0]!r}. Run the step again.")
    return {name: load_comparisons(_path(Path(folder), name)) for name in names}


def _path(folder: Path, name: str) -> Path:
    return folder / f"against-{name}.json"


def _is_name(name: object) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None
