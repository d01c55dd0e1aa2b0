"""The ten most likely mistakes at the command line: one line on standard error that says what to do, and no traceback.

1. a needed flag is missing            6. a value that is none of the choices, or out of range
2. a flag is misspelt                  7. the data file is not there, or torn
3. a command is misspelt               8. the model's folder is not there
4. the YAML file has an unknown key    9. a folder that is no run, or a row that no stage knows
5. the YAML file is missing or torn   10. a server without its address, a backend without what it needs
"""

import importlib
import json

import pytest

from .workspace import APPS


def call(capsys, name, *words):
    """Return exit status and what stands on standard error, of a command line in this process."""
    main = importlib.import_module(f"{name.replace('-', '_')}.cli").main if name in APPS else bench_eval_main
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words], prog_name=name)
    return ended.value.code, capsys.readouterr().err.strip()


def bench_eval_main(words, prog_name):
    from bench_eval.cli.commands import make_commands

    make_commands().main(words, prog_name=prog_name)


def is_told(result, code, said):
    """Whether a mistake ends with a status and one line that holds some words."""
    status, text = result
    assert (status, len(text.splitlines())) == (code, 1), text
    assert text.startswith("error: ")
    assert said in text, text
    return True


ALL = [*APPS, "bench-eval"]


@pytest.mark.parametrize("name", ALL)
def test_what_is_missing_is_named(name, capsys):
    flag = "--out" if name in APPS else "--model"
    assert is_told(call(capsys, name, "run"), 2, f"Missing option '{flag}'. (see {name} run --help)")


@pytest.mark.parametrize("name", ALL)
def test_a_misspelt_flag_or_command_brings_the_nearest(name, tmp_path, capsys):
    assert is_told(call(capsys, name, "run", "--modle", "x"), 2, "--model'")
    assert is_told(call(capsys, name, "rum"), 2, "Did you mean")


@pytest.mark.parametrize("name", APPS)
def test_a_yaml_file_with_an_unknown_key_or_a_torn_one_is_told(name, tmp_path, capsys):
    (tmp_path / "typo.yaml").write_text("modle: m\n")
    (tmp_path / "torn.yaml").write_text("model: [\n")
    run = ("run", "--out", tmp_path / "run", "--config")
    assert is_told(call(capsys, name, *run, tmp_path / "typo.yaml"), 2, "unknown key 'modle'; did you mean 'model'?")
    assert is_told(call(capsys, name, *run, tmp_path / "torn.yaml"), 2, "is not valid YAML")
    assert is_told(call(capsys, name, *run, tmp_path / "none.yaml"), 2, "can't be read: No such file")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", APPS)
def test_a_value_out_of_range_names_what_is_possible(name, tmp_path, capsys):
    run = ("run", "--out", tmp_path / "run")
    assert is_told(call(capsys, name, *run, "--engine", "spark"), 2, "is not one of 'local', 'ray'")
    assert is_told(call(capsys, name, *run, "--max-steps", "many"), 2, "'many' is not a valid integer")
    assert is_told(call(capsys, name, *run, "--limit", "0"), 2, "limit")


FIRST_READERS = {
    "cvc": ("captions", "--captions"),
    "svco": ("pairs", "--data"),
    "chain-of-spot": ("annotate", "--data"),
    "world2code": ("captions", "--images"),
    "selfsynthx": ("concepts", "--concepts"),
}
"""The step that reads a file first, and the flag of the file."""


@pytest.mark.parametrize("name", APPS)
def test_data_that_are_not_there_are_named(name, tmp_path, capsys):
    step, flag = FIRST_READERS[name]
    missing = tmp_path / "no-such-file.json"
    rest = {"--images": tmp_path, "--model": "tiny"} | ({} if name in ("cvc", "world2code") else {"--data": missing})
    words = [word for pair in (rest | {flag: missing}).items() for word in pair]
    status, text = call(capsys, name, step, "--out", tmp_path / "run", *words)
    assert status in (1, 2)
    assert len(text.splitlines()) == 1, text
    assert "no-such-file.json" in text


@pytest.mark.parametrize("name", ["svco", "chain-of-spot"])
def test_torn_data_are_named_with_the_place(name, tmp_path, capsys):
    torn = tmp_path / "torn.json"
    torn.write_text('[{"id": 1, "image": "a.png"\n')
    words = ("run", "--out", tmp_path / "run", "--data", torn, "--images", tmp_path, "--model", "tiny")
    status, text = call(capsys, name, *words)
    assert (status, len(text.splitlines())) == (1, 1), text
    assert "torn.json" in text
    assert "line 2" in text


@pytest.mark.parametrize("name", ALL)
def test_a_folder_that_is_no_run_and_a_row_that_is_none_are_told(name, tmp_path, capsys):
    if name not in APPS:
        assert is_told(call(capsys, name, "score", tmp_path), 1, "holds no answers")
        return
    assert is_told(call(capsys, name, "status", tmp_path), 1, "holds no run")
    assert is_told(call(capsys, name, "explain", tmp_path, "row"), 1, "holds no run")
    assert is_told(call(capsys, name, "report", tmp_path), 1, "holds no run")


def test_a_model_folder_that_is_not_there_is_told_before_any_work(tmp_path, capsys):
    (tmp_path / "mvc.json").write_text(json.dumps([]))
    words = ("run", "--out", tmp_path / "run", "--data", tmp_path / "mvc.json", "--model", "./no-such-model")
    status, text = call(capsys, "svco", *words)
    assert status == 1
    assert "model './no-such-model' is no folder" in text


@pytest.mark.parametrize("name", ["cvc", "world2code"])
def test_a_server_needs_its_address(name, tmp_path, capsys):
    captions = tmp_path / "captions.json"
    captions.write_text(json.dumps([{"image": "a.png", "text_input": "a dog"}]))
    more = ("--captions", captions) if name == "cvc" else ()
    words = ("run", "--out", tmp_path / "run", "--images", tmp_path, "--model", "served", "--backend", "server", *more)
    status, text = call(capsys, name, *words)
    assert status in (1, 2)
    assert "base-url" in text.replace("_", "-")
