"""Asking the model about what it and the detector saw: steps `confirm`, `describe` and `validate`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Failed, Outcome, Row, Stage

from world2code.grounding import file_digest, noun_phrases
from world2code.models import load_asker, model_identity
from world2code.row_evidence import start_evidence
from world2code.settings import ASKING, W2cSettings
from world2code.sources import open_row_image

if TYPE_CHECKING:
    from code_caption import Ask, Evidence

_RULES = (
    "filters", "controls", "control", "existence_threshold", "counting", "counting_threshold", "count_form",
    "count_samples", "link_scale", "least_members",
)  # fmt: skip
_DESCRIBING = (
    "captions", "captions_drawn", "temperature", "top_p", "max_new_tokens", "read_names", "least_read_px",
    "least_pair_share", "most_pairs", "box_form", "box_frame", "digits", "box_step",
)  # fmt: skip
_VALIDATING = ("claims_threshold", "check_captions", "spacy_model")

CALLS, SEQUENCES = "calls", "sequences"
"""Columns that count what an image cost so far."""


def confirm_stage(settings: W2cSettings, run_dir: Path) -> Stage:
    """Check every box, with one control, then the counts of what exists; rows gain `evidence`."""
    return _stage("confirm", settings, run_dir, _RULES, _confirming)


def describe_stage(settings: W2cSettings, run_dir: Path) -> Stage:
    """Describe and read what is left, and pairs of it."""
    return _stage("describe", settings, run_dir, (*_RULES, *_DESCRIBING), _describing)


def validate_stage(settings: W2cSettings, run_dir: Path) -> Stage:
    """Check what captions claim, until the best of each is known."""
    names = (*_RULES, *_VALIDATING)
    return _stage("validate", settings, run_dir, names, _validating, lexicon=file_digest(settings.lexicon))


Wanted = Callable[[Row, "Evidence"], "list[Ask]"]
"""The questions that an image still lacks."""


def _stage(
    name: str,
    settings: W2cSettings,
    run_dir: Path,
    names: tuple[str, ...],
    make_wanted: Callable[[W2cSettings], Wanted],
    **more: Any,
) -> Stage:
    config = settings.picked(*ASKING, *names) | more | {"model": model_identity(settings)}
    return Stage(
        name=name,
        make=lambda: _Interviewer(settings, run_dir, make_wanted(settings)),
        config=config,
        batch_size=settings.images_per_batch,
    )


def _confirming(settings: W2cSettings) -> Wanted:
    from code_caption import confirming_asks, pick_control

    interview, names = settings.interview(), control_names(settings)

    def wanted(row: Row, evidence: "Evidence") -> "list[Ask]":
        said = [one["text"] for one in row["captions"]]
        control = pick_control(names, said, row["concepts"], seed=f"{settings.seed}/{row['id']}")
        return confirming_asks(evidence, interview, control=control if settings.control else "")

    return wanted


def control_names(settings: W2cSettings) -> list[str]:
    """Names that controls are drawn from: the lexicon's nouns, or members of common categories."""
    from code_caption import HYPERNYMS

    from world2code.grounding import read_lexicon

    if settings.lexicon is not None:
        return sorted(read_lexicon(settings.lexicon))
    return sorted({member for members in HYPERNYMS.values() for member in members})


def _describing(settings: W2cSettings) -> Wanted:
    from code_caption import describing_asks

    from world2code.rows import box_text

    interview, text = settings.interview(), box_text(settings)

    def write_box(box: Any, size_wh: tuple[int, int]) -> str:
        from code_caption import to_fractions

        return text.write(to_fractions(box, size_wh), size_wh)

    return lambda row, evidence: describing_asks(evidence, interview, write_box)


def _validating(settings: W2cSettings) -> Wanted:
    from code_caption import phrases_of, validating_asks

    interview, extract = settings.interview(), noun_phrases(settings)

    def wanted(row: Row, evidence: "Evidence") -> "list[Ask]":
        said = [*evidence.captions, *(one for many in evidence.region_captions.values() for one in many)]
        said += [one for many in evidence.pair_captions.values() for one in many]
        texts = sorted({one.text for one in said} - set(evidence.phrases))
        evidence.phrases.update(zip(texts, phrases_of(texts, extract), strict=True))
        return validating_asks(evidence, interview)

    return wanted


class _Interviewer:
    """Asks about a batch of images, round by round, until no image lacks an answer."""

    def __init__(self, settings: W2cSettings, run_dir: Path, wanted: Wanted) -> None:
        self._settings, self._run_dir, self._wanted = settings, run_dir, wanted
        self._ask = load_asker(settings.needed_model(), settings)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        from box_space import ImageError

        opened: dict[int, Any] = {}
        outcomes: dict[int, Outcome] = {}
        for number, row in enumerate(rows):
            try:
                opened[number] = open_row_image(row, self._settings, self._run_dir)
            except ImageError as error:
                outcomes[number] = Failed(error.reason, str(error))
        evidence = {number: start_evidence(rows[number]) for number in opened}
        costs = self._interview(rows, opened, evidence)
        for number in opened:
            outcomes[number] = _outcome(rows[number], evidence[number], costs[number])
        return [outcomes[number] for number in range(len(rows))]

    def _interview(
        self, rows: Sequence[Row], images: dict[int, Any], evidence: "dict[int, Evidence]"
    ) -> dict[int, tuple[int, int]]:
        """Calls and sequences of each image."""
        from code_caption import ImageAsks, file_replies

        costs: dict[int, tuple[int, int]] = dict.fromkeys(images, (0, 0))
        while True:
            found = {number: self._wanted(rows[number], evidence[number]) for number in images}
            asked = {number: asks for number, asks in found.items() if asks}
            if not asked:
                return costs
            together = [ImageAsks(rows[number]["id"], images[number], tuple(asks)) for number, asks in asked.items()]
            for (number, asks), replies in zip(asked.items(), self._ask(together), strict=True):
                file_replies(evidence[number], asks, replies)
                calls, sequences = costs[number]
                costs[number] = calls + len(asks), sequences + sum(reply.sequences for reply in replies)


def _outcome(row: Row, evidence: "Evidence", cost: tuple[int, int]) -> Outcome:
    from code_caption import evidence_to_dict

    answered = evidence.exists or evidence.region_captions or not evidence.errors
    if not answered:
        return Failed("unanswered", next(iter(evidence.errors.values())))
    counted = {CALLS: row.get(CALLS, 0) + cost[0], SEQUENCES: row.get(SEQUENCES, 0) + cost[1]}
    kept = {name: value for name, value in row.items() if name != "sightings"}
    return [kept | counted | {"evidence": evidence_to_dict(evidence)}]
