"""Heavy parts by name: what a stage loads once, and how it is told apart in fingerprints."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvc.errors import InputError, SettingsError
from cvc.settings import BLANK, CvcSettings

if TYPE_CHECKING:
    from trial_sampler import Sampler

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


def model_identity(model: str | Path) -> str:
    """A Hub id stands for itself; a folder for the names, sizes and (up to 32 MiB each) contents of its files.

    >>> model_identity("FacebookAI/roberta-large")
    'FacebookAI/roberta-large'
    """
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
    from occlusion import SpacyEntities, blank_english

    if settings.spacy_model == BLANK:
        return SpacyEntities(blank_english(read_lexicon(settings.needed("lexicon", "nouns for the blank pipeline"))))
    import spacy

    try:
        return SpacyEntities(spacy.load(settings.spacy_model))
    except OSError as error:
        raise SettingsError(
            f"spaCy has no pipeline {settings.spacy_model!r}. Run: python -m spacy download {settings.spacy_model}; "
            "or use --spacy-model blank --lexicon FILE.json."
        ) from error


def load_causality(settings: CvcSettings) -> Any:
    """The measure of causality: a callable from (caption, entity) pairs to perplexities."""
    from occlusion import MaskedLmCausality
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(settings.mlm)
    model = AutoModelForMaskedLM.from_pretrained(settings.mlm, dtype="float32")
    return MaskedLmCausality(model.eval(), tokenizer, batch_size=settings.mlm_batch)


def load_boxes(settings: CvcSettings) -> Any:
    """The finder of boxes: a callable from (image, head) to boxes and masks.

    Raises:
        SettingsError: there are no annotations, and nothing else finds boxes.
    """
    from occlusion import CocoAnnotations

    return CocoAnnotations(settings.needed("annotations", "boxes come from COCO instances; detectors are not built in"))


def load_question_writer(settings: CvcSettings) -> Any:
    """The writer of questions: a callable from an entity to a question."""
    from occlusion import write_question

    if settings.lexicon is None:
        return write_question
    lexicon = read_lexicon(settings.lexicon)
    return lambda entity: write_question(entity, lexicon=lexicon)


def load_model_sampler(settings: CvcSettings, model: str | Path) -> "Sampler":
    """The sampler of a model, as the settings say."""
    from trial_sampler import load_sampler

    return load_sampler(
        model,
        backend=settings.backend,
        device=settings.device,
        dtype=settings.dtype,
        batch_size=settings.prompts_per_batch,
    )
