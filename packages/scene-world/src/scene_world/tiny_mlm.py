"""The tiny masked language model: RoBERTa, trained on the world's captions, for scoring what a caption implies.

python -m scene_world.tiny_mlm --out checkpoints/tiny-mlm
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from scene_world.errors import require
from scene_world.language import CAPTION_STYLES, caption
from scene_world.scene import sample_scene

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast, RobertaForMaskedLM

_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
_MASKED_SHARE = 0.2


def tiny_mlm_path() -> Path:
    """The folder of the pretrained tiny masked language model: a `RobertaForMaskedLM` checkpoint with its tokenizer."""
    return Path(__file__).parent / "checkpoints" / "tiny-mlm"


def captions(start: int = 0) -> Iterator[str]:
    """Endless captions of training scenes, all styles in turn."""
    index = start
    while True:
        yield caption(sample_scene("train", index), CAPTION_STYLES[index % len(CAPTION_STYLES)])
        index += 1


def build_mlm_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with RoBERTa's special tokens; every word of the world is one token."""
    require("transformers", "models")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        min_frequency=20,
        special_tokens=_SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    source = captions()
    tokenizer.train_from_iterator((next(source) for _ in range(3000)), trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)  # pyright: ignore[reportAttributeAccessIssue]
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=126,
    )


def build_mlm(tokenizer: PreTrainedTokenizerFast, seed: int = 0) -> RobertaForMaskedLM:
    """A freshly initialised RoBERTa: 3 layers, 96 wide."""
    import torch
    from transformers import RobertaConfig, RobertaForMaskedLM

    torch.manual_seed(seed)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=96,
        intermediate_size=256,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=128,
        type_vocab_size=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    return RobertaForMaskedLM(config)


def pretrain_mlm(
    folder: Path, *, steps: int = 3000, batch: int = 48, learning_rate: float = 2e-3, seed: int = 0
) -> float:
    """Trains the model and writes it to `folder` in float16; returns the last loss (nats a masked token)."""
    import torch

    tokenizer = build_mlm_tokenizer()
    model = build_mlm(tokenizer, seed).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.01)
    source, rng, generator = captions(), random.Random(seed), torch.Generator().manual_seed(seed)
    start, mean = time.time(), 0.0
    for step in range(steps):
        inputs, labels = _masked_batch(tokenizer, [next(source) for _ in range(batch)], rng, generator)
        loss = model(**inputs, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * min(1.0, (step + 1) / 100) * (1 - step / steps)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        mean = loss.item() if step == 0 else 0.98 * mean + 0.02 * loss.item()
        if (step + 1) % 200 == 0:
            print(f"{step + 1:6d} loss {mean:.3f} {(step + 1) / (time.time() - start):.1f} steps/s", flush=True)
    model.eval().half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return mean


def _masked_batch(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], rng: random.Random, generator: torch.Generator
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Masks a fifth of the tokens, at least one of each caption; the mask token always, as at scoring time."""
    import torch

    encoded = tokenizer(texts, return_tensors="pt", padding=True)
    ids = encoded["input_ids"]
    inner = (ids != 0) & (ids != 1) & (ids != 2)
    chosen = inner & (torch.rand(ids.shape, generator=generator) < _MASKED_SHARE)
    for row in range(len(texts)):
        if not chosen[row].any():
            chosen[row, rng.choice(inner[row].nonzero().flatten().tolist())] = True
    labels = torch.where(chosen, ids, -100)
    encoded["input_ids"] = ids.masked_fill(chosen, _SPECIAL.index("<mask>"))
    return dict(encoded), labels


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scene_world.tiny_mlm", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000)
    args = parser.parse_args()
    pretrain_mlm(args.out, steps=args.steps)


if __name__ == "__main__":
    main()
