"""`chain-of-spot run --rounds N`: the whole method again and again, each time with the model of the round before.

Each round is a run of its own in `RUN/round-K`; what they came to is in `RUN/rounds.json`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Row, RunSummary, read_rows, status
from shard_runner.cli import check_run_kind, run_by_settings

from chain_of_spot.errors import ChainOfSpotError, SettingsError
from chain_of_spot.evaluation import AFTER, BEFORE
from chain_of_spot.pipeline import build_pipeline, check_needs
from chain_of_spot.report import make_report
from chain_of_spot.settings import VALIDATION_SHARE, CosSettings
from chain_of_spot.training import trained_folder

if TYPE_CHECKING:
    from llava_train import Collapse, Evaluation, MadeRows


def run_command(settings: CosSettings, run_dir: Path, step: str | None) -> RunSummary:
    """Bring one step and what it needs up to date, or the whole run.

    Raises:
        SettingsError: a setting is missing, one step is asked for in several rounds, or the folder holds another run.
    """
    if settings.rounds > 1 and step is not None:
        raise SettingsError(
            f"`chain-of-spot {step}` works in one round: leave --rounds out, and give --out {run_dir / 'round-K'}, "
            f"the --model that the round starts from and --validation-share {_share(settings)}."
        )
    check_needs(settings, step or last_needed(settings))
    if step is None:
        return run_whole(settings, run_dir)
    check_run_kind(run_dir, settings.rounds, error=SettingsError)
    pipeline = build_pipeline(settings, run_dir, last=step)
    return run_by_settings(pipeline, run_dir, settings=settings, only=[step])


def last_needed(settings: CosSettings) -> str:
    """The last step that a whole run cannot do without: rounds are told apart by evaluation questions."""
    return "eval" if settings.rounds > 1 else "train"


def run_whole(settings: CosSettings, run_dir: Path, *, progress: bool = True) -> RunSummary:
    """Bring a whole run up to date, in one round or in several; killed, the same call goes on where it was.

    Returns:
        What became of the rows; with several rounds, of those of the last.
    """
    from llava_train import ROUNDS_FILE, RoundSettings, run_rounds, save_rounds

    check_run_kind(run_dir, settings.rounds, error=SettingsError)
    if settings.rounds == 1:
        return run_by_settings(build_pipeline(settings, run_dir), run_dir, settings=settings, progress=progress)
    run_by_settings([], run_dir, settings=settings)
    (run_dir / ROUNDS_FILE).unlink(missing_ok=True)
    rule = RoundSettings(rounds=settings.rounds, patience=settings.patience, least_distinct=settings.least_distinct)
    work = _Rounds(settings, run_dir, progress)
    save_rounds(run_rounds(work, _base(settings), rule), run_dir)
    return work.summary


def round_settings(settings: CosSettings, model: str) -> CosSettings:
    """Settings of one round as a run of its own."""
    one = {"rounds": 1, "patience": None, "least_distinct": 0.0}
    return settings.model_copy(update={**one, "validation_share": _share(settings), "model": model})


def _share(settings: CosSettings) -> float:
    return VALIDATION_SHARE if settings.validation_share is None else settings.validation_share


def _base(settings: CosSettings) -> str:
    return settings.needed("model", "the model that learns")


class _Rounds:
    """Parts of a round, each some steps of its own run folder. Keeps `llava_train.RoundWork`."""

    summary: RunSummary

    def __init__(self, settings: CosSettings, run_dir: Path, progress: bool) -> None:
        self._settings, self._run_dir, self._progress = settings, run_dir, progress

    def evaluate(self, model: str, number: int) -> "Evaluation":
        """The base model asked at once, as it is used; the model of a round asked where and then what."""
        if number == 0:
            return self._measure(self._bring(1, [f"grades-{BEFORE}"]), BEFORE)
        folder = self._bring(number, None)
        make_report(round_settings(self._settings, self._model(number)), folder)
        return self._measure(folder, AFTER)

    def make_rows(self, model: str, number: int) -> "MadeRows":
        """Find regions and make dialogues."""
        from llava_train import MadeRows, open_round_folder

        if number > 1:
            open_round_folder(self._run_dir, number, model)
        folder = self._bring(number, ["dialogues"])
        rows = list(read_rows(folder, "dialogues"))
        return MadeRows(rows, counts=count_questions(folder), collapse=region_variety(rows))

    def train(self, model: str, made: "MadeRows", number: int) -> str:
        """Train the model that found the regions."""
        return str(trained_folder(self._bring(number, ["train"]), None))

    def _bring(self, number: int, steps: list[str] | None) -> Path:
        from llava_train import round_folder

        folder = round_folder(self._run_dir, number)
        settings = round_settings(self._settings, self._model(number))
        pipeline = build_pipeline(settings, folder)
        self.summary = run_by_settings(pipeline, folder, settings=settings, only=steps, progress=self._progress)
        return folder

    def _model(self, number: int) -> str:
        """The model that a round starts from."""
        from llava_train import round_folder

        before = round_folder(self._run_dir, number - 1)
        return str(trained_folder(before, None)) if number > 1 else _base(self._settings)

    def _measure(self, folder: Path, when: str) -> "Evaluation":
        settings = self._settings
        return measure_rows(read_rows(folder, f"grades-{when}"), share=_share(settings), seed=settings.seed)


def measure_rows(rows: Iterable[Row], *, share: float, seed: int) -> "Evaluation":
    """Share of graded answers that are right, apart for validation and test; answers without a grade do not count.

    Raises:
        ChainOfSpotError: one of the two has no question.
    """
    from bench_eval import accuracy, mean_score
    from llava_train import Evaluation, split_rows

    details: dict[str, dict[str, Any]] = {}
    for name, some in split_rows(rows, share=share, seed=seed).items():
        scored = [(score, row["cluster"]) for row in some if (score := mean_score(row)) is not None]
        if not scored:
            raise ChainOfSpotError(f"no question is for {name}: give more --eval-data, or another --validation-share.")
        found = accuracy([score for score, _ in scored], [cluster for _, cluster in scored])
        details[name] = {"score": found.value, "n": found.n, "interval": list(found.interval)}
    return Evaluation(details["validation"]["score"], details["test"]["score"], details)


def count_questions(run_dir: Path) -> dict[str, int]:
    """What became of the questions: `kept` gave a dialogue, the others were dropped or failed, by reason."""
    known = [account for account in status(run_dir) if account.name in ("maps", "annotate", "dialogues")]
    counts: Counter[str] = Counter()
    for account in known:
        counts.update(account.dropped)
        counts.update({f"failed: {reason}": count for reason, count in account.failed.items()})
    kept = next(account.done for account in known if account.name == "dialogues")
    return {"kept": kept, **dict(sorted(counts.items()))}


def region_variety(dialogues: Sequence[Row]) -> "Collapse | None":
    """How much the regions differ that the model's maps gave, in the words that it learns; those of a picture together.

    Two questions about one picture that look at one place may be right; if nearly all do, maps pass questions by.
    """
    from llava_train import measure_collapse

    of_picture: dict[str, list[str]] = {}
    for row in dialogues:
        if row["kind"] == "zoom":
            of_picture.setdefault(row["images"][0], []).append(row["messages"][1]["content"][0]["text"])
    return measure_collapse(of_picture.values()) if of_picture else None
