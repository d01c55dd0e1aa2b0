"""Heavy parts by name: what a stage loads once, and how it is told apart in fingerprints."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvc.errors import SettingsError
from cvc.settings import CvcSettings

if TYPE_CHECKING:
    from trial_sampler import Sampler

Trial = dict[str, Any]


def new_tokens(trials: Iterable[Trial]) -> int:
    """Tokens that a model wrote for trials, prompts not counted; none for those of which a server does not say.

    >>> new_tokens([{"tokens": 7}, {"tokens": None}, {"tokens": 2}])
    9
    """
    return sum(trial["tokens"] or 0 for trial in trials)


def model_identity(model: str | Path | None) -> str:
    """A name stands for itself, a folder for the contents of its files; empty for no model.

    >>> model_identity("FacebookAI/roberta-large")
    'FacebookAI/roberta-large'
    """
    from llava_train import model_digest

    return "" if model is None else model_digest(str(model))


def sampled_identity(model: str | None, settings: CvcSettings) -> str:
    """What identifies a model that `load_model_sampler` opens: on a server its name there, which may be a path."""
    return model or "" if settings.backend == "server" else model_identity(model)


def load_model_sampler(settings: CvcSettings, model: str | Path) -> "Sampler":
    """The sampler of a model, as the settings say."""
    from llava_train import compute_dtype
    from trial_sampler import load_sampler

    show_only_the_runs_bars()
    return load_sampler(
        model,
        backend=settings.backend,
        device=settings.device,
        dtype=compute_dtype(settings),
        batch_size=settings.prompts_per_batch,
        base_url=settings.base_url,
    )


def torch_device(settings: CvcSettings) -> str:
    """The torch device of all that is no chat model: a GPU that is there and may be used, else the CPU."""
    import torch

    return "cuda" if settings.device == "auto" and torch.cuda.is_available() else "cpu"


def show_only_the_runs_bars() -> None:
    """Keep transformers from drawing a bar for each model that it loads."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def judge_config(settings: CvcSettings) -> dict[str, Any]:
    """What decides what counts as right, for the fingerprint of a stage."""
    embedder = None if settings.embedder is None else model_identity(settings.embedder)
    return settings.picked("min_similarity", "accept_kinds") | {"embedder": embedder}


class Judge:
    """Extracts the answer of each trial and checks it on the ladder; every distinct pair is judged once per call.

    Embeddings are kept in a file of the run folder, for all steps and later runs.
    """

    def __init__(self, settings: CvcSettings, run_dir: Path) -> None:
        from answer_judge import EVERYDAY_KINDS, CachedEmbedder, ThresholdError, default_ladder, load_embedder

        embedder = None
        if settings.embedder is not None:
            model = load_embedder(settings.embedder, device=settings.device)
            embedder = CachedEmbedder(model, run_dir / "embeddings.sqlite")
        try:
            kinds = EVERYDAY_KINDS if settings.accept_kinds else {}
            self._ladder = default_ladder(embedder, kinds=kinds, threshold=settings.min_similarity)
        except ThresholdError as error:
            raise SettingsError(f"Set --min-similarity: {error}") from error

    def __call__(self, trials: Sequence[Trial], references: Sequence[str], *, extract: bool = True) -> list[Trial]:
        """The trials of one row with `answer, verdict, rung, score`; right is what is accepted for any reference."""
        return self.judge_many([(trial, references) for trial in trials], extract=extract)

    def judge_many(self, asked: Sequence[tuple[Trial, Sequence[str]]], *, extract: bool = True) -> list[Trial]:
        """Trials of any rows, each with its references, with `answer, verdict, rung, score`."""
        from answer_judge import extract_answer

        answers = [extract_answer(trial["text"]) if extract else trial["text"] for trial, _ in asked]
        pairs = [(answer, one) for answer, (_, references) in zip(answers, asked, strict=True) for one in references]
        verdicts = iter(self._ladder.judge_many(pairs))
        judged: list[Trial] = []
        for answer, (trial, references) in zip(answers, asked, strict=True):
            best = max(islice(verdicts, len(references)), key=lambda verdict: (verdict.accepted, verdict.score))
            fields = {"answer": answer, "verdict": best.accepted, "rung": best.rung, "score": float(best.score)}
            judged.append({**trial, **fields})
        return judged
