"""Questions written by a language model, each checked; what fails is refused with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

from occlusion.errors import OcclusionError
from occlusion.questions.prompt import QUESTION_EXAMPLES, question_prompt
from occlusion.questions.replies import named_category, read_stem
from occlusion.questions.wording import BROADEST_CATEGORY, HiddenBy, Question, hider_of, with_requests, words_of
from occlusion.questions.writing import is_several, tells, tells_phrase, write_question
from occlusion.text_generation import TextGenerator, generate_replies
from occlusion.words.lexicon import default_lexicon, english_words
from occlusion.words.nouns import singular

QuestionRefusal = Literal[
    "empty_entity",
    "empty_reply",
    "no_question",
    "too_long",
    "names_no_hider",
    "names_no_category",
    "wrong_number",
    "tells",
    "question_tells",
]
"""`empty_reply`, `no_question`: nothing is asked. `names_no_hider`: not said what hides the thing. `names_no_category`:
none that the lexicon has. `wrong_number`: several for one, or one for several. `tells`: it gives the thing away.
`question_tells`: neither can the rules ask, so there was nothing to fall back to."""


@dataclass(frozen=True)
class UnwrittenQuestion:
    """Why there is no question about a head."""

    head: str

    reason: QuestionRefusal

    reply: str = ""
    """What the model said, at most 1,000 characters of it."""


class LlmQuestions:
    """Writes questions with a language model; each distinct head is asked once in the life of the object.

    A question is accepted if it names a category of the lexicon in the right number, says what hides the thing, and
    passes `tells`; every other reply is refused with a reason. With `fallback="rules"` the rules write in its place,
    and the question says so: `written_by` is `rules`, `llm_refusal` is the reason.

    Source: arXiv 2508.04453 asks Llama-2-7B, few-shot, greedy, 100 new tokens; wording and examples here are our own.

    >>> write = LlmQuestions(lambda prompts: ["Gray blocks hide a bird in this image. What is it?"] * len(prompts))
    >>> duck, bird = write(["duck", "bird"])
    >>> duck.written_by, duck.category, bird.reason
    ('llm', 'bird', 'tells')
    """

    def __init__(
        self,
        generate: TextGenerator,
        *,
        lexicon: Mapping[str, str] | None = None,
        hidden_by: HiddenBy = "blocks",
        fallback: Literal["none", "rules"] = "none",
        examples: Sequence[tuple[str, str, bool]] = QUESTION_EXAMPLES,
        batch_size: int = 256,
        max_words: int = 30,
    ) -> None:
        """Take the model, and how to ask it.

        Args:
            generate: continues prompts, or answers them as chat messages; greedy and about 100 new tokens do.
            lexicon: whose categories a question may name, and what the rules go by; the built-in one when None.
            hidden_by: what the question says that hides the thing.
            fallback: who writes where a reply is refused.
            examples: nouns with category and whether they are several.
            batch_size: the most prompts in one call of `generate`.
            max_words: a longer stem is refused.

        Raises:
            OcclusionError: `hidden_by`, `fallback`.
        """
        if fallback not in ("none", "rules"):
            raise OcclusionError("fallback", f"fallback must be 'none' or 'rules'; got {fallback!r}.")
        self._hidden_by: HiddenBy = hidden_by
        self._area = {singular(word) for word in hider_of(hidden_by).area.removeprefix("the ").split()}
        self._generate, self._fallback = generate, fallback
        self._lexicon = default_lexicon() if lexicon is None else lexicon
        self._categories = _categories(self._lexicon)
        self._examples = tuple(one for one in examples if one[1] in self._categories)
        self._batch_size, self._max_words = batch_size, max_words
        self._known: dict[str, Question | UnwrittenQuestion] = {}

    def __call__(
        self, entity_heads: Sequence[str], phrases: Sequence[str] | None = None
    ) -> list[Question | UnwrittenQuestion]:
        """Return a question about each head, in order, or why there is none.

        A head whose reply was empty is refused whatever the fallback, and asked again by the next call.

        Args:
            entity_heads: nouns as captions have them, in any case and number.
            phrases: each noun with its modifiers; a question that has a word of its phrase is refused too.

        Raises:
            OcclusionError: `bad_generation`: `generate` did not return one string for each prompt. What earlier
                batches gave is kept. `phrases`: not one for each head.
        """
        if phrases is not None and len(phrases) != len(entity_heads):
            raise OcclusionError("phrases", f"phrases must be one for each head; got {len(phrases)}.")
        spellings: dict[str, str] = {}
        for head in entity_heads:
            spellings.setdefault(_key(head), head)
        found = self._ask([head for key, head in spellings.items() if key not in self._known and words_of(key)])
        results = [found.get(_key(head)) or self._known.get(_key(head)) for head in entity_heads]
        triples = zip(results, entity_heads, phrases or entity_heads, strict=True)
        return [self._for_mention(known, head, phrase) for known, head, phrase in triples]

    def _ask(self, heads: list[str]) -> dict[str, Question | UnwrittenQuestion]:
        found: dict[str, Question | UnwrittenQuestion] = {}
        for start in range(0, len(heads), self._batch_size):
            batch = heads[start : start + self._batch_size]
            replies = generate_replies(self._generate, [self._prompt(head) for head in batch])
            read = {
                _key(head): (self._question(head, reply), reply) for head, reply in zip(batch, replies, strict=True)
            }
            found |= {key: question for key, (question, _) in read.items()}
            self._known |= {key: question for key, (question, reply) in read.items() if reply.strip()}
        return found

    def _prompt(self, head: str) -> str:
        return question_prompt(_key(head), self._categories, hidden_by=self._hidden_by, examples=self._examples)

    def _for_mention(
        self, known: Question | UnwrittenQuestion | None, head: str, phrase: str
    ) -> Question | UnwrittenQuestion:
        """What was found for a head, where it is spelled like this and has these modifiers."""
        if known is None:
            return UnwrittenQuestion(head, "empty_entity")
        if isinstance(known, Question) and not tells_phrase(known, phrase):
            return known
        refused = (
            UnwrittenQuestion(head, "tells", known.stem) if isinstance(known, Question) else replace(known, head=head)
        )
        may_fall_back = self._fallback == "rules" and refused.reason != "empty_reply"  # a request that failed
        return self._by_rules(refused, phrase) if may_fall_back else refused

    def _question(self, head: str, reply: str) -> Question | UnwrittenQuestion:
        read = self._read(head, reply)
        if isinstance(read, Question):
            return read
        return UnwrittenQuestion(head, read, reply[:1000])

    def _by_rules(self, refused: UnwrittenQuestion, phrase: str) -> Question | UnwrittenQuestion:
        try:
            question = write_question(refused.head, phrase=phrase, lexicon=self._lexicon, hidden_by=self._hidden_by)
        except OcclusionError as error:
            if error.reason not in get_args(QuestionRefusal):
                raise
            return replace(refused, reason=cast("QuestionRefusal", error.reason))
        return replace(question, llm_refusal=refused.reason)

    def _read(self, head: str, reply: str) -> Question | QuestionRefusal:
        """The question of a reply, or the reason why there is none."""
        if not reply.strip():
            return "empty_reply"
        stem = read_stem(reply)
        if stem is None:
            return "no_question"
        if len(stem.split()) > self._max_words:
            return "too_long"
        if not self._area <= words_of(stem):
            return "names_no_hider"
        named = named_category(stem, self._categories)
        if named is None:
            return "names_no_category"
        return self._checked(head, stem, *named)

    def _checked(self, head: str, stem: str, category: str, several: bool) -> Question | QuestionRefusal:
        if category not in english_words().mass_categories and several != is_several(head):
            return "wrong_number"
        question = with_requests(stem, category, several=is_several(head), hidden_by=self._hidden_by, written_by="llm")
        return "tells" if tells(question, head) else question


def _categories(lexicon: Mapping[str, str]) -> list[str]:
    """The categories of a lexicon and all broader ones, those with most nouns first."""
    sizes: dict[str, int] = {}
    for category in lexicon.values():
        sizes[category] = sizes.get(category, 0) + 1
    broader = [english_words().broader.get(category, BROADEST_CATEGORY) for category in sizes]
    by_size = sorted(sizes, key=lambda category: (-sizes[category], category))
    return list(dict.fromkeys([*by_size, *sorted(broader), "living being", BROADEST_CATEGORY]))


def _key(head: str) -> str:
    """Heads that are asked once: in any case and spacing."""
    return " ".join(head.lower().split())
