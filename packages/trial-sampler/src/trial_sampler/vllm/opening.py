"""A running engine, and its end."""

from __future__ import annotations

import weakref
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, TypeVar

from trial_sampler.conversations import one_line
from trial_sampler.errors import ModelError, SamplerError
from trial_sampler.vllm.library import Engine, Library
from trial_sampler.vllm.looping import LoopThread

Result = TypeVar("Result")


class OpenedEngine:
    """An engine and the thread that talks to it; they end with `close`, the last reference or the program."""

    def __init__(self, library: Library, arguments: Mapping[str, Any], loras: Iterable[Any] = ()) -> None:
        """Start the engine, which loads the model, and let it load each adapter once, so that a bad one shows here.

        Raises:
            ModelError: it does not start, or cannot load an adapter.
        """
        self._thread = LoopThread("trial-sampler-vllm")
        try:
            self.processor = library.open_processor(arguments["model"])
            self.engine = self._thread.run(_open(library, arguments, loras))
        except SamplerError:
            self._thread.close()
            raise
        except Exception as error:  # of the checkpoint, of its configuration, of the device, of a child process
            self._thread.close()
            raise ModelError(f"cannot load {arguments['model']!r}: {one_line(error)}") from error
        self._closing = weakref.finalize(self, _close, self._thread, self.engine)

    def run(self, main: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine that uses the engine.

        Raises:
            ModelError: the engine is closed.
        """
        if not self._closing.alive:
            main.close()
            raise ModelError("the engine is closed")
        return self._thread.run(main)

    def close(self) -> None:
        """End the engine; once is enough."""
        self._closing()


async def _open(library: Library, arguments: Mapping[str, Any], loras: Iterable[Any]) -> Engine:
    """Start the engine inside the loop that it will be used from."""
    engine = library.open_engine(arguments)
    for lora in loras:
        try:
            await engine.add_lora(lora)
        except Exception as error:
            engine.shutdown()
            raise ModelError(f"cannot load adapter {lora.lora_path!r}: {one_line(error)}") from error
    return engine


async def _shut_down(engine: Engine) -> None:
    engine.shutdown()


def _close(thread: LoopThread, engine: Engine) -> None:
    try:
        thread.run(_shut_down(engine))
    finally:
        thread.close()
