"""`svco prepare`: MVC JSON from what people have, each command on tiny files made here."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image
from shard_runner import Source, run
from svco.preparing import prepare_group
from svco_loss.pairs import check_pairs, pairs_to_dataset, read_mvc


def prepare(*arguments: object) -> Result:
    return CliRunner().invoke(prepare_group, [str(argument) for argument in arguments])


def picture(path: Path, color: str = "red", dot: tuple[int, int] = (0, 0)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (8, 4), color)
    image.putpixel(dot, (255, 255, 255))
    image.save(path)
    return path


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def mvc_row(a: str = "a.png", b: str = "b.png", **changes: Any) -> dict[str, Any]:
    row = {"instruction_prompt": "What is there?", "chosen_images": [a], "rejected_images": [b]}
    return row | {"chosen_response": "A red cup.", "rejected_response": "A blue cup.", "category": "color"} | changes


def reasons(beside: Path) -> list[tuple[int, str]]:
    return [(row["row"], row["reason"]) for row in json.loads(beside.read_text())["refused"]]


def assert_fails(result: Result, code: int, *words: str) -> None:
    """One line of error that says these words."""
    assert result.exit_code == code, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert word in line


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """MVC JSON with a good pair, a bad row of each kind that a file may have, and a good pair again."""
    picture(tmp_path / "a.png", "red")
    picture(tmp_path / "b.png", "blue")
    picture(tmp_path / "c.png", "red", (3, 3))
    same = mvc_row(rejected_response="A red  cup.")
    torn = mvc_row(chosen_response="half an emoji: \ud83d")
    third = mvc_row(b="c.png", rejected_response="A red cup 🦆.")
    return write(tmp_path / "pairs.json", [mvc_row(), "junk", same, torn, third])


BAD_TEXTS = [(1, "malformed"), (2, "same_text"), (3, "malformed")]


def test_countercurate_becomes_pairs_with_paths_from_the_folder_of_both(tmp_path: Path) -> None:
    picture(tmp_path / "flickr/11.jpg")
    picture(tmp_path / "train_data/up_down/neg/11_0.png", "blue")
    change = {"image_id": 0, "pos": "a man is above a bush", "neg": "a man is below a bush"}
    write(tmp_path / "train_data/up_down.json", {"11": [change], "12": [change]})
    arguments = ("countercurate", tmp_path / "train_data", "--flickr", tmp_path / "flickr", "--category", "up_down")
    out = tmp_path / "made/mvc.json"
    done = prepare(*arguments, "--out", out)
    assert done.exit_code == 0, done.output
    assert done.stdout == (
        f"{out}: 1 pairs kept, 1 refused (missing 1; see mvc.refused.json); with --images {tmp_path.resolve()}\n"
    )
    (pair,) = read_mvc(out).pairs
    assert (pair.image_a, pair.image_b) == ("flickr/11.jpg", "train_data/up_down/neg/11_0.png")
    assert reasons(tmp_path / "made/mvc.refused.json") == [(1, "missing")]
    assert check_pairs([pair], image_root=tmp_path).refused == ()
    assert_fails(prepare(*arguments[:4], "--out", tmp_path / "b.json"), 1, "left_right.json", "cannot be read")


def test_countercurate_mirrors_where_the_release_has_none(tmp_path: Path) -> None:
    picture(tmp_path / "flickr/11.jpg")
    sides = {"pos": "a man is left of a bush", "neg": "a man is right of a bush"}
    write(tmp_path / "train_data/left_right.json", {"11": [sides]})
    arguments = ("countercurate", tmp_path / "train_data", "--flickr", tmp_path / "flickr", "--category", "left_right")
    assert_fails(prepare(*arguments, "--out", tmp_path / "m.json"), 1, "No pair is left", "missing 1", "first row 0")
    assert not (tmp_path / "m.json").exists()
    assert reasons(tmp_path / "m.refused.json") == [(0, "missing")]
    assert prepare(*arguments, "--mirrors", tmp_path / "mirrors", "--out", tmp_path / "m.json").exit_code == 0
    (pair,) = read_mvc(tmp_path / "m.json").pairs
    assert pair.image_b.startswith("mirrors/")


def test_finecops_becomes_pairs_and_its_keys_may_have_other_names(tmp_path: Path) -> None:
    picture(tmp_path / "gqa/100.jpg")
    picture(tmp_path / "neg/neg_12.jpg", "blue")
    positive = {"image_id": "100", "expression": "The dog left of the sofa.", "tuple": []}
    negative = {"image_id": "neg_12", "expression": "The cat left of the sofa.", "positive_id": 7, "kind": "image"}
    rows = write(tmp_path / "all.json", {"7": positive, "9": {**negative, "negative_type": "object"}, "10": None})
    arguments = ("finecops", rows, "--images", tmp_path / "gqa", "--negatives", tmp_path / "neg")
    done = prepare(*arguments, "--key", "kind=kind", "--out", tmp_path / "mvc.json")
    assert done.exit_code == 0, done.output
    (pair,) = read_mvc(tmp_path / "mvc.json").pairs
    assert (pair.image_a, pair.image_b, pair.category) == ("gqa/100.jpg", "neg/neg_12.jpg", "object")
    assert reasons(tmp_path / "mvc.refused.json") == [(2, "malformed")]
    assert_fails(prepare(*arguments, "--key", "kin=x", "--out", tmp_path / "n.json"), 2, "FIELD of image, expression")


@pytest.fixture
def cvc_run(tmp_path: Path) -> Path:
    """A run folder with a finished step `question`, one of whose pictures is gone and one elsewhere."""
    folder = tmp_path / "cvc-run"
    picture(tmp_path / "photos/street.jpg")
    picture(tmp_path / "secret.png")
    rows = []
    for name in ("hydrant", "dog", "cat"):
        occluded = f"occluded/{name}.png"
        rows.append({"id": f"street/{name}", "image": "street.jpg", "occluded": occluded, "head": name, "boxes": []})
        if name != "dog":
            picture(folder / occluded, "gray")
    rows.append(rows[0] | {"id": "street/x", "image": "../secret.png"})
    settings = {"images": str(tmp_path / "photos")}
    run([Source(name="question", rows=lambda: rows)], folder, seed=0, progress=False, settings=settings)
    return folder


def test_occlusion_reads_a_run_folder_and_finds_its_images(cvc_run: Path, tmp_path: Path) -> None:
    done = prepare("occlusion", cvc_run, "--out", tmp_path / "mvc.json")
    assert done.exit_code == 0, done.output
    pairs = read_mvc(tmp_path / "mvc.json").pairs
    assert [pair.image_b for pair in pairs] == ["cvc-run/occluded/hydrant.png", "cvc-run/occluded/cat.png"]
    assert "gray blocks" in pairs[0].text_y.casefold()
    assert reasons(tmp_path / "mvc.refused.json") == [(1, "missing"), (3, "outside_root")]
    assert check_pairs(pairs, image_root=tmp_path).refused == ()


def test_occlusion_says_what_it_misses(cvc_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "mvc.json"
    assert_fails(prepare("occlusion", tmp_path / "absent", "--out", out), 2, "does not exist")
    assert_fails(prepare("occlusion", tmp_path, "--out", out), 1, "'question'", "run the pipeline first")
    (cvc_run / "run.json").write_text("{")
    assert_fails(prepare("occlusion", cvc_run, "--out", out), 1, "give --images")
    assert prepare("occlusion", cvc_run, "--images", tmp_path / "photos", "--out", out).exit_code == 0


@pytest.mark.parametrize("kind", ["--questions", "--statements"])
def test_the_world_draws_pairs_that_can_be_trained_on(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "world"
    arguments = ("world", "--pairs", 4, "--changes", "color", "--changes", "presence", kind, "--out", out)
    done = prepare(*arguments)
    assert done.stdout == f"{out / 'mvc.json'}: 4 pairs kept, none refused\n"
    pairs = read_mvc(out / "mvc.json").pairs
    assert [pair.category for pair in pairs] == ["color", "presence"] * 2
    assert pairs[0].image_a.startswith("images/")
    assert (pairs[0].question == "Describe the image.") == (kind == "--statements")
    assert check_pairs(pairs, image_root=out).refused == ()
    before = (out / "mvc.json").read_bytes()
    assert prepare(*arguments).exit_code == 0
    assert (out / "mvc.json").read_bytes() == before
    assert prepare(*arguments, "--seed", 1).exit_code == 0
    assert (out / "mvc.json").read_bytes() != before


def test_the_world_knows_its_changes(tmp_path: Path) -> None:
    arguments = ("world", "--pairs", 1, "--out", tmp_path / "w", "--changes")
    assert_fails(prepare(*arguments, "flavour"), 2, "--changes", "kind, color", "flavour")
    assert_fails(prepare(*arguments, "background"), 2, "background")
    assert_fails(prepare("world", "--pairs", 0, "--out", tmp_path / "w"), 2, "--pairs")


def test_captions_become_mirrored_pairs(tmp_path: Path) -> None:
    picture(tmp_path / "photos/a.png")
    picture(tmp_path / "secret.png")
    rows: list[Any] = [
        {"image": "a.png", "text": "The dog is left of the sofa."},
        {"image": "a.png", "question": "Where?", "text": "On the right."},
        {"image": "a.png", "text": "A dog."},
        {"image": "gone.png", "text": "The dog is left of the sofa."},
        {"image": "../secret.png", "text": "The dog is left of the sofa."},
        {"image": "a\0.png", "text": "The dog is left of the sofa."},
        {"image": "a.png", "text": None},
        7,
    ]
    captions = write(tmp_path / "captions.json", rows)
    done = prepare("mirror", captions, "--images", tmp_path / "photos", "--out", tmp_path / "mvc.json")
    assert done.exit_code == 0, done.output
    first, second = read_mvc(tmp_path / "mvc.json").pairs
    assert (first.question, first.text_y) == ("What is where in this picture?", "The dog is right of the sofa.")
    assert (second.question, second.text_y, second.category) == ("Where?", "On the left.", "left_right")
    assert first.image_a == "photos/a.png"
    assert first.image_b.startswith("mirrored/")
    assert reasons(tmp_path / "mvc.refused.json") == [
        (2, "no_side"),
        (3, "missing"),
        (4, "outside_root"),
        (5, "missing"),
        (6, "malformed"),
        (7, "malformed"),
    ]
    assert check_pairs([first, second], image_root=tmp_path).refused == ()


def test_the_first_sides_of_mvc_rows_are_mirrored(pairs: Path, tmp_path: Path) -> None:
    write(pairs, [mvc_row(chosen_response="A cup on the left.", system_prompt="Be brief."), mvc_row(), {}])
    done = prepare("mirror", pairs, "--out-images", tmp_path / "turned", "--out", tmp_path / "mvc.json")
    assert done.exit_code == 0, done.output
    (pair,) = read_mvc(tmp_path / "mvc.json").pairs
    assert (pair.text_y, pair.system, pair.category) == ("A cup on the right.", "Be brief.", "left_right")
    assert len(list((tmp_path / "turned").iterdir())) == 1
    assert reasons(tmp_path / "mvc.refused.json") == [(1, "no_side"), (2, "malformed")]


class ChatServer:
    """A real server on the loopback that answers each prompt as `script` says."""

    def __init__(self, script: Callable[[str], str]) -> None:
        self.script = script
        self.seen: list[dict[str, Any]] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._send({"object": "list", "data": []})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.seen.append(body)
                message = {"role": "assistant", "content": server.script(text_of(body))}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                self._send({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})

            def _send(self, reply: Any) -> None:
                data = json.dumps(reply).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        return Handler


def text_of(body: dict[str, Any]) -> str:
    content = body["messages"][0]["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def rewritten(prompt: str) -> str:
    """What a good model would say: the same facts in other words."""
    found = re.search("\n<data>(.*)</data>", prompt)
    data = json.loads(found.group(1)) if found else {}
    if "facts_1" in data:
        return json.dumps({"answer_1": data["answer_1"], "answer_2": data["answer_2"]})
    if "🦆" in prompt:
        return "I would rather not."
    texts = {key: f"Well, I see this: {data[key]}" for key in ("answer_1", "answer_2")}
    return json.dumps(texts | {"question": "So, what do you see?"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    scripted = ChatServer(rewritten)
    yield scripted
    scripted.close()


def diversify(pairs: Path, server: ChatServer, *more: object) -> Result:
    return prepare("diversify", pairs, "--model", "m", "--backend", "server", "--base-url", server.base_url, *more)


def test_texts_are_rewritten_by_a_real_server_and_what_fails_stays(pairs: Path, server: ChatServer) -> None:
    out = pairs.with_name("varied.json")
    done = diversify(pairs, server, "--temperature", 0.3, "--out", out)
    assert done.exit_code == 0, done.output
    assert "2 pairs kept, 3 refused (malformed 2, same_text 1; see varied.refused.json)" in done.stdout
    assert done.stdout.endswith("; 1 rewritten, 1 with their own texts (unreadable 1)\n")
    first, second = read_mvc(out).pairs
    assert first.question == "So, what do you see?"
    assert first.text_x == "Well, I see this: A red cup."
    assert (first.image_a, first.category) == ("a.png", "color")
    assert second.text_y == "A red cup 🦆."
    assert reasons(out.with_name("varied.refused.json")) == BAD_TEXTS
    (unchanged,) = json.loads(out.with_name("varied.refused.json").read_text())["unchanged"]
    assert (unchanged["row"], unchanged["reason"]) == (4, "unreadable")
    assert len(server.seen) == 3
    assert {body["temperature"] for body in server.seen} == {0.3}
    assert "image_url" not in json.dumps(server.seen)


def test_replies_that_help_nobody_and_a_server_that_is_not_there_are_errors(pairs: Path, server: ChatServer) -> None:
    server.script = lambda prompt: "No."
    out = pairs.with_name("varied.json")
    assert_fails(diversify(pairs, server, "--out", out), 1, "No pair could be rewritten (unreadable 2)")
    assert not out.exists()
    address = ("--model", "m", "--backend", "server", "--base-url", "http://127.0.0.1:9/v1")
    assert_fails(prepare("diversify", pairs, *address, "--out", out), 1, "127.0.0.1:9")
    assert_fails(prepare("diversify", pairs, *address[:4], "--out", out), 1, "base_url")


@pytest.mark.parametrize("form", ["saved", "dict", "parquet", "folder"])
def test_a_local_data_set_becomes_pairs_with_its_images(
    pairs: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    made = pairs_to_dataset([read_mvc(pairs).pairs[0], read_mvc(pairs).pairs[1]], pairs.parent)
    source = tmp_path / "source"
    if form == "saved":
        made.save_to_disk(source)
    elif form == "dict":
        datasets.DatasetDict({"train": made}).save_to_disk(source)
    else:
        source.mkdir()
        made.to_parquet(source / "train-00000.parquet")
    source = source / "train-00000.parquet" if form == "parquet" else source
    out = tmp_path / "out"
    done = prepare("dataset", source, "--out", out)
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("1 pairs kept, 1 refused (same_text 1; see mvc.refused.json)\n")
    (pair,) = read_mvc(out / "mvc.json").pairs
    assert pair.image_a.startswith("images/")
    assert check_pairs([pair], image_root=out).refused == ()
    if form in ("dict", "folder"):
        assert_fails(prepare("dataset", source, "--split", "tail", "--out", tmp_path / "o"), 1, "tail")


def test_a_data_set_of_the_hub_may_not_name_files_of_this_machine(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    good = read_mvc(pairs).pairs[0]
    brought = pairs_to_dataset([good], pairs.parent)
    named = pairs_to_dataset([good], pairs.parent, embed_images=False)
    rows = datasets.concatenate_datasets([named, brought])
    asked: list[Any] = []

    def load(name: str, **options: Any) -> Any:
        asked.append((name, options))
        return rows

    monkeypatch.setattr(datasets, "load_dataset", load)
    done = prepare("dataset", "somebody/pairs", "--split", "test", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert asked == [("somebody/pairs", {"split": "test"})]
    assert reasons(tmp_path / "out/mvc.refused.json") == [(0, "outside_root")]
    assert len(read_mvc(tmp_path / "out/mvc.json").pairs) == 1


def test_a_data_set_that_is_none_is_an_error(tmp_path: Path) -> None:
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(b"PAR1")
    assert_fails(prepare("dataset", torn, "--out", tmp_path / "o"), 1, "torn.parquet", "cannot be read")
    assert_fails(prepare("dataset", tmp_path / "absent", "--out", tmp_path / "o"), 1, "is not there")


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (("--to", "trl"), {"images", "prompt", "chosen", "rejected"}),
        (("--to", "swift"), {"messages", "images", "rejected_images"}),
        (("--to", "swift", "--contrast", "text"), {"messages", "images", "rejected_response"}),
    ],
)
def test_pairs_are_exported_as_rows_of_other_trainers(pairs: Path, options: tuple[str, ...], keys: set[str]) -> None:
    out = pairs.with_name("rows.jsonl")
    done = prepare("export", pairs, *options, "--out", out)
    assert done.stdout.startswith(f"{out}: 4 rows of 2 pairs kept, 3 refused"), done.output
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["images"] for row in rows] == [["a.png"], ["b.png"], ["a.png"], ["c.png"]]
    assert all(row.keys() == keys for row in rows)
    assert reasons(pairs.with_name("rows.refused.json")) == BAD_TEXTS


def test_exported_paths_are_absolute_where_a_folder_is_given(pairs: Path) -> None:
    rows = [mvc_row(), mvc_row(a="../x.png"), mvc_row(a="x.png"), mvc_row(chosen_response="<image> red.")]
    write(pairs, rows)
    out = pairs.with_name("rows.jsonl")
    assert prepare("export", pairs, "--to", "trl", "--images", pairs.parent, "--out", out).exit_code == 0
    first = json.loads(out.read_text(encoding="utf-8").splitlines()[0])
    assert first["images"] == [str(pairs.parent.resolve() / "a.png")]
    assert reasons(pairs.with_name("rows.refused.json")) == [(1, "outside_root"), (2, "missing"), (3, "image_tag")]
    wrong = prepare("export", pairs, "--to", "trl", "--contrast", "text", "--out", out)
    assert_fails(wrong, 2, "--contrast belongs to --to swift")


def test_the_least_changed_pairs_are_kept(pairs: Path) -> None:
    rows = [mvc_row(), mvc_row(b="c.png"), mvc_row(b="gone.png"), mvc_row(b="a.png")]
    write(pairs, rows)
    out = pairs.with_name("minimal.json")
    done = prepare("rank", pairs, "--max-changed", 0.5, "--out", out)
    assert done.exit_code == 0, done.output
    # b.png differs in all pixels but one; of c.png's 32 pixels, two
    assert "1 pairs kept, 3 refused" in done.stdout
    assert "; median changed share 0.0625 (before 0.0625)\n" in done.stdout
    (pair,) = read_mvc(out).pairs
    assert pair.image_b == "c.png"
    beside = out.with_name("minimal.refused.json")
    assert reasons(beside) == [(0, "not_minimal"), (2, "missing"), (3, "nothing_changed")]
    (measured,) = json.loads(beside.read_text())["measured"]
    assert (measured["row"], measured["changed_share"], measured["embedding_distance"]) == (1, 0.0625, None)
    assert prepare("rank", pairs, "--top", 2, "--out", out).exit_code == 0
    assert [pair.image_b for pair in read_mvc(out).pairs] == ["c.png", "b.png"]


def test_ranking_measures_distances_with_any_image_model(pairs: Path, tmp_path: Path) -> None:
    import torch
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    torch.manual_seed(0)
    config = CLIPVisionConfig(
        hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, image_size=8, patch_size=4
    )
    CLIPVisionModel(config).save_pretrained(tmp_path / "clip")
    size = {"height": 8, "width": 8}
    CLIPImageProcessor(size=size, crop_size=size).save_pretrained(tmp_path / "clip")
    out = pairs.with_name("minimal.json")
    done = prepare("rank", pairs, "--top", 1, "--embedder", tmp_path / "clip", "--out", out)
    assert done.exit_code == 0, done.output
    assert "median embedding distance 0." in done.stdout


def test_ranking_needs_a_limit_and_images(pairs: Path) -> None:
    out = pairs.with_name("minimal.json")
    assert_fails(prepare("rank", pairs, "--out", out), 2, "--top or --max-changed is needed")
    (pairs.parent / "empty").mkdir()
    alone = prepare("rank", pairs, "--images", pairs.parent / "empty", "--top", 1, "--out", out)
    assert_fails(alone, 1, "No pair is left", "missing 2")


COMMANDS_ON_MVC = [
    ("rank", "--top", "1"),
    ("export", "--to", "trl"),
    ("diversify", "--model", "m", "--backend", "server", "--base-url", "http://127.0.0.1:9/v1"),
    ("mirror",),
]

TORN = ['[{"instruction_prompt": "Wh', "", "[" * 100_000, '{"a": 1}', "[]", '"\ud83d"', "[7]"]


@pytest.mark.parametrize("command", COMMANDS_ON_MVC)
@pytest.mark.parametrize(
    "text", ['[{"instruction_prompt": "Wh', "", "[" * 100_000, '{"a": 1}', "[]", '"\ud83d"', "[7]"]
)
def test_a_file_without_pairs_is_one_clear_line(tmp_path: Path, command: tuple[str, ...], text: str) -> None:
    torn = tmp_path / "torn.json"
    torn.write_text(text, encoding="utf-8", errors="surrogatepass")
    name, *options = command
    assert_fails(prepare(name, torn, *options, "--out", tmp_path / "out.json"), 1)
    assert not (tmp_path / "out.json").exists()
    assert_fails(prepare(name, tmp_path / "gone.json", *options, "--out", tmp_path / "out.json"), 2, "does not exist")


def test_only_the_commands_own_output_is_overwritten(pairs: Path) -> None:
    out = pairs.with_name("out.json")
    ranked = ("rank", pairs, "--top", 1, "--out", out)
    out.write_text("mine")
    assert_fails(prepare(*ranked), 2, "out.json is there already", "delete it or choose another --out")
    assert out.read_text() == "mine"
    out.unlink()
    assert prepare(*ranked).exit_code == 0
    assert prepare(*ranked).exit_code == 0
    assert_fails(prepare("export", pairs, "--to", "trl", "--out", out), 2, "there already")
    out.write_text(out.read_text() + "\n")
    assert_fails(prepare(*ranked), 2, "is not as `prepare rank` left it")
    out.unlink()
    out.with_name("out.refused.json").write_text("mine too")
    assert_fails(prepare(*ranked), 2, "out.refused.json is there already")
    assert_fails(prepare("rank", pairs, "--top", 1, "--out", pairs), 2, "must not be the input")
    assert_fails(prepare("rank", pairs, "--top", 1, "--out", pairs.parent), 2, "is a directory")
    assert_fails(prepare("rank", pairs, "--top", 1, "--out", pairs / "x.json"), 2, "folder cannot be made")


def test_nothing_but_the_two_files_is_left_behind(pairs: Path) -> None:
    before = {path.name for path in pairs.parent.iterdir()}
    assert prepare("rank", pairs, "--top", 1, "--out", pairs.with_name("out.json")).exit_code == 0
    assert {path.name for path in pairs.parent.iterdir()} - before == {"out.json", "out.refused.json"}


def test_images_behind_a_link_are_named_where_they_really_are(tmp_path: Path) -> None:
    picture(tmp_path / "disk/a.png")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/photos").symlink_to(tmp_path / "disk")
    captions = write(tmp_path / "here/captions.json", [{"image": "a.png", "text": "A dog on the left."}])
    out = tmp_path / "here/mvc.json"
    done = prepare("mirror", captions, "--images", tmp_path / "here/photos", "--out", out)
    assert f"; with --images {tmp_path.resolve()}\n" in done.stdout
    assert check_pairs(read_mvc(out).pairs, image_root=tmp_path).refused == ()


@pytest.mark.parametrize("name", list(prepare_group.commands))
def test_the_help_of_each_command_shows_a_command_line_and_its_files(name: str) -> None:
    shown = prepare(name, "--help")
    assert shown.exit_code == 0
    assert f"svco prepare {name} " in shown.stdout
    assert all(len(line) <= 100 for line in shown.stdout.splitlines())
