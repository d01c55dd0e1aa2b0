"""Reference log-probabilities and training: steps `reference`, `train` and one for each control."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Dropped, Failed, Outcome, Row, Stage, StageFn, Task, TaskContext
from svco_loss.pairs import RefusedPair
from trial_sampler import image_question

from svco.errors import SvcoError
from svco.pairs import TRAIN, VALIDATION, row_to_pair
from svco.settings import SvcoRunSettings

if TYPE_CHECKING:
    from svco_loss.pairs import ImagePair
    from svco_loss.training import SvcoSettings

_SAME_NAMES = (
    *("lora_r", "lora_alpha", "learning_rate", "projector_rate", "train_vision", "vision_rate", "epochs", "max_steps"),
    *("batch_size", "gradient_accumulation", "warmup_ratio", "weight_decay", "max_answer_tokens", "long_answers"),
    *("dtype", "device", "seed"),
)  # as `svco_loss` has

SETTINGS = ("train_method", *_SAME_NAMES)
"""Settings that decide any training of pairs."""

_OF_PAIRS = ("reference", "gradient_checkpointing", "attention", "projection", "eval_every")
_OF_CONTROLS = {
    "sft": ("gradient_checkpointing", "sft_rate"),
    "dpo": (*_OF_PAIRS, "dpo_rate"),
    "mdpo": (*_OF_PAIRS, "dpo_rate"),
}

BETAS = ("attend_a", "reject_b", "attend_b", "reject_a")


def training_settings(settings: SvcoRunSettings, control: str | None = None) -> "SvcoSettings":
    """The settings of the method's training, or of the control `dpo` or `mdpo`."""
    from svco_loss import DpoBetas, MdpoBetas, SvcoBetas
    from svco_loss.training import SvcoSettings

    values = settings.model_dump()
    names = (*_SAME_NAMES, *_OF_PAIRS, "save_every", "report_to")
    betas = SvcoBetas(**{name: values[name] for name in BETAS})
    more: dict[str, Any] = {"betas": betas, "sft_weight": settings.sft_weight}
    if control is not None:
        more = {"betas": DpoBetas() if control == "dpo" else MdpoBetas()}
        more["learning_rate"] = settings.dpo_rate or settings.learning_rate
    model = settings.needed("model", "the model that learns")
    return SvcoSettings(
        model=model,
        method=settings.train_method,
        image_root=str(settings.image_root),
        **{name: values[name] for name in names} | more,
    )


def reference_stage(settings: SvcoRunSettings) -> Stage:
    """Read each pair with the model's own template, and give it the reference's six log-probabilities (`reference`).

    Pairs whose texts are too long or cannot be trained on are dropped. Unless references are stored, `reference` is
    None. With them, `reference_key` and `reference_source` name the pair and what computed its values.
    """

    def make() -> StageFn:
        return _References(settings)

    from llava_train import model_digest

    config = settings.picked("reference", "max_answer_tokens", "long_answers", "dtype", "attention")
    config |= {"model": model_digest(settings.needed("model", "the model that learns"))}
    return Stage(name="reference", make=make, config=config, inputs=("split",), batch_size=16)


class _References:
    """The frozen model and its template, loaded once."""

    def __init__(self, settings: SvcoRunSettings) -> None:
        from svco_loss.training import load_pair_encoder, load_reference_model, reference_source

        self._settings = training_settings(settings)
        self._root = settings.image_root
        self._encoder = load_pair_encoder(self._settings)
        is_stored = settings.reference == "stored"
        self._source = reference_source(self._settings, self._encoder) if is_stored else None
        self._model = load_reference_model(self._settings) if is_stored else None

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        from svco_loss.references import ReferenceStore
        from svco_loss.training import compute_references, prepare_pairs

        pairs = [row_to_pair(row, number) for number, row in enumerate(rows)]
        prepared = [prepare_pairs([pair], self._encoder, image_root=self._root) for pair in pairs]
        if self._source is None or self._model is None:
            return [_outcome(row, one.refused, {"reference": None}) for row, one in zip(rows, prepared, strict=True)]
        store = ReferenceStore(self._source)
        good = [(one.pairs[0], one.keys[0]) for one in prepared if one.pairs]
        if good:
            kept, keys = zip(*good, strict=True)
            compute_references(self._model, kept, keys, self._encoder, store, self._settings, progress=False)
        return [
            _outcome(row, one.refused, {} if one.refused else self._columns(one.keys[0], store))
            for row, one in zip(rows, prepared, strict=True)
        ]

    def _columns(self, key: Any, store: Any) -> Row:
        return {
            "reference": list(store.get(key)),
            "reference_key": list(key),
            "reference_source": list(self._source or ()),
        }


def _outcome(row: Row, refused: "Sequence[RefusedPair]", columns: Row) -> Outcome:
    if not refused:
        return [row | columns]
    first = refused[0]
    text_reasons = ("too_long", "special_token_in_text", "same_image", "same_text", "empty_text")
    return (Dropped if first.reason in text_reasons else Failed)(first.reason, first.detail)


def train_task(settings: SvcoRunSettings, control: str | None = None) -> Task:
    """Train on the pairs, by the method or as a control; killed, it goes on from its last checkpoint."""

    def run(ctx: TaskContext) -> None:
        rows = list(ctx.read_rows("reference"))
        if not any(row["part"] == TRAIN for row in rows):
            raise SvcoError("no pair is left to train on; `svco status RUN` counts the reasons.")
        if control == "sft":
            _train_sft(settings, rows, ctx.folder)
        else:
            _train_pairs(settings, rows, ctx.folder, control)

    from llava_train import model_digest

    own = (*BETAS, "sft_weight", *_OF_PAIRS) if control is None else _OF_CONTROLS[control]
    config = settings.picked(*SETTINGS, *own, "processes") | {  # each process has a batch of its own
        "model": model_digest(settings.needed("model", "the model that learns"))
    }
    return Task(name=task_name(control), run=run, config=config, inputs=("reference",))


def task_name(control: str | None) -> str:
    """Name of the step that trains the method (None) or a control."""
    return "train" if control is None else f"train-{control}"


def trained_folder(run_dir: Path, control: str | None) -> Path:
    """The checkpoint that the step leaves behind."""
    return run_dir / task_name(control) / "model"


def parts(rows: Sequence[Row]) -> "tuple[list[ImagePair], list[ImagePair]]":
    """Training and validation pairs of rows, numbered by their place."""
    found: dict[str, list[ImagePair]] = {TRAIN: [], VALIDATION: []}
    for number, row in enumerate(rows):
        found[row["part"]].append(row_to_pair(row, number))
    return found[TRAIN], found[VALIDATION]


def _train_pairs(settings: SvcoRunSettings, rows: Sequence[Row], folder: Path, control: str | None) -> None:
    from svco_loss.training import launch_training, train

    chosen = training_settings(settings, control)
    learned, checked = parts(rows)
    references = folder / "reference.parquet"
    if settings.reference == "stored":
        _write_references(rows, references)
    if settings.launch is not None:
        launch_training(
            chosen,
            learned,
            folder,
            config=settings.launch,
            processes=settings.processes,
            validation=checked,
            references=references,
        )
    train(chosen, learned, folder, validation=checked, references=references)


def _write_references(rows: Sequence[Row], path: Path) -> None:
    from svco_loss.references import PairKey, ReferenceSource, ReferenceStore

    store = ReferenceStore(ReferenceSource(*rows[0]["reference_source"]), path)
    store.put([PairKey(*row["reference_key"]) for row in rows], [row["reference"] for row in rows])
    store.save()


def _train_sft(settings: SvcoRunSettings, rows: Sequence[Row], folder: Path) -> None:
    """Supervised training on each text with its own image: as many images and texts a step as the method has."""
    from llava_train import SftSettings, train

    values = settings.model_dump()
    same = ("lora_r", "lora_alpha", "train_vision", "epochs", "max_steps", "warmup_ratio", "weight_decay")
    same += ("dtype", "device", "seed", "gradient_checkpointing", "save_every", "report_to")
    chosen = SftSettings(
        model=settings.needed("model", "the model that learns"),
        method=settings.train_method,
        image_root=str(settings.image_root),
        learning_rate=settings.sft_rate,
        batch_size=2 * settings.batch_size,
        gradient_accumulation=settings.gradient_accumulation * settings.processes,  # in one process
        length_weighting=0.0,
        **{name: values[name] for name in same},
    )
    learned = [row for row in rows if row["part"] == TRAIN]
    train(chosen, [side for row in learned for side in sft_rows(row)], folder)


def sft_rows(row: Row) -> list[Row]:
    """Both texts of a pair as dialogues, each with its own image."""
    found: list[Row] = []
    for image, text in (("image_a", "text_x"), ("image_b", "text_y")):
        system = [{"role": "system", "content": [{"type": "text", "text": row["system"]}]}] if row["system"] else []
        answered = {"role": "assistant", "content": [{"type": "text", "text": row[text]}]}
        messages = [*system, *image_question(row["question"]), answered]
        found.append({"id": f"{row['id']}/{text}", "images": [row[image]], "messages": messages})
    return found
