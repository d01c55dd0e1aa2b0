"""Heavy parts by name: what a stage loads once, and how it is told apart in fingerprints."""

import hashlib
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvc.errors import InputError, SettingsError
from cvc.settings import BLANK, CvcSettings

if TYPE_CHECKING:
    from occlusion import CocoAnnotations
    from trial_sampler import Sampler

Trial = dict[str, Any]

_SMALL_FILE_BYTES = 32 << 20


def file_digest(path: Path | None) -> str:
    """Fingerprint of a file's bytes; empty for no file.

    Raises:
        InputError: there is no such file.
    """
    if path is None:
        return ""
    if not path.is_file():
        raise InputError(f"No file at {path}.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_identity(model: str | Path | None) -> str:
    """A name stands for itself; a folder for the names, sizes and (up to 32 MiB each) contents of its files.

    >>> model_identity("FacebookAI/roberta-large")
    'FacebookAI/roberta-large'
    """
    if model is None:
        return ""
    folder = Path(model)
    if not folder.is_dir():
        return str(model)
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file():
            size = path.stat().st_size
            digest.update(f"{path.name} {size}\n".encode())
            digest.update(path.read_bytes() if size <= _SMALL_FILE_BYTES else b"")
    return digest.hexdigest()


def read_lexicon(path: Path) -> dict[str, str]:
    """Read a JSON object {noun: category}.

    Raises:
        InputError: the file is missing or is not such an object.
    """
    try:
        lexicon = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"--lexicon {path} cannot be read: {error}.") from error
    if not isinstance(lexicon, dict) or not all(isinstance(value, str) for value in lexicon.values()):
        raise InputError(f"--lexicon {path.name} must be a JSON object {{noun: category}} of texts.")
    return lexicon


def load_entities(settings: CvcSettings) -> Any:
    """The entity extractor of `spacy_model`: a callable from captions to entities.

    Raises:
        SettingsError: the spaCy pipeline is not installed.
    """
    from occlusion import MissingExtraError, SpacyEntities, blank_english, load_english

    if settings.spacy_model == BLANK:
        return SpacyEntities(blank_english(None if settings.lexicon is None else read_lexicon(settings.lexicon)))
    try:
        return SpacyEntities(load_english(settings.spacy_model))
    except MissingExtraError as error:
        raise SettingsError(f"{error} Or use rules over a list of nouns: --spacy-model blank.") from error


def load_causality(settings: CvcSettings) -> Any:
    """The measure of causality: a callable from (caption, entity) pairs to perplexities."""
    from occlusion import MaskedLmCausality

    _show_only_the_runs_bars()
    return MaskedLmCausality(settings.mlm, batch_size=settings.mlm_batch, device=settings.device)


def load_annotations(settings: CvcSettings) -> "CocoAnnotations":
    """The annotated boxes and masks.

    Raises:
        SettingsError: there are no annotations, and nothing else finds boxes.
    """
    from occlusion import CocoAnnotations

    why = "boxes come from COCO instances JSON; no detector is built in"
    return CocoAnnotations.load(settings.needed("annotations", why))


def load_question_writer(settings: CvcSettings) -> Any:
    """The writer of questions: a callable from a noun to a question."""
    from occlusion import write_question

    if settings.lexicon is None:
        return write_question
    lexicon = read_lexicon(settings.lexicon)
    return lambda head: write_question(head, lexicon=lexicon)


def load_model_sampler(settings: CvcSettings, model: str | Path) -> "Sampler":
    """The sampler of a model, as the settings say.

    `device` and `dtype` also serve other parts of a run, so each backend gets those of them that it takes.
    """
    from trial_sampler import load_sampler

    _show_only_the_runs_bars()
    return load_sampler(
        model,
        backend=settings.backend,
        device=settings.device if settings.backend == "hf" else None,
        dtype=settings.dtype if settings.backend != "server" else None,
        batch_size=settings.prompts_per_batch,
        base_url=settings.base_url,
    )


def _show_only_the_runs_bars() -> None:
    """Keep transformers from drawing a bar for each model that it loads."""
    from transformers.utils import logging

    logging.disable_progress_bar()


class Judge:
    """Extracts the answer of each trial and checks it on the ladder; every distinct pair is judged once per call.

    Embeddings are kept in a file of the run folder, for all steps and later runs.
    """

    def __init__(self, settings: CvcSettings, run_dir: Path) -> None:
        from answer_judge import EVERYDAY_KINDS, CachedEmbedder, ThresholdError, default_ladder, load_embedder

        embedder = None
        if settings.embedder is not None:
            model = load_embedder(settings.embedder, device=settings.device)
            embedder = CachedEmbedder(model, run_dir / "embeddings.sqlite")
        try:
            kinds = EVERYDAY_KINDS if settings.accept_kinds else {}
            self._ladder = default_ladder(embedder, kinds=kinds, threshold=settings.min_similarity)
        except ThresholdError as error:
            raise SettingsError(f"Set --min-similarity: {error}") from error

    def __call__(self, trials: Sequence[Trial], references: Sequence[str], *, extract: bool = True) -> list[Trial]:
        """The trials of one row with `answer, verdict, rung, score`; right is what is accepted for any reference."""
        return self.judge_many([(trial, references) for trial in trials], extract=extract)

    def judge_many(self, asked: Sequence[tuple[Trial, Sequence[str]]], *, extract: bool = True) -> list[Trial]:
        """Trials of any rows, each with its references, with `answer, verdict, rung, score`."""
        from answer_judge import extract_answer

        answers = [extract_answer(trial["text"]) if extract else trial["text"] for trial, _ in asked]
        pairs = [(answer, one) for answer, (_, references) in zip(answers, asked, strict=True) for one in references]
        verdicts = iter(self._ladder.judge_many(pairs))
        judged: list[Trial] = []
        for answer, (trial, references) in zip(answers, asked, strict=True):
            best = max(islice(verdicts, len(references)), key=lambda verdict: (verdict.accepted, verdict.score))
            fields = {"answer": answer, "verdict": best.accepted, "rung": best.rung, "score": float(best.score)}
            judged.append({**trial, **fields})
        return judged
