"""The spaCy component that finds the nouns of a lexicon; importing it imports spaCy."""

from __future__ import annotations

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from occlusion.lexicon import english_words
from occlusion.nouns import is_plural, plural, singular

PIPE_NAME = "occlusion_lexicon_nouns"
_JOINS = frozenset({"and", ",", "-"})


class LexiconNouns:
    """Marks noun phrases of a lexicon: span groups `occlusion_phrases` and `occlusion_heads`, one to one."""

    def __init__(self, nlp: Language, nouns: list[str]) -> None:
        self._matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
        forms = {form for noun in nouns for form in (noun, plural(noun), _hyphened(noun), _hyphened(plural(noun)))}
        self._matcher.add("noun", [nlp.make_doc(form) for form in sorted(forms)])

    def __call__(self, doc: Doc) -> Doc:
        """Add the two span groups."""
        matches: list[Span] = self._matcher(doc, as_spans=True)
        heads = [head for head in _compounds(filter_spans(matches)) if not _belongs_to_an_abstract_noun(head)]
        doc.spans["occlusion_heads"] = heads
        doc.spans["occlusion_phrases"] = [doc[_phrase_start(head) : head.end] for head in heads]
        return doc


@Language.factory(PIPE_NAME, assigns=["doc.spans"])  # pyright: ignore[reportUntypedFunctionDecorator]
def make_lexicon_nouns(nlp: Language, name: str, nouns: list[str]) -> LexiconNouns:
    """Make the component; spaCy calls this."""
    return LexiconNouns(nlp, nouns)


def _hyphened(noun: str) -> str:
    return noun.replace(" ", "-")


def _compounds(spans: list[Span]) -> list[Span]:
    """Join neighbouring nouns (`table lamp`); a plural ends a compound, and in `orange lamp` the first is no noun."""
    joined: list[Span] = []
    for span in spans:
        touches = bool(joined) and joined[-1].end == span.start
        if touches and joined[-1].text.lower() in english_words().modifiers:
            joined[-1] = span
        elif touches and not is_plural(joined[-1].text):
            joined[-1] = span.doc[joined[-1].start : span.end]
        else:
            joined.append(span)
    return joined


def _belongs_to_an_abstract_noun(head: Span) -> bool:
    doc = head.doc
    return head.end < len(doc) and not is_plural(head.text) and singular(doc[head.end].text) in english_words().abstract


def _phrase_start(head: Span) -> int:
    """Walk left over known adjectives, and over what joins two of them: a comma, `and`, hyphens."""
    doc, modifiers = head.doc, english_words().modifiers
    start = at = head.start
    while at > 0 and (doc[at - 1].lower_ in modifiers or (start < head.start and doc[at - 1].lower_ in _JOINS)):
        at -= 1
        start = at if doc[at].lower_ in modifiers else start
    return start
