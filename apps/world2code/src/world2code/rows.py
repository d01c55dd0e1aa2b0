"""Checked scenes as training rows: steps `rows` and `rows-CONTROL`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from shard_runner import Outcome, Row, Stage, StageFn, file_digest

from world2code.arms import SHAPES, Arm
from world2code.errors import InputError
from world2code.settings import W2cSettings
from world2code.sources import image_path, images_root

if TYPE_CHECKING:
    from code_caption import RowWording

ROWS = ("forms", "most_per_form", "box_form", "box_frame", "digits", "box_step", "seed")


def rows_stage(settings: W2cSettings, run_dir: Path, arm: Arm) -> Stage:
    """Make each scene's training rows; rows `{id, messages, images, form, stamp}`."""

    def make() -> StageFn:
        from code_caption import json_to_scene, scene_to_rows

        wording, text = row_wording(settings), settings.box_text()
        forms = settings.forms if arm.shape is None else SHAPES[arm.shape]

        def rows(batch: list[Row]) -> list[Outcome]:
            outcomes: list[Outcome] = []
            for row in batch:
                made = scene_to_rows(
                    json_to_scene(json.loads(row["scene"])),
                    row_id=row["id"],
                    image=str(image_path(row, settings, run_dir)),
                    size_wh=(row["width"], row["height"]),
                    forms=tuple(forms),
                    wording=wording,
                    box_text=text,
                    code=row["code"],
                    absent=absent_names(row),
                    seed=settings.seed,
                    most_per_form=settings.most_per_form,
                )
                outcomes.append([{**one, "stamp": row["stamp"]} for one in made.rows])
            return outcomes

        return rows

    config = settings.picked(*ROWS) | {"arm": arm.name, "wording": file_digest(settings.row_wording, error=InputError)}
    config |= {"images": str(images_root(settings).absolute())}  # whole paths: a folder that moved renews them
    return Stage(name=arm.step("rows"), make=make, config=config, inputs=(arm.rendered("render"),), batch_size=64)


def row_wording(settings: W2cSettings) -> "RowWording":
    """The texts of training rows.

    Raises:
        InputError: the file is no YAML of them.
    """
    from code_caption import CodeCaptionError, RowWording, dict_to_row_wording

    if settings.row_wording is None:
        return RowWording()
    try:
        return dict_to_row_wording(yaml.safe_load(settings.row_wording.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, CodeCaptionError) as error:
        raise InputError(f"--row-wording {settings.row_wording.name}: {' '.join(str(error).split())}") from error


def absent_names(row: Row) -> tuple[str, ...]:
    """Names that the model refused wherever a box had them: what is known not to be there."""
    from code_caption import json_to_scene

    refused = {drop["what"] for drop in row["drops"] if drop["rule"] == "existence" and drop["reason"] == "said_no"}
    return tuple(sorted(refused - set(json_to_scene(json.loads(row["scene"])).counts)))
