"""Asking the model about what it and the detector saw: steps `confirm`, `describe` and `validate`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Done, Failed, Outcome, Row, Stage

from world2code.lexicons import noun_config, noun_phrases, own_nouns
from world2code.models import model_identity, open_book
from world2code.row_evidence import CALLS, SEQUENCES, start_evidence
from world2code.settings import ASKING, W2cSettings
from world2code.sources import open_row_image

if TYPE_CHECKING:
    from code_caption import Ask, Cost, Evidence

_COUNTING = ("control", "existence_threshold", "counting", "counting_threshold", "count_form", "count_samples")
_CHECKING = ("yes_no", "view", "exists_scale", "exists_floor_px")
_GROUPING = ("link_scale", "least_members", "least_pair_share", "most_pairs")
_DESCRIBING = (
    "view", "region_view", "captions", "captions_drawn", "temperature", "top_p", "max_new_tokens", "read_names",
    "least_read_px", "box_form", "box_frame", "digits", "box_step",
)  # fmt: skip
_VALIDATING = ("claims_threshold", "strict", "check_captions")


def confirm_stage(settings: W2cSettings, run_dir: Path) -> Stage:
    """Check every box, with one control, then the counts of what exists; rows gain `evidence`."""
    names = (*_COUNTING, *_CHECKING)
    more = settings.worded("exists", "at_least", "how_many")
    return _stage("confirm", settings, run_dir, names, _confirming, more)


def describe_stage(settings: W2cSettings, run_dir: Path) -> Stage:
    """Describe and read what is left, and pairs of it."""
    names = (*_COUNTING, *_GROUPING, *_DESCRIBING)
    return _stage("describe", settings, run_dir, names, _describing, settings.worded("region", "read", "pair"))


def validate_stage(settings: W2cSettings, run_dir: Path) -> Stage:
    """Check what captions claim, until the best of each is known."""
    names = (*_COUNTING, *_CHECKING, *_GROUPING, *_VALIDATING)
    more = settings.worded("claims") | noun_config(settings)
    return _stage("validate", settings, run_dir, names, _validating, more)


Wanted = Callable[[Row, "Evidence"], "list[Ask]"]
"""The questions that an image still lacks."""


def _stage(
    name: str,
    settings: W2cSettings,
    run_dir: Path,
    names: tuple[str, ...],
    make_wanted: Callable[[W2cSettings], Wanted],
    more: dict[str, Any],
) -> Stage:
    config = settings.picked(*ASKING, *names) | more
    config |= {"rules": settings.asked_rules(), "model": model_identity(settings)}
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
        control = ""
        if settings.control and not evidence.exists:  # the first round asks about every box
            said = [one["text"] for one in row["captions"]]
            control = pick_control(names, said, row["concepts"], seed=f"{settings.seed}/{row['id']}")
        return confirming_asks(evidence, interview, control=control)

    return wanted


def control_names(settings: W2cSettings) -> list[str]:
    """Names that controls are drawn from: the lexicon's nouns, or members of common categories."""
    from code_caption import HYPERNYMS

    own = own_nouns(settings)
    if own is not None:
        return sorted(own)
    return sorted({member for members in HYPERNYMS.values() for member in members})


def _describing(settings: W2cSettings) -> Wanted:
    from code_caption import describing_asks

    interview, text = settings.interview(), settings.box_text()

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
        self._ask = open_book(settings, run_dir)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        from box_space import ImageError
        from code_caption import ImageEvidence, SceneError, interview_images

        outcomes: dict[str, Outcome] = {}
        about: dict[str, Row] = {}
        opened: list[ImageEvidence] = []
        for row in rows:
            try:
                image = open_row_image(row, self._settings, self._run_dir)
                opened.append(ImageEvidence(row["id"], image, start_evidence(row)))
            except (ImageError, SceneError) as error:
                outcomes[row["id"]] = Failed(error.reason, str(error))
            about[row["id"]] = row
        before = [len(one.evidence.errors) for one in opened]
        costs = interview_images(opened, lambda one: self._wanted(about[one.image_id], one.evidence), self._ask)
        for one, errors, cost in zip(opened, before, costs, strict=True):
            is_silent = 0 < cost.calls == len(one.evidence.errors) - errors
            outcomes[one.image_id] = _outcome(about[one.image_id], one.evidence, cost, is_silent=is_silent)
        return [outcomes[row["id"]] for row in rows]


def _outcome(row: Row, evidence: "Evidence", cost: "Cost", *, is_silent: bool) -> Outcome:
    """The row with what was said; one whose questions all stayed without a reply fails, so that it is tried again."""
    from code_caption import evidence_to_dict

    if is_silent:
        return Failed("unanswered", next(reversed(evidence.errors.values())), cost.tokens)
    counted = {CALLS: row.get(CALLS, 0) + cost.calls, SEQUENCES: row.get(SEQUENCES, 0) + cost.sequences}
    kept = {name: value for name, value in row.items() if name not in ("sightings", "caption_errors")}
    return Done([kept | counted | {"evidence": evidence_to_dict(evidence)}], cost.tokens)
