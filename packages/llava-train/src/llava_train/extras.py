"""Optional libraries, asked for at the moment of use."""

from __future__ import annotations

import importlib
from types import ModuleType

from llava_train.errors import MissingExtraError


def require(module: str) -> ModuleType:
    """Import a library of the extra `hf`, or say in one line how to install it.

    Raises:
        MissingExtraError: the library is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"{module} is not installed; run: pip install 'llava-train[hf]'") from error
