"""Batches without an image where all parts of the model must run: a row that is shown and not learned joins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llava_train.dialogue import Row, read_dialogue
from llava_train.encoding import IGNORED, EncodedRow, RowEncoder


def silent_companion(rows: Sequence[Row], encoder: RowEncoder) -> EncodedRow | None:
    """The first row with images, with nothing to learn; None where no row has one."""
    row = next((row for row in rows if read_dialogue(row).images), None)
    if row is None:
        return None
    encoded = encoder.encode(row)
    length = len(encoded.input_ids)
    return replace(encoded, labels=[IGNORED] * length, weights=[0.0] * length)


def with_companion(batch: Sequence[EncodedRow], companion: EncodedRow | None) -> list[EncodedRow]:
    """The batch, with the companion behind it where no row of it has an image.

    Under ZeRO-3 each process holds a part of each weight: one that skips the vision tower would let the others wait for
    ever. The loss stays the same, as the companion has no weight in it.
    """
    lacks_images = not any(row.images for row in batch)
    return [*batch, companion] if companion is not None and lacks_images else list(batch)
