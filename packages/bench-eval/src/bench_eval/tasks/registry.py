"""Every task by its name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from bench_eval.errors import BenchEvalError
from bench_eval.tasks.task import Task

_MODULES = {
    "mmvp": ["MMVP"],
    "cv_bench": ["CV_BENCH"],
    "real_world_qa": ["REAL_WORLD_QA"],
    "text_vqa": ["TEXTVQA", "TEXTVQA_OCR"],
    "science_qa": ["SCIENCE_QA"],
    "mm_vet": ["MM_VET"],
    "mm_hal": ["MM_HAL"],
    "llava_bench": ["LLAVA_BENCH"],
    "vqa_v2": ["VQAV2", "VQAV2_TEST_DEV"],
    "gqa": ["GQA"],
    "viz_wiz": ["VIZWIZ", "VIZWIZ_TEST"],
    "ok_vqa": ["OKVQA"],
    "pope": ["POPE"],
    "mme": ["MME"],
    "mm_bench": ["MM_BENCH"],
    "seed_bench": ["SEED_BENCH", "SEED_BENCH_IMAGE"],
    "mm_star": ["MM_STAR"],
    "mmmu": ["MMMU"],
    "seed_bench_2_plus": ["SEED_BENCH_2_PLUS"],
    "ref_coco": ["REF_COCO", "REF_COCO_SPLITS"],
    "doc_vqa": ["DOCVQA"],
    "chart_qa": ["CHARTQA"],
    "winoground": ["WINOGROUND"],
    "fine_grained": ["FINE_GRAINED"],
    "world": ["WORLD"],
}
"""Constants of each module, in the order of `bench-eval list`."""


@cache
def known_tasks() -> Mapping[str, Task]:
    """Every task by its name."""
    found: dict[str, Task] = {}
    for module, names in _MODULES.items():
        for name in names:
            value = getattr(import_module(f"bench_eval.tasks.{module}"), name)
            for task in value if isinstance(value, tuple) else (value,):
                found[task.name] = task
    return found


def all_tasks() -> list[Task]:
    """Every task, in the order of `bench-eval list`."""
    return list(known_tasks().values())


def task_names() -> list[str]:
    """Names of all tasks."""
    return list(known_tasks())


def find_task(name: str) -> Task:
    """Return the task of a name; `file:PATH` is a JSON list of questions of your own.

    Raises:
        BenchEvalError: there is none of that name; the text names the nearest. Or a file has the name of a task.

    >>> find_task("mmvp").title
    'MMVP'
    """
    if name.startswith("file:"):
        from bench_eval.tasks.question_files_task import question_file_task

        path = Path(name.removeprefix("file:"))
        if not path.stem or path.stem in known_tasks():
            raise BenchEvalError(
                f"a question file gives its task its name, which must be one of its own; got {str(path)!r}."
            )
        return question_file_task(path)
    if name not in known_tasks():
        near = difflib.get_close_matches(name, known_tasks(), n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise BenchEvalError(f"there is no task {name!r}; {hint}`bench-eval list` names all.")
    return known_tasks()[name]
