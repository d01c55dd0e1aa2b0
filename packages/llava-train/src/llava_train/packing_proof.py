"""Proof, on the model that is trained, that packed rows do not see one another."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from llava_train.checking import CheckedRows
from llava_train.dialogue import read_dialogue
from llava_train.encoding import EncodedRow, RowEncoder
from llava_train.errors import UnsupportedModelError
from llava_train.extras import require
from llava_train.packing import Packer

CLOSE = {"float32": 1e-4, "bfloat16": 5e-2}
"""Largest difference of a row's last hidden states, packed and alone, relative to their size. Rounding gives about 1e-6
and 1e-2; a row that sees its neighbour differs by tenths in a trained model."""


def rows_to_try(lengths: Sequence[int], with_images: Sequence[bool]) -> list[int]:
    """Numbers of the two shortest rows with images and of the shortest without, as far as there are any.

    >>> rows_to_try([9, 7, 3, 8, 4], [True, True, False, True, False])
    [1, 3, 2]
    """
    ranked = sorted(range(len(lengths)), key=lambda k: lengths[k])
    images, texts = ([k for k in ranked if with_images[k] is wanted] for wanted in (True, False))
    return images[:2] + texts[: 1 if images else 2]


def prove_packing_first(trainer: Any, packer: Packer, checked: CheckedRows, encoder: RowEncoder) -> None:
    """Have a trainer call `check_packing` on rows of its own before its first step, with the model where it trains."""
    has_image = [bool(read_dialogue(row).images) for row in checked.kept]
    rows = [checked.kept[k] for k in rows_to_try(checked.lengths, has_image)]

    class Proof(require("transformers").TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            tried = [encoder.encode(row) for row in rows]
            with trainer.accelerator.autocast():
                check_packing(trainer.model, packer, tried, forward=trainer.model_wrapped)

    trainer.add_callback(Proof())


def check_packing(
    model: Any, packer: Packer, rows: Sequence[EncodedRow], *, forward: Callable[..., Any] | None = None
) -> None:
    """Make sure that rows have the same hidden states packed into one sequence and each alone.

    Args:
        model: loaded, perhaps with adapters; it is left in the mode that it has.
        packer: as in the training.
        rows: two or more to try; see `rows_to_try`.
        forward: the model as it is called, where it is spread over several devices; None for itself.

    Raises:
        UnsupportedModelError: they have not.
    """
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    in_one = replace(packer, in_one=True)
    was_training = model.training
    model.eval()
    try:
        apart = max(_differences(base, forward or model, in_one, rows))
    finally:
        model.train(was_training)
    close = CLOSE.get(str(base.dtype).removeprefix("torch."), CLOSE["bfloat16"])
    if not apart <= close:
        raise UnsupportedModelError(
            f"{type(base).__name__} gives packed rows other hidden states than rows alone (relative difference "
            f"{apart:.1e}, at most {close:.0e} is rounding); set packing=False."
        )


def _differences(base: Any, forward: Callable[..., Any], packer: Packer, rows: Sequence[EncodedRow]) -> list[float]:
    """Relative difference of each row's hidden states, packed and alone."""
    together_T_D = _hidden_states(base, forward, packer(rows))
    found: list[float] = []
    start = 0
    for row in rows:
        alone_T_D = _hidden_states(base, forward, packer([row]))
        part_T_D = together_T_D[start : start + len(alone_T_D)]
        found.append(float((part_T_D - alone_T_D).norm() / alone_T_D.norm()))
        start += len(alone_T_D)
    return found


def _hidden_states(base: Any, forward: Callable[..., Any], batch: dict[str, Any]) -> Any:
    """Last hidden states of the only sequence of a batch, (T, D)."""
    inputs = {name: value.to(base.device) for name, value in batch.items() if name not in ("labels", "loss_weights")}
    if "logits_to_keep" in inspect.signature(type(base).forward).parameters:
        inputs["logits_to_keep"] = 1
    found: list[Any] = []
    # through the whole model: on several devices, parts of it cannot be called
    hook = base.base_model.register_forward_hook(lambda _, __, out: found.append(out.last_hidden_state[0].float()))
    try:
        with require("torch").no_grad():
            forward(**inputs, use_cache=False)
    finally:
        hook.remove()
    return found[0]
