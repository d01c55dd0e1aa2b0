"""TRL's SFT trainer with answer weights, whole checkpoints and no phoning home."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from llava_train.callbacks import set_callbacks
from llava_train.checking import CheckedRows
from llava_train.collating import collate
from llava_train.dialogue import Row
from llava_train.encoding import IGNORED, EncodedRow, RowEncoder
from llava_train.extras import require
from llava_train.grouping import order_rows
from llava_train.imageless_batches import silent_companion, with_companion
from llava_train.loading import LoadingClock, TimedCollator, TimedLoading, loader_arguments
from llava_train.model_files import hidden_renaming
from llava_train.model_parts import find_parts, freeze_parts, lora_config
from llava_train.optimizer_groups import GroupedOptimizer
from llava_train.packing import Packer, make_packer
from llava_train.packing_proof import prove_packing_first
from llava_train.row_augmenter import RowAugmenter
from llava_train.settings import SftSettings
from llava_train.shared_epoch import SharedEpoch, epoch_callback
from llava_train.trainer_arguments import trainer_arguments
from llava_train.whole_checkpoints import WholeCheckpoints

Layout = Callable[[Sequence[EncodedRow]], dict[str, Any]]


def make_trainer(
    model: Any,
    encoder: RowEncoder,
    checked: CheckedRows,
    settings: SftSettings,
    arguments: Any,
    *,
    progress: bool,
) -> Any:
    """A trainer over rows, ready for `train()`, with arguments by `make_arguments`, made before the model was loaded.

    The data set that it sees holds row numbers only; rows are encoded when their batch is made, so that images are
    opened late and nothing is copied into Arrow tables.
    """
    datasets = require("datasets")
    parts = find_parts(model)
    if settings.method == "full":
        freeze_parts(model, parts, settings)
    layout, epoch = _layout(model, encoder.processor.tokenizer, settings), SharedEpoch()
    with hidden_renaming():
        trainer = _trainer_class()(
            model=model,
            args=arguments,
            train_dataset=datasets.Dataset.from_dict({"row": list(range(len(checked.kept)))}),
            data_collator=TimedCollator(_NumberedRows(checked.kept, encoder, layout, settings, epoch)),
            processing_class=encoder.processor,
            peft_config=lora_config(model, parts, settings) if settings.method == "lora" else None,
        )
    set_callbacks(trainer, progress=progress, logs=Path(arguments.output_dir).parent / "logs")
    trainer.add_callback(epoch_callback(epoch))
    trainer.parts, trainer.settings = parts, settings
    trainer.clock = LoadingClock(settings.workers)
    trainer.row_order = order_rows(checked, settings, processes=trainer.args.world_size)
    if isinstance(layout, Packer):
        prove_packing_first(trainer, layout, checked, encoder)
    return trainer


class _NumberedRows:
    """Makes a batch from row numbers, images changed as the settings and the epoch have it."""

    def __init__(
        self, rows: Sequence[Row], encoder: RowEncoder, layout: Layout, settings: SftSettings, epoch: SharedEpoch
    ) -> None:
        self._augmenter = RowAugmenter(augment=settings.augment, seed=settings.seed)
        self._epoch = epoch
        splits_weights = require("transformers.integrations.deepspeed").is_deepspeed_zero3_enabled()
        self._companion = silent_companion(rows, encoder) if splits_weights else None
        self._rows = rows
        self._encoder = encoder
        self._layout = layout

    def __call__(self, numbers: Sequence[dict[str, int]]) -> dict[str, Any]:
        batch = [self._encode(self._rows[number["row"]]) for number in numbers]
        return self._layout(with_companion(batch, self._companion))

    def _encode(self, row: Row) -> EncodedRow:
        return self._encoder.encode(row, change=self._augmenter.change(row, self._epoch.number))


def _layout(model: Any, tokenizer: Any, settings: SftSettings) -> Layout:
    """How the rows of a batch become tensors: packed, or filled up to the longest."""
    pad_id = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    if settings.packing:
        return make_packer(model, pad_id=pad_id, pack_length=settings.pack_length)
    return partial(collate, pad_id=pad_id, padding_side=settings.padding_side)


def make_arguments(settings: SftSettings, dtype: str, checkpoints: Path) -> Any:
    """The settings as training arguments; starts the process group where there are several processes."""
    config = require("trl").SFTConfig
    more = {"max_length": None, "dataset_kwargs": {"skip_prepare_dataset": True}} | loader_arguments(settings.workers)
    # rows without images use neither, and a vision tower has layers above the one whose features are taken
    more["ddp_find_unused_parameters"] = settings.train_vision or settings.trains_projector
    return config(**trainer_arguments(config, settings, dtype=dtype, checkpoints=checkpoints, **more))


def _trainer_class() -> Any:
    """The subclass, made late because its base class needs torch."""
    trl = require("trl")

    class AnswerWeightedTrainer(TimedLoading, GroupedOptimizer, WholeCheckpoints, trl.SFTTrainer):  # type: ignore
        """Weighted mean of -log p over answer tokens, taken over all rows of one optimiser step.

        Sum of weight * -log p over sum of weights: the weights of one step are relative to one another alone.
        """

        loss_is_scaled_for_ga = True

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            """Weighted mean over one optimiser step; on a CPU the head is computed for columns with labels only.

            TRL's fused head saves memory with large vocabularies, but on a CPU it scores every position.
            """
            weights_B_T = inputs.pop("loss_weights")[:, 1:]
            on_cpu = weights_B_T.device.type == "cpu"
            bare = self.accelerator.unwrap_model(model)
            score = _score_columns if on_cpu and _keeps_columns(bare) else _score_fused
            weighted, hits, outputs = score(model, inputs, weights_B_T)
            total = weights_B_T.sum() if num_items_in_batch is None else num_items_in_batch
            loss = -weighted / total * self.accelerator.num_processes
            self._metrics["train" if self.model.training else "eval"]["mean_token_accuracy"].append(hits.item())
            return (loss, outputs) if return_outputs else loss

        def _get_num_items_in_batch(self, batch_samples: list[dict[str, Any]], device: Any) -> Any:
            """Sum of the weights of one optimiser step, over devices too."""
            if not batch_samples:
                return None
            total = require("torch").stack([batch["loss_weights"][:, 1:].sum() for batch in batch_samples])
            total = total.sum().to(device)
            return self.accelerator.gather(total).sum() if self.args.world_size > 1 else total

        def create_model_card(self, *args: Any, **kwargs: Any) -> None:
            """Write none: checkpoints are kept for resuming only."""

        def _send_telemetry(self) -> None:
            """Send none."""

    return AnswerWeightedTrainer


def _keeps_columns(model: Any) -> bool:
    """Whether the model computes logits of chosen columns only, as nearly all of transformers do."""
    base = model.get_base_model() if isinstance(model, require("peft").PeftModel) else model
    return "logits_to_keep" in inspect.signature(type(base).forward).parameters


def _score_fused(model: Any, inputs: dict[str, Any], weights_B_T: Any) -> tuple[Any, Any, Any]:
    """(sum of weight * log p, share of tokens predicted, outputs) by TRL's fused head."""
    outputs = model(**inputs, use_cache=False, fused_lm_head=True)
    hits = outputs.is_top1.sum() / outputs.label_mask.sum().clamp(min=1)
    return (outputs.log_probs * weights_B_T).sum(), hits, outputs


def _score_columns(model: Any, inputs: dict[str, Any], weights_B_T: Any) -> tuple[Any, Any, Any]:
    """The same from the logits of those columns that hold a label in some row."""
    torch = require("torch")
    targets_B_T = inputs.pop("labels")[:, 1:]
    columns = (targets_B_T != IGNORED).any(0).nonzero().flatten()
    outputs = model(**inputs, use_cache=False, logits_to_keep=columns)
    logits_N_V, targets_N = outputs.logits.flatten(0, 1).float(), targets_B_T[:, columns].flatten()
    losses_N = torch.nn.functional.cross_entropy(logits_N_V, targets_N, reduction="none", ignore_index=IGNORED)
    hits = (logits_N_V.argmax(-1) == targets_N).sum() / (targets_N != IGNORED).sum().clamp(min=1)
    return -(losses_N * weights_B_T[:, columns].flatten()).sum(), hits, outputs
