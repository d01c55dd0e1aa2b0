# /// script
# requires-python = "==3.11.*"
# dependencies = [
#     "mmcv==2.1.0",
#     "mmdet==3.3.0",
#     "mmengine>=0.10,<0.11",
#     "numpy<2",
#     "pillow>=10",
#     "setuptools<70",
#     "torch==2.4.1",
#     "torchvision==0.19.1",
#     "transformers<4.46",
# ]
#
# [tool.uv]
# build-constraint-dependencies = ["setuptools<70"]
# extra-build-dependencies = { mmcv = ["numpy<2", "setuptools<70", "torch==2.4.1"] }
# extra-build-variables = { mmcv = { MMCV_WITH_OPS = "1" } }
# ///
"""GLIP of MMDetection as a program of its own: lines of JSON in, lines of JSON out. `GlipDetector` starts it.

    uv sync --script glip_worker.py        once: compiles mmcv's operators, 15 minutes or more on two cores
    uv run --script glip_worker.py --model glip-t

Its requirements exclude those of every current library, hence the program of its own. First it greets:

    {"protocol": 1, "worker": "glip", "model": ..., "versions": {...}, "max_text_tokens": 256, "special_ids": [...]}

Then it answers each line (`WorkerProcess` says how errors look):

    {"id": 1, "do": "tokens", "phrases": ["cat"]}           {"id": 1, "token_ids": [[4937]]}
    {"id": 2, "do": "detect", "image": {"png_base64": ...},  {"id": 2, "size_wh": [640, 480],
     "texts": [["cat", "dog"]], "min_score": 0.6}             "found": [[text, phrase, x0, y0, x1, y1, score], ...]}

Each text is one pass of the language part; the image's backbone runs once for all.
The standard output carries answers alone: whatever libraries print goes to standard error. It ends when its input does.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

PROTOCOL = 1
_WEIGHTS = "https://download.openmmlab.com/mmdetection/v3.0/glip/"
GLIP_MODELS = {
    "glip-t": (
        "glip_atss_swin-t_fpn_dyhead_pretrain_obj365-goldg-cc3m-sub.py",
        f"{_WEIGHTS}glip_tiny_mmdet-c24ce662.pth",
    ),
    "glip-l": ("glip_atss_swin-l_fpn_dyhead_pretrain_mixeddata.py", f"{_WEIGHTS}glip_l_mmdet-abfe026b.pth"),
}
"""Configuration within MMDetection, and published weights, of each model by name."""


class BadRequestError(Exception):
    """A request that gets an error for an answer; the worker lives on."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Glip:
    """The model with its text and image pipelines."""

    def __init__(self, options: argparse.Namespace) -> None:
        from mmcv.transforms import Compose
        from mmdet.registry import MODELS
        from mmdet.utils import register_all_modules
        from mmengine.config import Config

        register_all_modules(init_default_scope=True)
        config = Config.fromfile(_config_path(options.model))
        config.model.language_model.name = options.language_model
        config.model.bbox_head.lang_model_name = options.language_model
        config.model.backbone.pop("init_cfg", None)
        self._model = MODELS.build(config.model)
        _load_weights(self._model, options.weights or _published(options.model))
        self._model.eval().to(options.device)
        self._published_min = float(self._model.bbox_head.test_cfg.score_thr)
        scale = (options.short_side_px, round(options.short_side_px * 1333 / 800))
        kept = ("ori_shape", "img_shape", "scale_factor")
        self._pipeline = Compose(
            [
                {"type": "mmdet.LoadImageFromNDArray"},
                {"type": "mmdet.FixScaleResize", "scale": scale, "keep_ratio": True, "backend": "pillow"},
                {"type": "mmdet.PackDetInputs", "meta_keys": kept},
            ]
        )

    def greeting(self) -> dict[str, Any]:
        """What the other side must know of the text part."""
        language = self._model.language_model
        return {"max_text_tokens": language.max_tokens, "special_ids": language.tokenizer.all_special_ids}

    def tokens(self, phrases: list[str]) -> dict[str, Any]:
        """Token ids of each phrase, without special tokens of our own adding."""
        tokenizer = self._model.language_model.tokenizer
        return {"token_ids": tokenizer(phrases, add_special_tokens=False)["input_ids"] if phrases else []}

    def detect(self, image: Any, texts: list[list[str]], min_score: float) -> dict[str, Any]:
        """Boxes of the phrases of each text, in pixels of the image."""
        import numpy as np
        import torch

        self._model.bbox_head.test_cfg.score_thr = min(
            self._published_min, min_score**2
        )  # Of scores before centrality.
        read = self._pipeline({"img": np.ascontiguousarray(np.asarray(image)[:, :, ::-1]), "img_id": 0})  # BGR.
        with torch.inference_mode():
            data = {"inputs": [read["inputs"]], "data_samples": [read["data_samples"]]}
            data = self._model.data_preprocessor(data, False)
            features, meta = self._model.extract_feat(data["inputs"]), data["data_samples"][0].metainfo
            found = [row for index, text in enumerate(texts) for row in self._one_text(features, meta, index, text)]
        return {"size_wh": list(image.size), "found": [row for row in found if row[-1] >= min_score]}

    def _one_text(self, features: Any, meta: dict[str, Any], index: int, phrases: list[str]) -> Iterator[list[float]]:
        import torch

        model = self._model
        caption, spans = model.to_plain_text_prompts(phrases)  # No noun phrases to find: no nltk.
        tokenized = model.language_model.tokenizer([caption], return_tensors="pt")
        label_to_tokens, _ = model.get_positive_map(tokenized, spans)
        outputs = model.bbox_head(tuple(level.clone() for level in features), model.language_model([caption]))
        if not all(torch.isfinite(level).all() for levels in outputs for level in levels):
            raise BadRequestError("not_a_number", "the model must give numbers; got nan or infinity.")
        (kept,) = model.bbox_head.predict_by_feat(
            *outputs, batch_img_metas=[meta], batch_token_positive_maps=[label_to_tokens], rescale=True
        )
        for label, box, score in zip(kept.labels.tolist(), kept.bboxes.tolist(), kept.scores.tolist(), strict=True):
            yield [index, label, *box, score]


def answer(glip: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """What one request gets, without its id."""
    if request.get("do") == "tokens":
        return glip.tokens(_texts(request.get("phrases")))
    if request.get("do") == "detect":
        texts, min_score = request.get("texts"), request.get("min_score")
        if not isinstance(texts, list) or not texts or not isinstance(min_score, (int, float)):
            raise BadRequestError("bad_request", "detect must have texts and a min_score.")
        return glip.detect(opened(request.get("image")), [_texts(text) for text in texts], float(min_score))
    raise BadRequestError("bad_request", f"do must be 'tokens' or 'detect'; got {request.get('do')!r}.")


def opened(image: Any) -> Any:
    """The picture of a request as RGB."""
    from PIL import Image

    fields = image if isinstance(image, dict) else {}
    try:
        data = base64.b64decode(fields["png_base64"], validate=True)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            return picture.convert("RGB")
    except Exception as error:  # Pillow raises many kinds on broken files.
        message = f"image must be a picture as png_base64: {type(error).__name__}: {error}"
        raise BadRequestError("bad_image", message) from error


def answer_line(glip: Any, line: bytes) -> dict[str, Any]:
    """What one line gets: an answer or an error, with the id of the line."""
    number = None
    try:
        request = json.loads(line)
        number = request["id"]
        return {**answer(glip, request), "id": number}
    except Exception as error:  # Whatever a request brings about, the next one gets its answer.
        traceback.print_exc()
        return {"id": number, "error": {"reason": _reason(error), "message": str(error) or type(error).__name__}}


def serve(load: Callable[[], Any], greeting: Mapping[str, Any]) -> None:
    """Load a model, greet, and answer until the input ends."""
    wire = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    lines = lines_until_alone(sys.stdin.buffer)
    glip = _loaded(load)
    _write(wire, {"protocol": PROTOCOL, "worker": "glip", **greeting, **glip.greeting()})
    for line in lines:
        _write(wire, answer_line(glip, line))


def _loaded(load: Callable[[], Any]) -> Any:
    """The model; without one the process ends at once, with the reason as its last words."""
    try:
        return load()
    except BaseException as error:  # SystemExit too. The interpreter aborts if it ends while the reader waits.
        if not isinstance(error, SystemExit):
            traceback.print_exc()
        kind = "" if isinstance(error, SystemExit) else f"{type(error).__name__}: "
        print(kind + " ".join(str(error).split()), file=sys.stderr, flush=True)
        os._exit(1)


def lines_until_alone(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of the input; the process ends with it, even in the middle of an answer."""
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        for line in stream:
            inbox.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return iter(inbox.get, None)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="GLIP, asked by lines of JSON; see the head of the file.")
    parser.add_argument(
        "--model", required=True, help=f"one of {', '.join(GLIP_MODELS)}, or the path of a configuration"
    )
    parser.add_argument("--weights", default="", help="path or URL; `random` for tests; those published when left out")
    parser.add_argument("--language-model", default="bert-base-uncased", help="folder or hub id of the text encoder")
    parser.add_argument(
        "--short-side-px", type=int, default=800, help="length that the image's short side is brought to"
    )
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    names = ("torch", "mmdet", "mmcv", "transformers")
    versions = {"python": sys.version.split()[0]}
    serve(
        lambda: Glip(options), {"model": options.model, "versions": versions | {name: version(name) for name in names}}
    )


def _config_path(model: str) -> Path:
    import mmdet

    if model not in GLIP_MODELS:
        return Path(model)
    return Path(mmdet.__path__[0]) / ".mim/configs/glip" / GLIP_MODELS[model][0]


def _published(model: str) -> str:
    if model not in GLIP_MODELS:
        raise SystemExit(f"--weights must be given with a configuration of your own; got --model {model}.")
    return GLIP_MODELS[model][1]


def _load_weights(model: Any, place: str) -> None:
    """Load weights, pickled code refused; every parameter must be there."""
    import torch

    if place == "random":
        return
    if "://" in place:
        state = torch.hub.load_state_dict_from_url(place, map_location="cpu", check_hash=True, weights_only=True)
    else:
        state = torch.load(place, map_location="cpu", weights_only=True)
    missing, unexpected = model.load_state_dict(state.get("state_dict", state), strict=False)
    if missing:
        raise SystemExit(
            f"{place} must have all weights of the model; {len(missing)} are missing, such as {missing[:3]}."
        )
    print(f"weights of {place}: {len(unexpected)} not used {unexpected[:3]}", file=sys.stderr)


def _texts(phrases: Any) -> list[str]:
    if not isinstance(phrases, list) or not all(isinstance(phrase, str) for phrase in phrases):
        raise BadRequestError("bad_request", "phrases must be a list of texts.")
    return phrases


def _reason(error: Exception) -> str:
    if isinstance(error, BadRequestError):
        return error.reason
    return "out_of_memory" if type(error).__name__ == "OutOfMemoryError" else "worker_error"


def _write(wire: Any, answered: Mapping[str, Any]) -> None:
    wire.write(json.dumps(answered) + "\n")
    wire.flush()


if __name__ == "__main__":
    main()
