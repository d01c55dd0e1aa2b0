"""Pretrains the tiny VLM from nothing, on one or two processor cores.

    python -m scene_world.pretrain --out checkpoints/tiny-vlm          # the shipped recipe
    python -m scene_world.pretrain --out try --steps 200 --horizon 300 --anneal-steps 100   # a look at it

Three phases with fixed step counts: the vision tower learns to name patches; everything learns to talk about scenes; a
short last phase adds a few questions about hidden things, so that the model knows the task and has room to get better.
The same command continues after an interruption.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from scene_world.curriculum import Example, Plan, example
from scene_world.curve import curve_svg
from scene_world.packing import Branch, Encoder, pack
from scene_world.patch_words import PatchWords
from scene_world.tiny_vlm import WIDTH, build_model, build_processor, build_tokenizer


@dataclass(frozen=True)
class Recipe:
    """The shipped recipe; one run of it made the checkpoint in this package."""

    warmup_steps: int = 400
    warmup_images: int = 48
    steps: int = 8_600
    """Steps over everything, the last phase included."""
    images: int = 10
    completion_steps: int = 1_350
    """Length of the last phase, the only one with questions about hidden things."""
    completions: float = 0.5
    """In the last phase: chance that an image with a hidden thing asks what is hidden."""
    learning_rate: float = 2.5e-3
    horizon: int = 12_000
    """The rate falls slowly at first, as if there were so many steps..."""
    anneal_steps: int = 4_000
    """...and in a straight line to zero over the last ones."""
    patch_words: float = 0.5
    """Weight of the warm-up loss in the later phases."""
    layers: int = 5
    seed: int = 0


class Pretraining:
    """Model, optimisers and position of one pretraining run."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.tokenizer = build_tokenizer()
        self.encoder = Encoder(self.tokenizer)
        self.model = build_model(self.tokenizer, layers=recipe.layers, seed=recipe.seed)
        self.words = PatchWords(self.tokenizer, WIDTH)
        self.optimizers = _optimizers(self.model, self.words, recipe.learning_rate)
        self.step = 0
        self.history: list[dict[str, float]] = []

    @property
    def total_steps(self) -> int:
        """Warm-up and main steps together."""
        return self.recipe.warmup_steps + self.recipe.steps

    def advance(self) -> dict[str, float]:
        """One optimiser step; returns its losses."""
        recipe = self.recipe
        losses = self._warmup_losses() if self.step < recipe.warmup_steps else self._main_losses()
        sum(losses.values(), torch.zeros(())).backward()
        parameters = [*self.model.parameters(), *self.words.parameters()]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        rate = recipe.learning_rate * _schedule(self.step, recipe)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return {name: loss.item() for name, loss in losses.items()}

    def examples(self) -> list[Example]:
        """The examples of the current step."""
        recipe = self.recipe
        if self.step < recipe.warmup_steps:
            first, count = self.step * recipe.warmup_images, recipe.warmup_images
        else:
            done = self.step - recipe.warmup_steps
            first, count = recipe.warmup_steps * recipe.warmup_images + done * recipe.images, recipe.images
        main = (self.step - recipe.warmup_steps) / recipe.horizon
        left = self.total_steps - self.step
        plan = Plan(
            dense=0.6 if main < 0.12 else 0.2,
            completions=recipe.completions if left <= recipe.completion_steps else 0.0,
            is_late=left <= recipe.anneal_steps,
        )
        return [example(self.encoder, i, plan) for i in range(first, first + count)]

    def _warmup_losses(self) -> dict[str, Tensor]:
        batch = self.examples()
        return {"patches": self._patch_loss(image_tokens(self.model, [e.image for e in batch]), batch)}

    def _main_losses(self) -> dict[str, Tensor]:
        batch = self.examples()
        images = [image for e in batch for image in (e.image, *e.crops)]
        tokens = image_tokens(self.model, images)
        answers = _answer_loss(self.model, self.encoder, tokens, [e.branches for e in batch])
        whole = np.cumsum([0] + [1 + len(e.crops) for e in batch[:-1]])
        patches = self._patch_loss(tokens[torch.from_numpy(whole)], batch)
        return {
            "answers": answers,
            "patches": self.recipe.patch_words * patches,
        }

    def _patch_loss(self, tokens: Tensor, batch: Sequence[Example]) -> Tensor:
        labels = torch.from_numpy(np.stack([e.labels for e in batch]))
        return self.words(tokens, self.model.get_input_embeddings().weight, labels)

    def save(self, folder: Path) -> None:
        """Writes the resumable state next to the history; the file is replaced in one move."""
        folder.mkdir(parents=True, exist_ok=True)
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "words": self.words.state_dict(),
            "optimizers": [o.state_dict() for o in self.optimizers],
        }
        torch.save(state, folder / "state.tmp")
        (folder / "state.tmp").replace(folder / "state.pt")
        record = {"recipe": asdict(self.recipe), "history": self.history}
        (folder / "history.json").write_text(json.dumps(record, indent=1))

    def load(self, folder: Path) -> bool:
        """Continues from a saved state where there is one."""
        if not (folder / "state.pt").exists():
            return False
        state = torch.load(folder / "state.pt", weights_only=True)
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.words.load_state_dict(state["words"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.history = json.loads((folder / "history.json").read_text())["history"]
        return True

    def export(self, folder: Path) -> None:
        """Writes the checkpoint that users load (float16 safetensors, processor) and the record of its making."""
        self.model.half().save_pretrained(folder)
        build_processor(self.tokenizer).save_pretrained(folder)
        self.model.float()
        versions = {name: version(name) for name in ("torch", "transformers", "tokenizers", "numpy", "pillow")}
        record = {"recipe": asdict(self.recipe), "versions": versions, "history": self.history}
        (folder / "pretraining.json").write_text(json.dumps(record, indent=1) + "\n")
        main = [h for h in self.history if "answers" in h]
        warmup, last = self.recipe.warmup_steps, self.total_steps - self.recipe.completion_steps
        marks = [(warmup, "everything"), (last, "hidden things too")]
        svg = curve_svg([int(h["step"]) for h in main], [h["answers"] for h in main], marks)
        (folder / "pretraining.svg").write_text(svg)


def image_tokens(model: Any, images: Sequence[np.ndarray[Any, Any]]) -> Tensor:
    """Projected patches `(B, 16, D)`, with the normalisation of the processor."""
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()
    states = model.model.vision_tower((pixels / 255 - 0.5) / 0.25, output_hidden_states=True).hidden_states[-1]
    return model.model.multi_modal_projector(states[:, 1:])


def answer_loss(
    model: Any, encoder: Encoder, images: Sequence[np.ndarray[Any, Any]], branches: Sequence[Sequence[Branch]]
) -> Tensor:
    """Weighted mean of -log p over the answers of a packed batch.

    Args:
        model: of `build_model`.
        encoder: that made the branches.
        images: RGB, `(96, 96, 3)`, in the order in which the rows name them.
        branches: those of each row.
    """
    return _answer_loss(model, encoder, image_tokens(model, images), branches)


def _answer_loss(model: Any, encoder: Encoder, tokens: Tensor, branches: Sequence[Sequence[Branch]]) -> Tensor:
    packed = pack(encoder, branches)
    embedded = model.get_input_embeddings()(packed.ids_B_L)
    is_image = (packed.ids_B_L == encoder.image_id)[..., None]
    hidden = model.model.language_model(
        inputs_embeds=embedded.masked_scatter(is_image, tokens),
        attention_mask=packed.mask_B_1_L_L,
        position_ids=packed.positions_B_L,
    ).last_hidden_state[:, :-1]
    target, weight = packed.labels_B_L[:, 1:], packed.weights_B_L[:, 1:]
    used = target != -100
    each = functional.cross_entropy(model.lm_head(hidden[used]), target[used], reduction="none")
    return (each * weight[used]).sum() / weight[used].sum()


def _schedule(step: int, recipe: Recipe) -> float:
    """Share of the peak learning rate, 0 to 1: each phase starts with a linear rise; see `Recipe` for the fall."""
    if step < recipe.warmup_steps:
        return _rise_and_fall(step, recipe.warmup_steps)
    done = step - recipe.warmup_steps
    left = recipe.steps - done
    if left > recipe.anneal_steps:
        return _rise_and_fall(done, recipe.horizon)
    start = _rise_and_fall(max(0, recipe.steps - recipe.anneal_steps), recipe.horizon)
    return start * left / recipe.anneal_steps


def _rise_and_fall(step: int, steps: int) -> float:
    share = (step + 1) / (steps + 1)
    return min(1.0, share / 0.03) * (1 - share) ** 0.7


def _optimizers(model: nn.Module, words: nn.Module, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for all else."""
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and ".layers." in n]
    chosen = {id(p) for p in matrices}
    rest = [p for p in (*model.parameters(), *words.parameters()) if id(p) not in chosen]
    muon = torch.optim.Muon(matrices, lr=rate, weight_decay=0.02, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.0)]


def pretrain(recipe: Recipe, folder: Path, *, save_every: int = 1_000) -> Pretraining:
    """Runs a recipe to its end, or continues it, and writes the checkpoint to `folder`."""
    run = Pretraining(recipe)
    if run.load(folder / "state"):
        print(f"continuing at step {run.step} of {run.total_steps}", flush=True)
    start, first = time.time(), run.step
    run.model.train()
    while run.step < run.total_steps:
        losses = run.advance()
        if run.step % 100 == 0 or run.step == run.total_steps:
            run.history.append({"step": run.step, **losses})
            speed = (run.step - first) / (time.time() - start)
            print(f"{run.step:6d} {losses} {speed:.2f} steps/s", flush=True)
        if run.step % save_every == 0 or run.step == run.total_steps:
            run.save(folder / "state")
    run.model.eval()
    run.export(folder)
    return run


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scene_world.pretrain", description=__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the checkpoint; its state/ lets a run continue"
    )
    parser.add_argument("--threads", type=int, default=1)
    defaults = Recipe()
    for name, value in asdict(defaults).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    values = vars(parser.parse_args())
    out, threads = values.pop("out"), values.pop("threads")
    torch.set_num_threads(threads)
    pretrain(Recipe(**values), out)


if __name__ == "__main__":
    main()
