"""Fine-grained classification: what kind of bird, aircraft, dog, lesion, chest or leaf is in the picture, and why?

The data are folders as SelfSynthX lays them out: `SET/SET-test.json`, a list of `{id, img_path, label}`, with paths
from the folder above. The answer is free text, in which the name of the class is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import RowError
from bench_eval.measures import mean_measure
from bench_eval.measures.naming_measure import naming_measure
from bench_eval.rules.class_names import class_name_grader, grade_label_letters
from bench_eval.tasks.asking_forms import user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need
from bench_eval.tasks.json_entries import json_entries
from bench_eval.tasks.task import Profile, Task

CHEST_NAMES = {
    "normal": (
        "no pneumonia",
        "no sign of pneumonia",
        "no signs of pneumonia",
        "no evidence of pneumonia",
        "normal chest",
        "normal x-ray",
        "normal radiograph",
        "x-ray is normal",
        "x-ray appears normal",
        "x-ray looks normal",
        "radiograph is normal",
        "healthy",
    ),
}
"""Not `normal` alone: an answer that finds pneumonia may call the heart normal."""
CHEST_NAMES["no pneumonia"] = CHEST_NAMES["normal"]
LESION_NAMES = {
    "melanocytic nevi": ("melanocytic nevi", "melanocytic nevus", "melanocytic naevus", "nevus", "naevus", "nevi"),
    "benign keratosis-like lesions": (
        "benign keratosis-like lesions",
        "benign keratosis-like lesion",
        "benign keratosis",
        "seborrheic keratosis",
        "seborrhoeic keratosis",
        "solar lentigo",
        "lichen planus-like keratosis",
    ),
    "actinic keratoses": (
        "actinic keratoses",
        "actinic keratosis",
        "bowen's disease",
        "bowen disease",
        "intraepithelial carcinoma",
    ),
    "basal cell carcinoma": ("basal cell carcinoma", "basalioma"),
    "vascular lesions": (
        "vascular lesions",
        "vascular lesion",
        "angioma",
        "hemangioma",
        "haemangioma",
        "angiokeratoma",
    ),
}
"""What the classes of HAM10000 are called besides."""
for _one, _several in (
    ("melanocytic nevus", "melanocytic nevi"),
    ("benign keratosis", "benign keratosis-like lesions"),
    ("actinic keratosis", "actinic keratoses"),
    ("vascular lesion", "vascular lesions"),
):
    LESION_NAMES[_one] = LESION_NAMES[_several]


def read_fine_grained(key: str, question: str, task: str) -> Callable[[DataFolder], Iterator[Row]]:
    """Make the reader of `KEY/KEY-test.json`; every row lists the `labels` of the whole file.

    Raises (at the first row) FileError where the file is missing or no list, RowError where an item lacks a field.
    """

    def read(folder: DataFolder) -> Iterator[Row]:
        path = folder.file(f"{key}/{key}-test.json", f"{key}-test.json")
        items = [_item(item, where) for where, item in json_entries(path)]
        labels = sorted({label for _, _, label in items})
        for row_id, image, label in items:
            yield {
                "id": row_id,
                "task": task,
                "cluster": image,
                "image": folder.image(image),
                "messages": user_turn(question),
                "answer": label,
                "labels": labels,
            }

    return read


def _item(row: Mapping[str, Any], where: str) -> tuple[str, str, str]:
    row_id, image, label = (str(need(row, name, where)).strip() for name in ("id", "img_path", "label"))
    if not label:
        raise RowError(f"{where}: label must be the name of a class; got nothing.")
    return row_id, image, label


def fine_grained_task(
    key: str,
    *,
    name: str,
    title: str,
    question: str,
    licence: str,
    address: str,
    paper: str,
    n: int | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
    by_label: bool = False,
    notes: tuple[str, ...] = (),
) -> Task:
    """Make a task of a folder laid out as SelfSynthX does.

    Args:
        key: of the set, which names its folder and its file.
        name: of the task.
        title: as people write it.
        question: asked of every picture.
        licence: of the data.
        address: of their owners.
        paper: that describes them.
        n: pictures of the test split, where there is an official one.
        names: what labels are called besides, as `class_name_grader` takes it.
        by_label: whether figures are given class by class, for sets of few classes.
        notes: for the data card.
    """
    own = Profile(
        name="selfsight",
        grader=class_name_grader(names),
        measure=naming_measure(by_label=by_label),
        rule="The class must be named in whole words, by its label or another known name, and no other class beside.",
    )
    published = Profile(
        name="selfsynthx",
        grader=grade_label_letters,
        measure=mean_measure(by=["answer"] if by_label else []),
        rule="The answer contains the label's letters once digits and marks are deleted, so that 737-200 is in nearly "
        "every answer, 'no pneumonia' contains pneumonia and a list of names contains each of them.",
    )
    files = (
        DataFile(path=f"{key}/{key}-test.json", what="JSON list of id, img_path (from this folder) and label"),
        DataFile(path=f"{key}/", what="the pictures, where img_path says"),
    )
    return Task(
        name=name,
        title=title,
        read=read_fine_grained(key, question, name),
        decoding=Decoding(max_new_tokens=256),
        profiles=(own, published),
        card=DataCard(
            licence=licence, address=address, files=files, split="test", n=n, paper=paper, notes=(*notes, _UNSPLIT)
        ),
    )


_UNSPLIT = "SelfSynthX publishes no lists, so scores compare only where the same list and spelling of labels are used."

CUB_200 = fine_grained_task(
    "cub-200",
    name="cub_200",
    title="CUB-200-2011 birds",
    question="Which bird species is this? Name it and say which features of the bird show it.",
    licence="not stated",
    address="https://www.vision.caltech.edu/datasets/cub_200_2011/",
    paper="Wah et al. 2011, The Caltech-UCSD Birds-200-2011 Dataset",
    n=5794,
)
"""200 species."""
FGVC_AIRCRAFT = fine_grained_task(
    "fgvc",
    name="fgvc_aircraft",
    title="FGVC-Aircraft",
    question="Which aircraft model is this? Name it and say which features of the aircraft show it.",
    licence="for non-commercial research only",
    address="https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/",
    paper="Maji et al. 2013, Fine-Grained Visual Classification of Aircraft, arXiv 1306.5151",
    n=3333,
    notes=("Labels may be variants (737-200), families or makers with variants: the list decides.",),
)
"""100 variants, where the list takes those."""
STANFORD_DOGS = fine_grained_task(
    "stanford_dogs",
    name="stanford_dogs",
    title="Stanford Dogs",
    question="Which dog breed is this? Name it and say which features of the dog show it.",
    licence="not stated",
    address="http://vision.stanford.edu/aditya86/ImageNetDogs/",
    paper="Khosla et al. 2011, Novel Dataset for Fine-Grained Image Categorization: Stanford Dogs",
    n=8580,
)
"""120 breeds."""
HAM10000 = fine_grained_task(
    "HAM10000",
    name="ham10000",
    title="HAM10000 skin lesions",
    question="Which type of skin lesion is this? Name it and say which features of the lesion show it.",
    licence="CC BY-NC 4.0",
    address="https://doi.org/10.7910/DVN/DBW86T",
    paper="Tschandl et al. 2018, The HAM10000 dataset, arXiv 1803.10417",
    names=LESION_NAMES,
    by_label=True,
    notes=("There is no official test split; pictures of one lesion must not be on both sides.",),
)
"""Seven types."""
CHEST_XRAY = fine_grained_task(
    "chest-xray",
    name="chest_xray",
    title="Chest X-ray pneumonia",
    question="Does this chest X-ray show pneumonia, or is it a normal chest? Name the finding and say what shows it.",
    licence="CC BY 4.0",
    address="https://doi.org/10.17632/rscbjbr9sj",
    paper="Kermany et al. 2018, Identifying Medical Diagnoses and Treatable Diseases by Image-Based Deep Learning",
    n=624,
    names=CHEST_NAMES,
    by_label=True,
    notes=("The test split has more pneumonia than not: look at the figures of both classes.",),
)
"""Pneumonia or not."""
PLD = fine_grained_task(
    "PLD",
    name="pld",
    title="Plant leaf diseases",
    question="Which plant is this leaf from, and which disease does it have, if any? Name both and say what shows it.",
    licence="not stated",
    address="https://github.com/sycny/SelfSynthX",
    paper="Shi et al. 2025, arXiv 2502.14044, which does not say where the pictures are from",
)
"""Kinds of plant with their conditions."""
FINE_GRAINED = (CUB_200, FGVC_AIRCRAFT, STANFORD_DOGS, HAM10000, CHEST_XRAY, PLD)
"""Each set by itself."""
