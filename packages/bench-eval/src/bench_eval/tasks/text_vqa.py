"""TextVQA: questions about text in pictures, asked with or without the words that an OCR system read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import FileError
from bench_eval.measures import mean_measure
from bench_eval.rules.soft_accuracy import grade_m4c, grade_m4c_any_number, grade_vlmevalkit, grade_vqa_script
from bench_eval.tasks.asking_forms import WORD_OR_PHRASE, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_list, need_texts
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import json_entries, line_entries
from bench_eval.tasks.soft_accuracy_profiles import soft_accuracy_profiles
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Task

_QUESTIONS = "TextVQA_0.5.1_val.json"
_PROMPTS = "llava_textvqa_val_v051_ocr.jsonl"
_TABLES = "**/validation-*.parquet"
_OCR = "Reference OCR token:"


def read_textvqa(folder: DataFolder) -> Iterator[Row]:
    """Yield the rows of the validation set, asked without OCR tokens.

    Raises:
        FileError: a file is missing or torn.
        RowError: an entry lacks a field.
    """
    for where, entry, image in _entries(folder):
        question = str(need(entry, "question", where)).capitalize()
        yield _row("textvqa", entry, where, image, f"{question}\n{WORD_OR_PHRASE}")


def read_textvqa_ocr(folder: DataFolder) -> Iterator[Row]:
    """Yield the rows of the validation set, asked with OCR tokens: the prompts of LLaVA's file, or the hub's tokens.

    Raises:
        FileError: a file is missing or torn, or has no prompt for a question.
        RowError: an entry lacks a field.
    """
    is_official = _is_official(folder)
    prompts = _read_prompts(folder) if is_official else {}
    for where, entry, image in _entries(folder):
        prompt = _published_prompt(prompts, entry, where) if is_official else _prompt_with_tokens(entry, where)
        yield _row("textvqa_ocr", entry, where, image, prompt)


def _published_prompt(prompts: Mapping[tuple[str, str], str], entry: Mapping[str, Any], where: str) -> str:
    image_id, question = str(need(entry, "image_id", where)), str(need(entry, "question", where))
    prompt = prompts.get((image_id, question.lower()))
    if prompt is None:
        raise FileError(f"{where}: {_PROMPTS} has no prompt for question {question!r} of image {image_id}.")
    return prompt


def _prompt_with_tokens(entry: Mapping[str, Any], where: str) -> str:
    tokens = ", ".join(map(str, need_list(entry, "ocr_tokens", where)))
    return f"{str(need(entry, 'question', where)).capitalize()}\n{_OCR} {tokens}\n{WORD_OR_PHRASE}"


def _is_official(folder: DataFolder) -> bool:
    return not hub_stands_in(folder, [_QUESTIONS], _TABLES)


def _entries(folder: DataFolder) -> Iterator[tuple[str, dict[str, Any], str]]:
    if _is_official(folder):
        for where, entry in json_entries(official_file(folder, [_QUESTIONS], _TABLES), "data"):
            yield where, entry, folder.image(f"train_images/{need(entry, 'image_id', where)}.jpg")
    else:
        for where, entry in hub_rows(folder, _TABLES):
            yield where, entry, save_cell(folder, need(entry, "image", where), where)


def _read_prompts(folder: DataFolder) -> dict[tuple[str, str], str]:
    """Map (image id, question in small letters) to LLaVA's prompt: question, OCR tokens and ending, a line each."""
    prompts: dict[tuple[str, str], str] = {}
    for where, line in line_entries(folder.file(_PROMPTS)):
        prompt = str(need(line, "text", where))
        question, *rest = prompt.split("\n")
        if len(rest) != 2 or not rest[0].startswith(_OCR):
            raise FileError(f"{where}: text must be a question, {_OCR!r} and an ending in 3 lines; got {prompt!r}.")
        prompts[str(need(line, "question_id", where)), question.lower()] = prompt
    return prompts


def _row(task: str, entry: Mapping[str, Any], where: str, image: str, prompt: str) -> Row:
    return {
        "id": str(need(entry, "question_id", where)),
        "task": task,
        "cluster": str(need(entry, "image_id", where)),
        "image": image,
        "messages": user_turn(prompt),
        "answer": need_texts(entry, "answers", where),
    }


_PROFILES = soft_accuracy_profiles(
    mean_measure(),
    {
        "official": grade_m4c,
        "llava": grade_m4c,
        "lmms-eval": grade_m4c_any_number,
        "vlmevalkit": grade_vlmevalkit,
        "vqa-script": grade_vqa_script,
    },
)
_FILES = (
    DataFile(
        path=_QUESTIONS,
        what="questions with ten answers each",
        address="https://dl.fbaipublicfiles.com/textvqa/data/TextVQA_0.5.1_val.json",
    ),
    DataFile(
        path="train_images",
        what="pictures, named {image_id}.jpg",
        address="https://dl.fbaipublicfiles.com/textvqa/images/train_val_images.zip",
    ),
)
_PROMPT_FILE = DataFile(
    path=_PROMPTS,
    what="prompts with the tokens of the Rosetta OCR system, from LLaVA's eval.zip",
    address="https://github.com/haotian-liu/LLaVA/blob/main/docs/Evaluation.md",
)


def _card(files: tuple[DataFile, ...], note: str) -> DataCard:
    return DataCard(
        licence="CC-BY-4.0",
        address="https://textvqa.org",
        files=files,
        hub="lmms-lab/textvqa",
        split="val",
        n=5000,
        paper="Singh et al., 2019, Towards VQA models that can read, arXiv 1904.08920",
        notes=(note, "3,166 pictures: answers about the same picture aren't independent."),
    )


TEXTVQA = Task(
    name="textvqa",
    title="TextVQA",
    read=read_textvqa,
    decoding=Decoding(max_new_tokens=128),
    profiles=_PROFILES,
    card=_card(_FILES, "Without OCR tokens; LLaVA-1.5-7B has some 10 points more with them (textvqa_ocr)."),
)
TEXTVQA_OCR = Task(
    name="textvqa_ocr",
    data_name="textvqa",
    title="TextVQA with OCR tokens",
    read=read_textvqa_ocr,
    decoding=Decoding(max_new_tokens=128),
    profiles=_PROFILES,
    card=_card((*_FILES, _PROMPT_FILE), "With OCR tokens, as in LLaVA's scores; without them it is task textvqa."),
)
