"""What a model gives, as arrays to work with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from occlusion.errors import OcclusionError

if TYPE_CHECKING:
    import torch


def checked_array(values: torch.Tensor) -> NDArray[np.float64]:
    """Bring a model's output to the CPU in double precision.

    Raises:
        OcclusionError: `not_a_number`: thresholds would drop every nan without a word.
    """
    array: NDArray[np.float64] = values.cpu().double().numpy()
    if np.isnan(array).any():
        raise OcclusionError("not_a_number", "the model must give numbers; got nan. Use float32 (dtype=None).")
    return array
