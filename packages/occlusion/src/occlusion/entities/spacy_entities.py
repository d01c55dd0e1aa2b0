"""Concrete, visible things that a caption names, with the places where it names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from occlusion.broken_text import is_unicode
from occlusion.entities.entity import Entity
from occlusion.entities.noun_chunks import chunk_entities
from occlusion.errors import MissingExtraError, OcclusionError
from occlusion.words.lexicon import default_lexicon, english_words
from occlusion.words.nouns import singular

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


OWN_NOUNS = "occlusion_own_nouns"
"""Key of a pipeline's `meta`: the nouns of a lexicon that the caller gave."""


class SpacyEntities:
    """Entities by spaCy: noun chunks of a parsed pipeline, or the lexicon rules of `blank_english`.

    Determiners, numbers and collective nouns are cut from phrases; abstract nouns are no entities.

    >>> extract = SpacyEntities(blank_english({"duck": "animal", "pond": "place"}))
    >>> [(e.phrase, e.head) for e in extract(["Two small ducks near a pond"])[0]]
    [('small ducks', 'ducks'), ('pond', 'pond')]
    """

    def __init__(self, nlp: Language, *, abstract: frozenset[str] | None = None, batch_size: int = 256) -> None:
        """Take a loaded pipeline (`load_english`, `blank_english`).

        Args:
            nlp: the pipeline.
            abstract: nouns (singular) that are no entities; the built-in stop list when None.
            batch_size: captions in one spaCy batch.
        """
        self._nlp = nlp
        self._own_nouns = frozenset[str](getattr(nlp, "meta", {}).get(OWN_NOUNS, ()))
        self._abstract = english_words().abstract if abstract is None else abstract
        self._batch_size = batch_size

    def __call__(self, captions: Sequence[str]) -> list[list[Entity]]:
        """Return the entities of each caption, in reading order; none of text that UTF-8 cannot carry.

        Raises:
            OcclusionError: `no_parser`: the pipeline neither parses nor has the lexicon rules.
        """
        readable = (caption if is_unicode(caption) else "" for caption in captions)
        return [self._entities(doc) for doc in self._nlp.pipe(readable, batch_size=self._batch_size)]

    def _entities(self, doc: Doc) -> list[Entity]:
        if "occlusion_phrases" in doc.spans:
            pairs = zip(doc.spans["occlusion_phrases"], doc.spans["occlusion_heads"], strict=True)
            spans = [(phrase.start, head.start, head.end) for phrase, head in pairs]
        elif doc.has_annotation("DEP") or not len(doc):
            spans = chunk_entities(doc) if len(doc) else []
        else:
            raise OcclusionError(
                "no_parser",
                f"nlp must parse or come from blank_english; got pipes {self._nlp.pipe_names}. Use load_english().",
            )
        return [_entity(doc, *span) for span in spans if not self._is_abstract(doc[span[1] : span[2]].text)]

    def _is_abstract(self, head: str) -> bool:
        """Of a compound the last word decides (`baseball game`), unless the whole is a known thing."""
        noun = singular(head)
        if noun in self._own_nouns:
            return False
        return noun in self._abstract or (noun not in default_lexicon() and noun.rpartition(" ")[2] in self._abstract)


def blank_english(lexicon: Mapping[str, str] | None = None) -> Language:
    """Make a spaCy pipeline without a model that finds the nouns of a lexicon; for closed worlds.

    A noun matches in any case and number, the longest match wins, neighbouring nouns make a compound, and the
    adjectives before it join its phrase. A noun followed by an abstract one (`ball game`) is no entity, nor is one that
    only measures another (`ball of yarn`). A word that can be a verb (`park`, `watch`) is told by the words around it,
    which is right in most captions and not in all: only a parser knows.

    Args:
        lexicon: nouns in the singular (or as they are written) to categories; the built-in one when None. Nouns given
            here are things, also where the built-in list calls them abstract (`shadow`).

    Raises:
        MissingExtraError: spaCy is not installed.
    """
    _require_spacy()
    import spacy

    from occlusion.entities.lexicon_pipe import PIPE_NAME

    nlp = spacy.blank("en")
    nlp.meta[OWN_NOUNS] = sorted(lexicon or ())
    nlp.add_pipe(PIPE_NAME, config={"nouns": sorted(default_lexicon() if lexicon is None else lexicon)})
    return nlp


def load_english(name: str = "en_core_web_sm") -> Language:
    """Load an installed English spaCy pipeline with a parser, by its name.

    Raises:
        MissingExtraError: spaCy, or the pipeline, is not installed; the message has the command.
    """
    _require_spacy()
    import spacy

    try:
        return spacy.load(name, exclude=["ner"])
    except OSError as error:
        raise MissingExtraError(name, "spacy", command=f"python -m spacy download {name}") from error


def _require_spacy() -> None:
    try:
        import spacy  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError as error:
        raise MissingExtraError("spacy", "spacy") from error


def _entity(doc: Doc, start: int, head_start: int, end: int) -> Entity:
    phrase, head = doc[start:end], doc[head_start:end]
    return Entity(phrase.text, head.text, phrase.start_char, phrase.end_char, head.start_char, head.end_char)
