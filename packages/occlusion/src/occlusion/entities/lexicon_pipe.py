"""The spaCy component that finds the nouns of a lexicon; importing it imports spaCy."""

from __future__ import annotations

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from occlusion.entities.measures import is_measure, is_medium
from occlusion.entities.modifiers import phrase_start
from occlusion.entities.verb_homonyms import is_animate, is_verb
from occlusion.words.lexicon import english_words
from occlusion.words.nouns import is_plural, plural, singular

PIPE_NAME = "occlusion_lexicon_nouns"
_RATHER_VERBS = frozenset({"jump", "look", "pose", "run", "smile", "talk", "turn", "walk", "work"})


class LexiconNouns:
    """Marks noun phrases of a lexicon: span groups `occlusion_phrases` and `occlusion_heads`, one to one."""

    def __init__(self, nlp: Language, nouns: list[str]) -> None:
        self._matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
        forms = {form for noun in nouns for form in (noun, plural(noun), _hyphened(noun), _hyphened(plural(noun)))}
        self._matcher.add("noun", [_doc_of(nlp, form) for form in sorted(forms)])

    def __call__(self, doc: Doc) -> Doc:
        """Add the two span groups."""
        nouns = _compounds(_without_verbs(filter_spans(self._matcher(doc, as_spans=True))))
        things = [at for at, noun in enumerate(nouns) if _is_thing(noun, opens=at == 0)]
        starts = [phrase_start(nouns[at], after=nouns[at - 1].end if at else 0) for at in things]
        doc.spans["occlusion_heads"] = [nouns[at] for at in things]
        doc.spans["occlusion_phrases"] = [doc[start : nouns[at].end] for start, at in zip(starts, things, strict=True)]
        return doc


@Language.factory(PIPE_NAME, assigns=["doc.spans"])  # pyright: ignore[reportUntypedFunctionDecorator]
def make_lexicon_nouns(nlp: Language, name: str, nouns: list[str]) -> LexiconNouns:
    """Make the component; spaCy calls this."""
    return LexiconNouns(nlp, nouns)


def _doc_of(nlp: Language, form: str) -> Doc:
    """A form as the tokenizer cuts it; letters and spaces alone need no tokenizer, which is ten times slower."""
    words = form.split(" ")
    return Doc(nlp.vocab, words=words) if all(map(str.isalpha, words)) else nlp.make_doc(form)


def _hyphened(noun: str) -> str:
    return noun.replace(" ", "-")


def _without_verbs(spans: list[Span]) -> list[Span]:
    """Leave out words that are verbs where they stand (`people watch a game`), and parts of words (`snow-covered`)."""
    nouns: list[Span] = []
    for span in spans:
        touches = bool(nouns) and nouns[-1].end == span.start
        subject = (nouns[-1].start, nouns[-1].end) if touches else None
        verb = len(span) == 1 and is_verb(span.doc, span.start, subject)
        if not verb and not _goes_on_with_a_hyphen(span):
            nouns.append(span)
    return nouns


def _goes_on_with_a_hyphen(span: Span) -> bool:
    rest = span.doc[span.end : span.end + 2]
    return len(rest) == 2 and rest[0].text == "-" and not span[-1].whitespace_ and not rest[0].whitespace_


def _compounds(spans: list[Span]) -> list[Span]:
    """Join neighbouring nouns (`table lamp`); a plural ends a compound, and in `orange lamp` the first is no noun."""
    joined: list[Span] = []
    for span in spans:
        touches = bool(joined) and joined[-1].end == span.start
        if touches and (joined[-1].text.lower() in english_words().modifiers or _ends_a_hyphened_word(joined[-1])):
            joined[-1] = span
        elif touches and not is_plural(joined[-1].text):
            joined[-1] = span.doc[joined[-1].start : span.end]
        else:
            joined.append(span)
    return joined


def _ends_a_hyphened_word(span: Span) -> bool:
    """Say whether a noun is the end of a longer word: in `flat-screen tv` the screen is no thing."""
    before = span.doc[max(span.start - 2, 0) : span.start]
    return len(before) == 2 and before[1].text == "-" and not before[0].whitespace_ and not before[1].whitespace_


def _is_thing(head: Span, *, opens: bool) -> bool:
    at = head.end - 1
    measures = is_measure(head.doc, at) or is_medium(head.doc, at, opens=opens)
    return not measures and not _belongs_to_an_abstract_noun(head)


def _belongs_to_an_abstract_noun(head: Span) -> bool:
    """Say whether the next word is a noun that nobody sees (`ball game`); `walks` or `flying` there is a verb."""
    if head.end == len(head.doc) or is_plural(head.text):
        return False
    word = head.doc[head.end].lower_
    if word in _RATHER_VERBS and is_animate(head.text):
        return False
    return word in english_words().abstract and not word.endswith("ing") and singular(word) == word
