"""Who judges: flags of judged tasks."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from bench_eval.asking import Sampler
from bench_eval.cli.models import model_identity
from bench_eval.runs import AskedJudge
from bench_eval.sampling import sampler_through

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

JUDGE_KEY = "JUDGE_API_KEY"
"""Environment variable of the judge's key."""


@dataclass(frozen=True, kw_only=True)
class JudgeOptions:
    """What the flags say."""

    judge: str | None
    judge_backend: str
    judge_base_url: str | None
    judge_cache: Path | None
    judge_runs: int
    _opened: list[Any] = field(default_factory=list[Any], repr=False)

    @classmethod
    def taken_from(cls, flags: dict[str, Any]) -> tuple[JudgeOptions, dict[str, Any]]:
        """Split a command's flags into those of the judge and the rest."""
        mine = {name: value for name, value in flags.items() if name.startswith("judge")}
        return cls(**mine), {name: value for name, value in flags.items() if name not in mine}

    def asked(self) -> AskedJudge | None:
        """The judge, or None where none was named.

        Raises:
            click.UsageError: a judge on a server has no address, one in this process has one, or an address stands
                without a judge.
        """
        if self.judge is None and self.judge_base_url is not None:
            raise click.UsageError("--judge-url is read with --judge, which names the model; it was not given.")
        if self.judge is None:
            return None
        if self.judge_backend != "server" and self.judge_base_url is not None:
            raise click.UsageError(f"--judge-url is read by --judge-backend server; got {self.judge_backend}.")
        if self.judge_backend == "server" and self.judge_base_url is None:
            raise click.UsageError("a judge on a server needs --judge-url, as http://127.0.0.1:8000/v1.")
        name = model_identity(self.judge, self.judge_backend)
        name = self.judge if name == self.judge else f"{self.judge} {name[:12]}"
        return AskedJudge(name=name, make_sampler=self._sampler, cache=self.judge_cache, runs=self.judge_runs)

    def _sampler(self) -> Sampler:
        from trial_sampler import Request, load_sampler

        if not self._opened:
            settings = _server_settings() if self.judge_backend == "server" else None
            self._opened.append(
                load_sampler(
                    str(self.judge), backend=self.judge_backend, base_url=self.judge_base_url, settings=settings
                )
            )
        return sampler_through(self._opened[0].sample, Request)


def _server_settings() -> Any:
    """The judge may live elsewhere than the model, and neither should get the other's key."""
    from trial_sampler.server import ServerSettings

    return ServerSettings(api_key_variable=JUDGE_KEY if os.environ.get(JUDGE_KEY) else "OPENAI_API_KEY")


def judge_flags(command: CommandT) -> CommandT:
    """Add the flags that say who judges."""
    flags = [
        click.option("--judge", help="Model that judges answers (MM-Vet, MMHal-Bench, LLaVA-Bench): a pinned id, "
                     "printed with every score; it sees text alone."),
        click.option("--judge-backend", type=click.Choice(["server", "hf", "vllm"]), default="server",
                     show_default=True, help="Where the judge runs."),
        click.option("--judge-url", "judge_base_url", help="Address of the judge's server, as "
                     "http://127.0.0.1:8000/v1; its key is JUDGE_API_KEY of the environment, or else OPENAI_API_KEY."),
        click.option("--judge-cache", type=click.Path(path_type=Path, dir_okay=False),
                     help="File of replies that several runs share; by default one in the run's folder."),
        click.option("--judge-runs", type=click.IntRange(min=1), default=1, show_default=True,
                     help="Times that each answer is judged."),
    ]  # fmt: skip
    for flag in reversed(flags):
        command = flag(command)
    return command
