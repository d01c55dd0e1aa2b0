"""OK-VQA: questions about pictures of COCO that need knowledge from outside."""

from __future__ import annotations

from bench_eval.asking import Decoding
from bench_eval.measures import mean_measure
from bench_eval.rules.soft_accuracy import grade_m4c_any_number, grade_vqa_script
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.soft_accuracy_profiles import soft_accuracy_profiles
from bench_eval.tasks.task import Task
from bench_eval.tasks.vqa_files import VqaFiles

_FILES = VqaFiles(
    task="okvqa",
    questions="OpenEnded_mscoco_val2014_questions.json",
    annotations="mscoco_val2014_annotations.json",
    images="val2014",
    tables="**/val2014-*.parquet",
)

OKVQA = Task(
    name="okvqa",
    title="OK-VQA val",
    read=_FILES.read,
    decoding=Decoding(max_new_tokens=128),
    profiles=soft_accuracy_profiles(mean_measure(), {"lmms-eval": grade_m4c_any_number, "official": grade_vqa_script}),
    card=DataCard(
        licence="not stated",
        address="https://okvqa.allenai.org/download.html",
        files=(
            DataFile(path=_FILES.questions, what="questions"),
            DataFile(path=_FILES.annotations, what="ten answers each"),
            DataFile(path=_FILES.images, what="pictures of COCO", address="https://cocodataset.org/#download"),
        ),
        hub="lmms-lab/OK-VQA",
        split="val2014",
        n=5046,
        paper="Marino et al., 2019, OK-VQA: a visual question answering benchmark requiring external knowledge, "
        "arXiv 1906.00067",
        notes=("lmms-eval asks for `Unanswerable` where information is missing, which this task doesn't.",),
    ),
)
