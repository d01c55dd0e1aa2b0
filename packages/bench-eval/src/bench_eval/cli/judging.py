"""Who judges: flags of judged tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from bench_eval.asking import Sampler
from bench_eval.errors import BenchEvalError
from bench_eval.runs import AskedJudge
from bench_eval.sampling import sampler_through

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class JudgeOptions:
    """What the flags say."""

    judge: str | None
    judge_backend: str
    judge_base_url: str | None
    judge_cache: Path | None
    judge_runs: int

    @classmethod
    def taken_from(cls, flags: dict[str, Any]) -> tuple[JudgeOptions, dict[str, Any]]:
        """Split a command's flags into those of the judge and the rest."""
        mine = {name: value for name, value in flags.items() if name.startswith("judge")}
        return cls(**mine), {name: value for name, value in flags.items() if name not in mine}

    def asked(self) -> AskedJudge | None:
        """The judge, or None where none was named."""
        if self.judge is None:
            return None
        if self.judge_backend == "server" and self.judge_base_url is None:
            raise BenchEvalError("a judge on a server needs --judge-base-url, as http://127.0.0.1:8000/v1.")
        return AskedJudge(name=self.judge, make_sampler=self._sampler, cache=self.judge_cache, runs=self.judge_runs)

    def _sampler(self) -> Sampler:
        from trial_sampler import Request, load_sampler

        sampler = load_sampler(str(self.judge), backend=self.judge_backend, base_url=self.judge_base_url)
        return sampler_through(sampler.sample, Request)


def judge_flags(command: CommandT) -> CommandT:
    """Add the flags that say who judges."""
    flags = [
        click.option("--judge", help="Model that judges answers (MM-Vet, MMHal-Bench, LLaVA-Bench): a pinned id, "
                     "printed with every score; it sees text alone."),
        click.option("--judge-backend", type=click.Choice(["server", "hf", "vllm"]), default="server",
                     show_default=True, help="Where the judge runs."),
        click.option("--judge-base-url", help="Address of the judge's server; key: OPENAI_API_KEY."),
        click.option("--judge-cache", type=click.Path(path_type=Path, dir_okay=False),
                     help="File of replies that several runs share; by default one in the run's folder."),
        click.option("--judge-runs", type=click.IntRange(min=1), default=1, show_default=True,
                     help="Times that each answer is judged."),
    ]  # fmt: skip
    for flag in reversed(flags):
        command = flag(command)
    return command
