"""The step `filter`: hard but meaningful pairs, by two image models."""

from pathlib import Path
from typing import Any

from shard_runner import Dropped, Failed, Outcome, Row, Stage, StageFn
from svco_loss.pairs import RefusedPair

from svco.pairs import row_to_pair
from svco.settings import SvcoRunSettings

_SETTINGS = ("filter", "min_semantic", "max_visual", "unfiltered")


def filter_stage(settings: SvcoRunSettings, run_dir: Path) -> Stage:
    """Keep pairs that mean nearly the same and look different; adds `semantic` and `visual` similarity.

    Without --filter every pair passes, and the similarities are None. Embeddings are kept in the run folder.
    """

    def make() -> StageFn:
        if not settings.filter:
            return lambda rows: [[row | {"semantic": None, "visual": None}] for row in rows]
        return _Filtering(settings, run_dir)

    return Stage(name="filter", make=make, config=_config(settings), batch_size=64)


def _config(settings: SvcoRunSettings) -> dict[str, Any]:
    from llava_train import model_digest

    if not settings.filter:
        return settings.picked("filter")
    models = {name: model_digest(getattr(settings, name)) for name in ("semantic_model", "visual_model")}
    return settings.picked(*_SETTINGS) | models


class _Filtering:
    """The two models, loaded once."""

    def __init__(self, settings: SvcoRunSettings, run_dir: Path) -> None:
        from svco_loss.pairs import CachedImageEmbedder, PairFilter, load_image_embedder

        self._root = settings.image_root
        cache = run_dir / "image-embeddings.sqlite"
        self._semantic, self._visual = (
            CachedImageEmbedder(load_image_embedder(model, device=settings.device), cache)
            for model in (settings.semantic_model, settings.visual_model)
        )
        self._rule = PairFilter(
            semantic_above=settings.min_semantic,
            visual_below=settings.max_visual,
            exempt=frozenset(settings.unfiltered),
        )

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        from svco_loss.pairs import filter_pairs

        pairs = [row_to_pair(row, number) for number, row in enumerate(rows)]
        found = filter_pairs(pairs, self._semantic, self._visual, rule=self._rule, image_root=self._root)
        refused = {one.row: one for one in found.refused}
        return [
            self._outcome(row, refused.get(number), found.similarities.get(number)) for number, row in enumerate(rows)
        ]

    def _outcome(self, row: Row, refused: RefusedPair | None, scores: Any) -> Outcome:
        if refused is not None:
            kind = Dropped if refused.reason in ("not_alike", "too_alike", "dropped_category") else Failed
            return kind(refused.reason, refused.detail)
        semantic, visual = (None, None) if scores is None else map(float, scores)
        return [row | {"semantic": semantic, "visual": visual}]
