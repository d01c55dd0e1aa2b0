"""Logits of a language model at chosen places only: the last layer, over the vocabulary, is half of a small model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_TOLERANCE = {"torch.float64": 1e-4, "torch.float32": 1e-4}
_HALF_PRECISION_TOLERANCE = 3e-2


class LogitsAt:
    """Runs a model of transformers and returns its logits at `(rows[n], columns[n])`, `(N, V)`.

    A hook hands only those hidden states to the module of `get_output_embeddings`. That is exact wherever this module
    is the last one to mix the values of a position, which is tried out on the model at hand; where it does not hold,
    all logits are computed. One call at a time: the hook is on the model while it runs.
    """

    def __init__(self, model: Any, **always: Any) -> None:
        """Take a model in evaluation mode, and arguments for each of its calls."""
        self._model = model
        self._always = always
        self._head: Any = None
        head = getattr(model, "get_output_embeddings", lambda: None)()
        if head is not None and self._agrees_with_all(head):
            self._head = head

    @property
    def chosen_places_only(self) -> bool:
        """Logits are computed at the chosen places only; False for an architecture that does not allow it."""
        return self._head is not None

    def __call__(
        self, ids_B_T: torch.Tensor, real_B_T: torch.Tensor, rows_N: torch.Tensor, columns_N: torch.Tensor
    ) -> torch.Tensor:
        """Return float32 logits `(N, V)`; `real_B_T` is 1 on tokens and 0 on padding. Call it in inference mode."""
        at = rows_N.to(self._model.device), columns_N.to(self._model.device)
        ids_B_T, real_B_T = ids_B_T.to(self._model.device), real_B_T.to(self._model.device)
        if self._head is None:
            return self._all(ids_B_T, real_B_T)[at].float()
        return self._chosen(self._head, ids_B_T, real_B_T, at).float()

    def _all(self, ids_B_T: torch.Tensor, real_B_T: torch.Tensor) -> torch.Tensor:
        return self._model(input_ids=ids_B_T, attention_mask=real_B_T, **self._always).logits

    def _chosen(
        self, head: Any, ids_B_T: torch.Tensor, real_B_T: torch.Tensor, at: tuple[torch.Tensor, torch.Tensor]
    ) -> torch.Tensor:
        def choose(_module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
            hidden_B_T_D, *others = inputs
            return (hidden_B_T_D[at], *others)

        hook = head.register_forward_pre_hook(choose)
        try:
            return self._all(ids_B_T, real_B_T)
        finally:
            hook.remove()

    def _agrees_with_all(self, head: Any) -> bool:
        """Compare both ways on a small batch with padding."""
        import torch

        place = self._model.device
        ids_B_T = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0]], device=place)
        real_B_T = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]], device=place)
        at = torch.tensor([0, 0, 1], device=place), torch.tensor([1, 3, 2], device=place)
        with torch.inference_mode():
            expected = self._all(ids_B_T, real_B_T)[at]
            try:
                chosen = self._chosen(head, ids_B_T, real_B_T, at)
            except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
                return False  # What follows the head expects every position.
        tolerance = _TOLERANCE.get(str(expected.dtype), _HALF_PRECISION_TOLERANCE) * float(expected.abs().max())
        return chosen.shape == expected.shape and bool(((chosen - expected).abs() <= tolerance).all())
