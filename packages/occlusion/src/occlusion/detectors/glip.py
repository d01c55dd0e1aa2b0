"""GLIP, the detector of the published method, in a worker of its own."""

from __future__ import annotations

import base64
import io
import os
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from occlusion.detections import Detection, Undetected, by_score, clipped_box, normalized_phrases
from occlusion.detectors.phrases import pack
from occlusion.errors import MissingExtraError, OcclusionError
from occlusion.phrase_refusals import refusal_of
from occlusion.rgb import rgb_of
from occlusion.single_calls import found_as_item
from occlusion.workers import glip_worker
from occlusion.workers.worker_process import NO_WORKER, WorkerLimits, WorkerProcess

if TYPE_CHECKING:
    from PIL.Image import Image

GLIP_MODELS = tuple(sorted(glip_worker.GLIP_MODELS))
"""Models by name; that of the published method is `glip-l`."""

UV_RUN = ("uv", "run", "--script")

_MOST_KNOWN = 100_000


class GlipDetector:
    """Finds phrases by GLIP (MMDetection), which runs in an environment of its own.

    The phrases of an image are joined by ". " into one text; a box is given to a phrase by the place of the phrase in
    the text, and carries the caller's own string. A text longer than the model takes (256 tokens) is shared out among
    few texts; the image's backbone runs once for all of them. Boxes of one phrase are already suppressed (0.6).

    One worker, one question at a time. It ends with `close()`, with the object, and with this process.

    Source: GLIP (arXiv 2112.03857); threshold and size of CVC (arXiv 2508.04453).
    """

    def __init__(
        self,
        model: str = "glip-l",
        *,
        weights: str | Path | None = None,
        language_model: str | Path = "bert-base-uncased",
        box_threshold: float = 0.6,
        short_side_px: int = 800,
        device: str = "cpu",
        launcher: Sequence[str] = UV_RUN,
        limits: WorkerLimits | None = None,
        stderr_path: str | Path | None = None,
    ) -> None:
        """Start the worker.

        Args:
            model: one of `GLIP_MODELS`, or the path of a configuration of MMDetection (which then needs weights).
            weights: path or URL; None is the published ones, which the worker downloads; "random" is for tests.
            language_model: folder or hub id of the text encoder.
            box_threshold: a box is kept when its score is this or more.
            short_side_px: length that the image's short side is brought to.
            device: where the worker computes. On a GPU its mmcv must have been compiled with CUDA.
            launcher: what runs the worker's file. By default uv, which at the first start builds the worker's
                environment (it compiles: 15 minutes or more); `["/path/to/env/bin/python"]` takes one that you made.
            limits: times and sizes; by default an hour to start, ten minutes for an image.
            stderr_path: file for what the worker and its libraries print; a temporary one when None.

        Raises:
            MissingExtraError: the launcher is not installed.
            OcclusionError: `bad_option`, `worker_start`, `wrong_worker`.
        """
        if not 0 <= box_threshold <= 1 or short_side_px < 32:
            message = "box_threshold must be 0 to 1, short_side_px 32 or more; got "
            raise OcclusionError("bad_option", f"{message}{box_threshold}, {short_side_px}.")
        if shutil.which(launcher[0]) is None:
            raise MissingExtraError(launcher[0], "", command="pip install uv (or give launcher=[python of mmdet])")
        options = {"--model": model, "--weights": weights, "--language-model": language_model, "--device": device}
        options |= {"--short-side-px": short_side_px}
        arguments = [text for name, value in options.items() if value is not None for text in (name, str(value))]
        self._worker = WorkerProcess(
            [*launcher, glip_worker.__file__, *arguments],
            name="glip",
            protocol=glip_worker.PROTOCOL,
            limits=limits,
            stderr_path=stderr_path,
            env=_environment(),
        )
        self._threshold, self._token_ids = box_threshold, dict[str, Sequence[int]]()
        self._room = int(self._worker.greeting["max_text_tokens"]) - 2  # Without [CLS] and [SEP].

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions that the worker runs: `python`, `torch`, `mmdet`, `mmcv`, `transformers`."""
        return cast("Mapping[str, str]", self._worker.greeting["versions"])

    @property
    def stderr_path(self) -> Path:
        """File with everything that the worker and its libraries printed."""
        return self._worker.stderr_path

    def __call__(self, image: Image, phrases: Sequence[str]) -> list[Detection]:
        """Return what was found, best score first; the image may be of any mode.

        Raises:
            OcclusionError: what `refusal` returns for a phrase, `phrases_are_text`, `empty_phrase`,
                `duplicate_phrase`; `bad_image` (cut off); `not_a_number`, `out_of_memory`, `worker_error` (the worker
                lives on); `worker_died`, `worker_timeout`, `worker_garbage` (the next call starts a new
                one), and others of `WorkerProcess.ask`.
        """
        plain = normalized_phrases(phrases)
        if not plain:
            return []
        for refused in filter(None, self._refusals(plain)):
            raise refused
        costs = [len(self._token_ids[phrase]) + 1 for phrase in plain]  # And its ".".
        texts = pack(costs, self._room)
        question = {"do": "detect", "image": {"png_base64": png_base64(image)}, "min_score": self._threshold}
        answer = self._worker.ask({**question, "texts": [[plain[i] for i in text] for text in texts]})
        with self._whole_answers():
            rows = [(phrases[int(texts[text][phrase])], box, score) for text, phrase, *box, score in answer["found"]]
            size_wh = int(answer["size_wh"][0]), int(answer["size_wh"][1])
            boxed = [(phrase, clipped_box(box, size_wh), score) for phrase, box, score in rows]
            return by_score(Detection(phrase, box, score) for phrase, box, score in boxed if box is not None)

    def detect_many(self, items: Sequence[tuple[Image, Sequence[str]]]) -> list[list[Detection] | Undetected]:
        """Return one result for each (image, phrases), in order, asked one after the other.

        What a call with an item would raise is that item's result.

        Raises:
            OcclusionError: the worker does not start, or is closed.
        """
        return [found_as_item(partial(self, image, phrases), fatal=NO_WORKER) for image, phrases in items]

    def refusal(self, phrase: str) -> OcclusionError | None:
        """Return the error that a call with this phrase would raise, or None: ask first, and drop and count.

        Its reason is `phrase_too_long`, `special_token`, `no_token` or `empty_phrase`.
        """
        try:
            plain = normalized_phrases([phrase])
        except OcclusionError as error:
            return error
        return next(filter(None, self._refusals(plain)), None)  # a lost worker is raised: it is no phrase's fault

    def close(self) -> None:
        """End the worker."""
        self._worker.close()

    def __enter__(self) -> GlipDetector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refusals(self, plain: Sequence[str]) -> list[OcclusionError | None]:
        new = [phrase for phrase in plain if phrase not in self._token_ids]
        if new:
            if len(self._token_ids) + len(new) > _MOST_KNOWN:
                self._token_ids = {}
                new = list(plain)
            answer = self._worker.ask({"do": "tokens", "phrases": new})
            with self._whole_answers():
                self._token_ids |= dict(zip(new, answer["token_ids"], strict=True))
        special = self._worker.greeting["special_ids"]
        return [
            refusal_of(phrase, self._token_ids[phrase], room=self._room - 1, special_ids=special) for phrase in plain
        ]

    @contextmanager
    def _whole_answers(self) -> Generator[None]:
        """Take an answer apart; where that fails the worker ends, and the next question starts a new one."""
        try:
            yield
        except (LookupError, TypeError, ValueError) as error:
            self._worker.drop()
            message = f"worker must answer as its protocol says; {error!r} is wrong."
            raise OcclusionError("worker_garbage", message) from error


def png_base64(image: Image) -> str:
    """Return an image as the worker takes it.

    Raises:
        OcclusionError: `bad_image`.
    """
    file = io.BytesIO()
    rgb_of(image).save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _environment() -> dict[str, str]:
    """This process's own, less what would lead the worker to this process's packages."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in hidden} | {"MMCV_WITH_OPS": "1"}
