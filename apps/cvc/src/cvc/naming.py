"""From captions to causal entities: what a caption names, and what the rest of it calls for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shard_runner import Done, Dropped, Failed, Outcome, Row, Stage, StageFn, file_digest

from cvc.construction import TextModel, load_causality, load_entities, load_text_model, text_model_config
from cvc.engines import model_identity
from cvc.errors import InputError
from cvc.settings import CvcSettings

if TYPE_CHECKING:
    from occlusion import Entity


def entities_stage(settings: CvcSettings) -> Stage:
    """Find what a caption names; one row for each entity, with `phrase, head` and their places in the caption."""

    def make() -> StageFn:
        model = load_text_model(settings) if settings.entities == "llm" else None
        extract = load_entities(settings, model)

        def find(rows: list[Row]) -> list[Outcome]:
            readable = [row for row in rows if not _caption_fault(row["caption"])]
            found = _entities(extract, [row["caption"] for row in readable])
            by_id = dict(zip((row["id"] for row in readable), found, strict=True))
            return [_caption_fault(row["caption"]) or _entity_rows(row, by_id[row["id"]], model) for row in rows]

        return find

    config = settings.picked("entities")
    if settings.entities == "spacy":
        config |= {"spacy_model": model_identity(settings.spacy_model)}
    elif settings.entities == "blank":
        config |= {"lexicon": file_digest(settings.lexicon, error=InputError)}
    config |= text_model_config(settings, settings.entities)
    return Stage(name="entities", make=make, config=config, batch_size=64)


def _caption_fault(caption: str | None) -> Dropped | None:
    if caption is None:
        return Dropped("caption_not_text")
    return None if caption.strip() else Dropped("empty_caption")


def _entities(extract: Any, captions: list[str]) -> "list[Sequence[Entity] | None]":
    """The entities of each caption; None where a language model did not reply."""
    if hasattr(extract, "read"):
        return [one.entities if one.reply.strip() else None for one in extract.read(captions)]
    return extract(captions)


def _entity_rows(row: Row, entities: "Sequence[Entity] | None", model: TextModel | None) -> Outcome:
    tokens = _reply_tokens(row["caption"], model)
    if entities is None:  # the request failed: the next run asks again
        return Failed("no_reply", row["caption"], tokens)
    rows = [
        row
        | {"id": f"{row['id']}/{_flat(entity.head)}@{entity.start}", "phrase": entity.phrase, "head": entity.head}
        | {"lemma": entity.lemma}
        | {"start": entity.start, "end": entity.end, "head_start": entity.head_start, "head_end": entity.head_end}
        for entity in entities
    ]
    return Done(rows, tokens) if rows else Dropped("no_entity", row["caption"], tokens)


def _reply_tokens(caption: str, model: TextModel | None) -> int:
    """Tokens of the reply to a caption; equal captions of a batch are asked once, and the first row pays."""
    if model is None:
        return 0
    from occlusion import few_shot_prompt

    return model.take_tokens(few_shot_prompt(caption))


def causality_stage(settings: CvcSettings) -> Stage:
    """Measure how well the rest of the caption predicts the entity; drop what it does not, unless the filter is off."""

    def make() -> StageFn:
        from occlusion import Entity

        measure = load_causality(settings)

        def filter_rows(rows: list[Row]) -> list[Outcome]:
            entities = [Entity(*(row[key] for key in _ENTITY_KEYS)) for row in rows]
            found = measure([(row["caption"], entity) for row, entity in zip(rows, entities, strict=True)])
            return [_causal_outcome(row, value, settings) for row, value in zip(rows, found, strict=True)]

        return filter_rows

    config = settings.picked("causality_filter", "max_ppl") | {"mlm": model_identity(settings.mlm)}
    return Stage(name="causality", make=make, config=config, batch_size=settings.mlm_batch)


_ENTITY_KEYS = ("phrase", "head", "start", "end", "head_start", "head_end")


def _causal_outcome(row: Row, causality: Any, settings: CvcSettings) -> Outcome:
    from occlusion import Unscored, is_causal

    if isinstance(causality, Unscored):
        if causality.reason == "out_of_memory":  # the next run may have more
            return Failed(causality.reason, causality.detail)
        return Dropped(causality.reason, f"{row['head']}: {causality.detail}")
    ppl = causality.ppl_head
    if settings.causality_filter and not is_causal(causality, settings.max_ppl):
        return Dropped("not_causal", f"{row['head']}: perplexity {ppl:.3g}")
    return [row | {"ppl_head": ppl, "ppl_phrase": causality.ppl_phrase}]


def _flat(head: str) -> str:
    return " ".join(head.casefold().split())
