"""The parts that make instances, by their settings: each is loaded once, by the stage that uses it."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from shard_runner import file_digest

from cvc.engines import (
    load_model_sampler,
    model_identity,
    sampled_identity,
    show_only_the_runs_bars,
    torch_device,
)
from cvc.errors import InputError, SettingsError
from cvc.settings import CvcSettings

if TYPE_CHECKING:
    from occlusion import CausalityScorer, CocoAnnotations, Detector, EntityExtractor, Segmenter
    from trial_sampler import Sampler

_REPLY_TOKENS = 100
"""Of a language model that names entities or writes a question. Source: CVC (arXiv 2508.04453)."""


def own_lexicon(settings: CvcSettings) -> dict[str, str] | None:
    """The nouns of `--lexicon` with their categories; None for those of `occlusion`.

    Raises:
        InputError: the file cannot be read, or holds anything else.
    """
    from occlusion import OcclusionError, read_lexicon

    try:
        return None if settings.lexicon is None else read_lexicon(settings.lexicon)
    except OcclusionError as error:
        raise InputError(f"--lexicon {error}") from error


def load_entities(settings: CvcSettings, model: "TextModel | None" = None) -> "EntityExtractor":
    """The extractor that `entities` names.

    Args:
        settings: of the run.
        model: the language model of `llm`; opened here where there is none.

    Raises:
        SettingsError: the spaCy pipeline is not installed.
    """
    from occlusion import LlmEntities, MissingExtraError, SpacyEntities, blank_english, load_english

    if settings.entities == "llm":
        return LlmEntities(model or load_text_model(settings))
    if settings.entities == "blank":
        return SpacyEntities(blank_english(own_lexicon(settings)))
    try:
        return SpacyEntities(load_english(settings.spacy_model))
    except MissingExtraError as error:
        raise SettingsError(f"{error} Or use rules over a list of nouns: --entities blank.") from error


def load_causality(settings: CvcSettings) -> "CausalityScorer":
    """The measure of causality: a callable from (caption, entity) pairs to perplexities."""
    from occlusion import MaskedLmCausality

    show_only_the_runs_bars()
    return MaskedLmCausality(settings.mlm, batch_size=settings.mlm_batch, device=torch_device(settings))


def load_annotations(settings: CvcSettings) -> "CocoAnnotations":
    """The annotated boxes and masks.

    Raises:
        SettingsError: there are none, and nothing else finds boxes.
    """
    from occlusion import load_annotations as load

    return load(settings.needed("annotations", ANNOTATIONS))


ANNOTATIONS = "boxes come from COCO instances JSON, Parquet or a --detector"
"""What annotations are for."""


def load_detector_of(settings: CvcSettings) -> "Detector":
    """The model that finds boxes.

    Raises:
        SettingsError: it cannot be loaded, or something that it needs is not installed.
    """
    from occlusion import OcclusionError, load_detector

    show_only_the_runs_bars()
    options: dict[str, Any] = {"device": torch_device(settings)}
    if settings.min_score is not None:
        options["min_score"] = settings.min_score
    if settings.glip_python is not None:
        options["launcher"] = [str(settings.glip_python)]
    try:
        return load_detector(settings.detector, **options)
    except OcclusionError as error:
        raise SettingsError(f"--detector {settings.detector}: {error}") from error


def detector_config(settings: CvcSettings) -> dict[str, Any]:
    """What boxes depend on, for the fingerprint of the stage."""
    if settings.detector == "annotations":
        return {"annotations": file_digest(settings.annotations, error=InputError)}
    return {"detector": model_identity(settings.detector)} | settings.picked("min_score")


def load_segmenter_of(settings: CvcSettings) -> "Segmenter":
    """What finds the outline of what is in a box.

    Raises:
        SettingsError: it cannot be loaded, or something that it needs is not installed.
    """
    from occlusion import OcclusionError, load_segmenter

    show_only_the_runs_bars()
    kind = "grabcut" if settings.segmenter == "auto" else settings.segmenter
    options: dict[str, Any] = {"as_rle": True}
    if kind == "segment-anything":
        options |= {"checkpoint_or_model": settings.sam_checkpoint, "model_type": settings.sam_type}
    if kind not in ("grabcut", "box"):
        options["device"] = torch_device(settings)
    try:
        return load_segmenter(kind, **options)
    except OcclusionError as error:
        raise SettingsError(f"--segmenter {settings.segmenter}: {error}") from error


def segmenter_config(settings: CvcSettings) -> dict[str, Any]:
    """What masks depend on, for the fingerprint of the stage."""
    if settings.segmenter == "segment-anything":
        return {"segmenter": file_digest(settings.sam_checkpoint, error=InputError), "sam_type": settings.sam_type}
    return {"segmenter": model_identity(settings.segmenter)}


def load_question_writer(settings: CvcSettings) -> Callable[[Sequence[tuple[str, str]]], list[Any]]:
    """The writer of questions: from (head, phrase) pairs to questions, or to why there is none."""
    from occlusion import LlmQuestions, OcclusionError, write_question

    lexicon, hidden_by = own_lexicon(settings), "blocks" if settings.occluder == "patches" else settings.occluder
    if settings.questions == "llm":
        fallback = "rules" if settings.question_fallback else "none"
        write = LlmQuestions(load_text_model(settings), lexicon=lexicon, hidden_by=hidden_by, fallback=fallback)
        return lambda pairs: write([head for head, _ in pairs], [phrase for _, phrase in pairs])

    def by_rules(pairs: Sequence[tuple[str, str]]) -> list[Any]:
        return [one(head, phrase) for head, phrase in pairs]

    def one(head: str, phrase: str) -> Any:
        try:
            return write_question(head, phrase=phrase, lexicon=lexicon, hidden_by=hidden_by)
        except OcclusionError as error:
            return error

    return by_rules


def load_text_model(settings: CvcSettings) -> "TextModel":
    """The language model of the settings, opened."""
    return TextModel(load_model_sampler(settings, text_model(settings)))


class TextModel:
    """Any sampler as a language model: from prompts to greedy replies, empty for a prompt that failed."""

    def __init__(self, sampler: "Sampler") -> None:
        self._sampler = sampler
        self._tokens: Counter[str] = Counter()

    def __call__(self, prompts: Sequence[str], /) -> list[str]:
        """Return one reply for each prompt, in order.

        Raises:
            InputError: no prompt was answered.
        """
        from trial_sampler import Request

        requests = [
            Request(
                id=str(number),
                messages=[{"role": "user", "content": prompt}],
                temperature=0,
                max_new_tokens=_REPLY_TOKENS,
            )
            for number, prompt in enumerate(prompts)
        ]
        results = self._sampler.sample(requests)
        errors = [result.error for result in results if result.error is not None]
        if errors and len(errors) == len(results):
            raise InputError(f"the language model answered none of {len(results)} prompts; the first: {errors[0]}.")
        for prompt, result in zip(prompts, results, strict=True):
            self._tokens[prompt] += result.tokens
        return [result.trials[0].text if result.trials else "" for result in results]

    def take_tokens(self, prompt: str) -> int:
        """Return the new tokens of the replies to a prompt since this was last asked: whoever asks first pays."""
        return self._tokens.pop(prompt, 0)


def text_model(settings: CvcSettings) -> str:
    """Folder, Hub id or served name of the language model.

    Raises:
        SettingsError: neither it nor the model that learns was given.
    """
    return settings.text_model or settings.needed("model", "a language model, or --text-model")


def text_model_config(settings: CvcSettings, choice: str) -> dict[str, Any]:
    """What a language model's replies depend on, for a fingerprint; empty where the choice is not `llm`."""
    if choice != "llm":
        return {}
    return {"text_model": sampled_identity(text_model(settings), settings)} | settings.picked("backend", "dtype")
