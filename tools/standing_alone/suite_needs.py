"""What the tests and the example of each package need besides its core: one table, each row with its reason.

The wheels' own metadata say what the core needs; pytest and hypothesis come with every suite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TEST_TOOLS = ("pytest", "hypothesis")
"""Named in the root's dev group, whose ranges count."""

LATE_MODULES = (
    "huggingface_hub",
    "psutil",
    "pyarrow",
    "safetensors",
    "tokenizers",
    "torch",
    "torchvision",
    "transformers",
)
"""What tests import without a declaration, since it comes with an extra's library: missing where that is."""


@dataclass(frozen=True)
class Suite:
    """What a package's tests and its first README example need."""

    why: str
    """Reason for what follows."""
    extras: tuple[str, ...] = ()
    """Extras of the package, of tens of megabytes at most: always there when the tests run."""
    heavy_extras: tuple[str, ...] = ()
    """Extras with torch: with `--heavy` only. Without them those tests are skipped, and counted."""
    also: tuple[str, ...] = ()
    """Members and distributions of the dev group that tests use and the package rightly does not declare."""
    heavy_also: tuple[str, ...] = ()
    """The same, with `--heavy` only."""
    example: str = "core"
    """What the example needs: "core", "extras" (those above), "heavy", or in words why it cannot run alone."""
    heavy_tests: Mapping[str, str] = field(default_factory=dict)
    """Tests left out without `--heavy`, `file.py` or `file.py::test`, each with the reason: those that need torch in a
    way that no error shows. Whatever a ModuleNotFoundError shows is skipped anyway."""


SUITES: dict[str, Suite] = {
    "box-space": Suite("everything is in the core"),
    "shard-runner": Suite(
        "the command line, worker processes and addresses are extras; moto and Ray are too large to be tried here",
        extras=("cli", "workers", "remote", "datasets"),
    ),
    "occlusion": Suite(
        "entities need spaCy, GrabCut OpenCV, Parquet annotations pyarrow; models need torch",
        extras=("spacy", "grabcut", "parquet"),
        heavy_extras=("hf",),
        example="extras",
    ),
    "trial-sampler": Suite(
        "the server's sampler is light; the local one needs torch",
        extras=("server",),
        heavy_extras=("lora",),
        example="a checkpoint of 14 GB",
    ),
    "answer-judge": Suite(
        "ladders and labels are in the core; embedders carry torch",
        heavy_extras=("minilm", "bge"),
        heavy_tests={
            "test_thresholds.py::test_the_command_prints_the_curve_and_draws_it": "the command embeds by minilm"
        },
    ),
    "roi-attention": Suite(
        "maps of real models need torch; the resize that they are compared with is scikit-image's",
        heavy_extras=("hf",),
        also=("scikit-image",),
        heavy_also=("scene-world",),
        example="a checkpoint of 14 GB",
    ),
    "code-caption": Suite("rows are read back by the trainer's encoder where it is there", also=("llava-train",)),
    "svco-loss": Suite(
        "the loss is the core and needs torch; pairs, similarity and the trainer are extras",
        extras=("data",),
        heavy_extras=("train", "similarity", "datasets"),
        heavy_tests={
            "test_surface.py::test_public_names_are_pinned": "svco_loss.training says in its own words what it lacks",
            "test_surface.py::test_the_examples_in_docstrings_hold": "the same",
        },
        example="a model, and pixels of one's own",
    ),
    "llava-train": Suite(
        "mixing and conversions are in the core; training needs torch",
        heavy_extras=("hf",),
        example="a checkpoint of 14 GB, and rows of one's own",
    ),
    "bench-eval": Suite(
        "the command line and served models are extras; local models and the drawn world carry torch",
        extras=("server",),
        heavy_extras=("world",),
        heavy_tests={"test_world_task.py": "the world is drawn by a command with an extra of its own"},
    ),
    "run-report": Suite(
        "everything is in the core; pages are looked at in a browser where there is one", also=("selenium",)
    ),
    "scene-world": Suite(
        "the world is in the core, its tiny models need torch", heavy_extras=("models",), example="heavy"
    ),
}


def suite_of(name: str) -> Suite:
    """Return the row of a package; one without a row needs nothing."""
    return SUITES.get(name, Suite("no row: nothing besides the core"))
