"""The nouns of `--lexicon`, and what finds noun phrases."""

from typing import Any

from shard_runner import file_digest

from world2code.errors import InputError, SettingsError
from world2code.settings import W2cSettings


def noun_phrases(settings: W2cSettings) -> Any:
    """What finds noun phrases: a callable from captions to phrases.

    Raises:
        SettingsError: the spaCy pipeline is not installed.
    """
    from occlusion import MissingExtraError, SpacyEntities, blank_english, load_english

    if settings.entities == "blank":
        return SpacyEntities(blank_english(own_nouns(settings)))
    try:
        return SpacyEntities(load_english(settings.spacy_model))
    except MissingExtraError as error:
        raise SettingsError(f"{error} Or use rules over a list of nouns: --entities blank.") from error


def own_nouns(settings: W2cSettings) -> dict[str, str] | None:
    """The nouns of `--lexicon` with their categories; None for those of `occlusion`.

    Raises:
        InputError: the file cannot be read, or holds anything else.
    """
    from occlusion import OcclusionError, read_lexicon

    try:
        return None if settings.lexicon is None else read_lexicon(settings.lexicon)
    except OcclusionError as error:
        raise InputError(f"--lexicon {error}") from error


def noun_config(settings: W2cSettings) -> dict[str, Any]:
    """What noun phrases depend on, for the fingerprint of a stage."""
    from llava_train import model_digest

    model = model_digest(settings.spacy_model) if settings.entities == "spacy" else None
    lexicon = file_digest(settings.lexicon, error=InputError)
    return {"entities": settings.entities, "spacy_model": model, "lexicon": lexicon}
