"""Texts in varied styles by a language model: `svco prepare diversify`."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from svco_loss.pairs import CheckedPairs, diversify_pairs

from svco.errors import InputError
from svco.preparing.claims import claim, count_text
from svco.preparing.options import debug_option, out_file, pairs_file, seed_option
from svco.preparing.usable import read_usable

if TYPE_CHECKING:
    from trial_sampler import Sampler, SampleResult


@click.command("diversify", short_help="Pairs with texts rewritten by a language model.")
@pairs_file
@click.option("--model", required=True, help="Folder or Hub id of a chat VLM, or the name under which it is served.")
@click.option(
    "--backend",
    type=click.Choice(["hf", "vllm", "server"]),
    default="hf",
    show_default=True,
    help="What answers: transformers or vLLM in this process, or any OpenAI-compatible server.",
)
@click.option("--base-url", help="Address of the server; its key is read from OPENAI_API_KEY.")
@click.option(
    "--temperature", type=click.FloatRange(min=0), default=0.7, show_default=True, help="Of the replies; 0: greedy."
)
@click.option(
    "--max-new-tokens", type=click.IntRange(min=1), default=512, show_default=True, help="Longest reply in tokens."
)
@seed_option
@out_file
@debug_option
def diversify_command(
    mvc: Path,
    model: str,
    backend: str,
    base_url: str | None,
    temperature: float,
    max_new_tokens: int,
    seed: int,
    out: Path,
) -> None:
    """Pairs with question and texts rewritten in varied styles by a language model, in two stages.

    MVC is any MVC JSON; images are neither opened nor sent. A pair whose rewriting loses what tells the two texts
    apart keeps its own texts; which and why stands under `unchanged` beside --out. Paths stay as they are.

    \b
      svco prepare diversify mvc.json --model Qwen/Qwen3-8B --backend server \\
          --base-url http://127.0.0.1:8000/v1 --out varied.json
    """
    from trial_sampler import load_sampler

    claimed = claim("diversify", out, source=mvc)
    found = read_usable(mvc)
    claimed.require_some(found)
    sampler = load_sampler(model, backend=backend, base_url=base_url)
    rewriter = SampledRewriter(sampler, temperature=temperature, max_new_tokens=max_new_tokens, seed=seed)
    done = diversify_pairs(found.pairs, rewriter, seed=seed)
    same = [one for one in done.rewritings if one.reason != "rewritten"]
    if len(same) == len(done.pairs):
        raise InputError(f"No pair could be rewritten ({count_text([one.reason for one in same])}): {same[0].detail}.")
    kept = f", {len(same)} with their own texts ({count_text([one.reason for one in same])})" if same else ""
    note = f"; {len(done.pairs) - len(same)} rewritten{kept}"
    unchanged = [one._asdict() for one in same]
    claimed.write_pairs(CheckedPairs(done.pairs, found.refused), images=mvc.parent, note=note, unchanged=unchanged)


class SampledRewriter:
    """A `svco_loss.pairs.Rewriter` on a sampler: one trial of each prompt, without images.

    A reply depends on seed and prompt, not on where the prompt stands.
    """

    def __init__(self, sampler: "Sampler", *, temperature: float, max_new_tokens: int, seed: int) -> None:
        self._sampler, self._temperature = sampler, temperature
        self._max_new_tokens, self._seed = max_new_tokens, seed

    def __call__(self, prompts: Sequence[str], /) -> list[str | Exception]:
        """Answer each prompt, in order, with text or the error that it met."""
        from trial_sampler import Request

        ids = [hashlib.blake2b(prompt.encode("utf-8"), digest_size=16).hexdigest() for prompt in prompts]
        requests = [
            Request(
                id=prompt_id,
                messages=[{"role": "user", "content": prompt}],
                temperature=self._temperature,
                max_new_tokens=self._max_new_tokens,
                seed=self._seed,
            )
            for prompt_id, prompt in dict(zip(ids, prompts, strict=True)).items()
        ]
        replies = {result.id: _reply(result) for result in self._sampler.sample(requests)}
        return [replies[prompt_id] for prompt_id in ids]


def _reply(result: "SampleResult") -> str | Exception:
    return RuntimeError(str(result.error)) if result.error else result.trials[0].text
