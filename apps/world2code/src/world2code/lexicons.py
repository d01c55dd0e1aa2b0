"""The nouns of `--lexicon`, and what finds noun phrases."""

import json
from pathlib import Path
from typing import Any

from world2code.errors import InputError, SettingsError
from world2code.settings import BLANK, W2cSettings


def noun_phrases(settings: W2cSettings) -> Any:
    """What finds noun phrases: a callable from captions to phrases.

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


def read_lexicon(path: Path) -> dict[str, str]:
    """Nouns with their categories.

    Raises:
        InputError: the file cannot be read, or holds anything else.
    """
    try:
        lexicon = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"--lexicon {path.name} cannot be read: {error}.") from error
    if not isinstance(lexicon, dict) or not all(isinstance(value, str) for value in lexicon.values()):
        raise InputError(f"--lexicon {path.name} must be a JSON object {{noun: category}} of texts.")
    return lexicon
