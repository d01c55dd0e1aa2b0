"""What comes from outside (files, model output, keys) runs no code, stays in its folder, is small, is no markup."""

import ast
import functools
import gzip
import importlib
import json
import struct
import tracemalloc
import zlib

import pytest

from .workspace import APPS, ROOT

SOURCES = [
    path
    for pattern in ("packages/**/*.py", "apps/**/*.py", "tools/**/*.py", "tools/check", "tools/release")
    for path in sorted(ROOT.glob(pattern))
    if "tests" not in path.parts
]
MODULES = [name.replace("-", "_") for name in APPS]
PRIVATE_PIPES = {
    "packages/answer-judge/src/answer_judge/deadlines.py": "a factory that this process has just pickled itself",
    "packages/answer-judge/src/answer_judge/judging_worker.py": "a socket pair between parent and child",
    "packages/shard-runner/src/shard_runner/engines/processes.py": "a pipe between parent and child",
    "packages/shard-runner/src/shard_runner/engines/ray_worker.py": "Ray's own channel to its actors",
    "packages/shard-runner/src/shard_runner/engines/sending.py": "a copy of an object of this process",
    "packages/shard-runner/src/shard_runner/engines/worker_process.py": "a pipe between parent and child",
    "tools/bench/scores.py": "a pipe between parent and child",
    "tools/bench/server.py": "a pipe between parent and child",
    "tools/bench/two_turn.py": "a pipe between parent and child",
    "tools/bench/w2c_pictures.py": "a pipe between parent and child",
}
"""Where bytes may be unpickled, and why nobody else can have written them."""


@functools.cache
def calls():
    """File, name and node of every call in the sources; names are `a.b.c` for attributes."""
    return [
        (path.relative_to(ROOT).as_posix(), ast.unparse(node.func), node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def keywords(node):
    return {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}


def places(wanted):
    """Files (relative) and lines of calls for which `wanted(name, node)` holds."""
    return {f"{path}:{node.lineno}" for path, name, node in calls() if wanted(name, node)}


def test_the_search_finds_calls():
    assert len(SOURCES) > 500
    assert places(lambda name, _: name == "subprocess.run")


def test_no_source_evaluates_text_or_goes_through_a_shell():
    assert not places(
        lambda name, _: name in ("eval", "exec", "os.system", "os.popen", "compile", "subprocess.getoutput")
    )
    assert not places(lambda _, node: keywords(node).get("shell", "False") != "False")


def test_commands_are_lists_so_that_no_name_of_a_file_is_read_as_two_words():
    def is_text(name, node):
        started = name.rpartition(".")[2] in ("run", "Popen", "check_call", "check_output", "call")
        return started and "subprocess" in name and isinstance(node.args[0], ast.Constant | ast.JoinedStr)

    assert not places(is_text)


def test_bytes_are_unpickled_from_private_pipes_alone():
    loading = ("pickle.load", "pickle.loads", "joblib.load", "dill.loads", "marshal.loads", "shelve.open")

    def unpickles(name, node):  # a connection of multiprocessing does too; recv of a socket takes a size
        return name in loading or (name.endswith(".recv") and not node.args)

    found = {place.partition(":")[0] for place in places(unpickles)}
    assert found == set(PRIVATE_PIPES)
    assert not places(lambda name, node: name == "torch.load" and keywords(node).get("weights_only") != "True")
    assert not places(lambda name, node: name == "np.load" and keywords(node).get("allow_pickle") == "True")


def test_no_model_brings_code_of_its_own():
    assert not places(lambda _, node: keywords(node).get("trust_remote_code", "False") != "False")


def test_yaml_is_data_and_never_objects():
    unsafe = ("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load")
    assert not places(lambda name, node: name in unsafe and "SAFE" not in keywords(node).get("Loader", "").upper())


@pytest.mark.parametrize("app", MODULES)
def test_a_yaml_file_that_would_run_a_command_is_refused(app, tmp_path, capsys):
    (tmp_path / "run.yaml").write_text(f"model: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n")
    main = importlib.import_module(f"{app}.cli").main
    with pytest.raises(SystemExit) as ended:
        main(["run", "--out", str(tmp_path / "run"), "--config", str(tmp_path / "run.yaml")], prog_name=app)
    assert ended.value.code == 2
    assert "is not valid YAML" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def plain_keys(model):
    """Fields of settings whose names say that they are keys, and whose types would print them."""
    from shard_runner.cli.flags import fields_of
    from shard_runner.cli.settings import is_secret

    words = {"key", "secret", "password"}
    named = [(path[-1], info.annotation) for path, info in fields_of(model) if words & set(path[-1].split("_"))]
    return [name for name, kind in named if not is_secret(kind)]


@pytest.mark.parametrize("app", MODULES)
def test_fields_for_keys_are_secrets(app):
    from shard_runner.cli import RunSettings

    kinds = [kind for kind in vars(importlib.import_module(f"{app}.settings")).values() if isinstance(kind, type)]
    models = [kind for kind in kinds if issubclass(kind, RunSettings) and kind is not RunSettings]
    assert len(models) == 1
    assert plain_keys(models[0]) == []


def test_a_key_that_would_be_printed_is_found():
    from pydantic import SecretStr
    from shard_runner.cli import RunSettings

    class Careless(RunSettings):
        api_key: str = ""
        server_key: SecretStr | None = None

    assert plain_keys(Careless) == ["api_key"]


def png_of(width, height):
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_an_image_bomb_is_refused_before_it_is_decoded(tmp_path):
    from box_space import ImageError, open_image

    (tmp_path / "bomb.png").write_bytes(png_of(60_000, 60_000))
    tracemalloc.start()
    with pytest.raises(ImageError, match=r"60000 x 60000|exceeds"):
        open_image(tmp_path / "bomb.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 << 20


def test_a_picture_outside_its_root_is_refused_also_behind_a_link(tmp_path):
    from box_space import ImageError, open_image
    from PIL import Image

    root = tmp_path / "root"
    root.mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "secret.png")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    for name in ("../secret.png", str(tmp_path / "secret.png"), "link.png"):
        with pytest.raises(ImageError) as refused:
            open_image(name, root=root)
        assert refused.value.reason == "outside_root"


def test_benchmark_pictures_stay_in_their_folder(tmp_path):
    from bench_eval import FileError
    from bench_eval.tasks import DataFolder

    folder = DataFolder(tmp_path / "data", tmp_path / "pictures")
    for name in ("../secret.png", "/etc/passwd", "a/../../secret.png"):
        with pytest.raises(FileError, match="pictures must lie in"):
            folder.image(name)


def test_a_packed_file_that_unpacks_to_gigabytes_is_read_in_flat_memory(tmp_path):
    from shard_runner import iter_table

    row = json.dumps({"id": "x", "text": "a" * 100_000}).encode() + b"\n"
    with gzip.open(tmp_path / "rows.jsonl.gz", "wb", compresslevel=1) as file:
        for _ in range(600):  # 60 MB from a file of 0.3 MB
            file.write(row)
    tracemalloc.start()
    count = sum(1 for _ in iter_table(tmp_path / "rows.jsonl.gz"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 600
    assert peak < 20 << 20


NASTY = [
    ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ('"><img src=x onerror=alert(1)>', "&#34;&gt;&lt;img src=x onerror=alert(1)&gt;"),
    ("javascript:alert(1)", "javascript:alert(1)"),
    ("</script><script>alert(1)</script>", "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"),
    ("{{ 7 * 1234567 }} {% raw %}", "{{ 7 * 1234567 }} {% raw %}"),
    ("\u202egnp.exe", "\ufffdgnp.exe"),
    ("a\x00b", "a\ufffdb"),
]


@pytest.mark.parametrize(("text", "shown"), NASTY, ids=[shown for _, shown in NASTY])
def test_untrusted_text_is_never_markup_in_a_report(text, shown):
    from run_report import Fact, Gallery, GalleryItem, KeyFacts, Prose, ShownTrial, Table, render_report

    trials = [ShownTrial(text=text, answer=text, rung=text)]
    item = GalleryItem(
        id=text,
        image=None,
        question=text,
        truth=text,
        caption=text,
        code=text,
        notes=[text],
        trials=trials,
        tags=[text],
    )
    sections = [
        KeyFacts([Fact(text, text)]),
        Prose(text),
        Table(["a"], [[text]], title=text),
        Gallery([item], title=text),
    ]
    page = render_report(title=text, subtitle=text, sections=sections)
    assert f"<title>{shown}</title>" in page
    assert "alert(1)</script>" not in page
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page
    assert "8641969" not in page
