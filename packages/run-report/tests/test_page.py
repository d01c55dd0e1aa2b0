"""What stands in the file."""

import doctest
import importlib
import json
import math
import pkgutil
import re
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import run_report
from PIL import Image
from run_report import (
    ComparedTask,
    Comparison,
    Curve,
    Curves,
    Fact,
    Gallery,
    GalleryItem,
    Histogram,
    KeyFacts,
    Link,
    Prose,
    RunReportError,
    Section,
    ShownTrial,
    StageAccount,
    StageAccounts,
    Table,
    count_right,
    loss_curves,
    render_report,
    row_to_gallery_item,
    write_report,
)


def page(*sections: Section) -> str:
    return render_report(title="t", sections=sections)


def words(html: str) -> str:
    """The text between the tags, white space made single."""
    body = re.split("<main[^>]*>", html)[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


class Tags(HTMLParser):
    """Collects the tags and checks that they nest."""

    void = frozenset({"meta", "link", "input", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_public_names_are_pinned() -> None:
    assert sorted(run_report.__all__) == [
        "ComparedTask",
        "ComparedTaskLike",
        "Comparison",
        "Curve",
        "Curves",
        "Fact",
        "Gallery",
        "GalleryItem",
        "Histogram",
        "KeyFacts",
        "Link",
        "Prose",
        "RunReportError",
        "Section",
        "ShownTrial",
        "StageAccount",
        "StageAccountLike",
        "StageAccounts",
        "Table",
        "change_tag",
        "count_right",
        "evenly_spaced",
        "history_to_curve",
        "loss_curves",
        "read_history",
        "render_report",
        "rounds_sections",
        "rounds_to_rows",
        "row_to_gallery_item",
        "settings_table",
        "write_report",
        "write_rounds_report",
    ]


@pytest.mark.parametrize("module", [found.name for found in pkgutil.iter_modules(run_report.__path__)])
def test_examples_in_docstrings_hold(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"run_report.{module}")).failed == 0


def test_the_page_nests_well_and_is_the_same_each_time(example: ModuleType, tmp_path: Path) -> None:
    first = example.write_example(tmp_path / "a.html").read_bytes()
    assert first == example.write_example(tmp_path / "b.html").read_bytes()
    tags = Tags()
    tags.feed(first.decode("utf-8"))
    assert tags.open == []
    assert tags.seen.count("article") == 12


def test_the_page_names_no_address(example: ModuleType, tmp_path: Path) -> None:
    html = example.write_example(tmp_path / "a.html").read_text(encoding="utf-8")
    assert re.findall(r"(?:https?:)?//[a-z]", html) == []
    assert re.findall(r"(?:src|href)=\"(?!data:|#)[^\"]*\"", html) == []


def test_accounts_show_that_rows_add_up_or_do_not() -> None:
    good = StageAccount("good", 10, 6, {"low": 3}, {"corrupt": 1}, 6, 1.5)
    waiting = StageAccount("waiting", 10, 6)
    doubled = StageAccount("doubled", 10, 12)
    lost = SimpleNamespace(
        name="lost", rows_in=9, done=7, dropped={}, failed={}, rows_out=7, seconds=0.0, finished=True
    )
    text = words(page(StageAccounts([good, waiting, doubled, lost])))
    assert "good 10 6 3 low 3 1 corrupt 1 6 1.50 s ✓ all accounted for" in text
    assert "4 pending" in text
    assert "✗ 2 too many" in text
    assert "✗ 2 missing" in text


def test_a_stage_at_work_is_not_called_finished_when_no_row_is_left() -> None:
    """Of a stage that starts before the one before it has ended, the rows in are those that were settled so far."""
    at_work = SimpleNamespace(
        name="a", rows_in=9, done=9, dropped={}, failed={}, rows_out=9, seconds=0.0, finished=False
    )
    text = words(page(StageAccounts([at_work])))
    assert "not finished" in text
    assert "accounted for" not in text


def test_accounts_take_what_the_ledger_gives() -> None:
    from_ledger = pytest.importorskip("shard_runner").StageAccount(name="trials", rows_in=3, done=3, rows_out=3)
    assert "✓ all accounted for" in words(page(StageAccounts([from_ledger])))


def test_tasks_and_stages_that_have_not_begun_have_nothing_to_account_for() -> None:
    shared = {"done": 0, "dropped": {}, "failed": {}, "rows_out": 0, "seconds": 0.0}
    waiting = SimpleNamespace(name="waiting", rows_in=0, finished=False, kind="stage", **shared)
    empty = SimpleNamespace(name="empty", rows_in=0, finished=True, kind="stage", **shared)
    task = SimpleNamespace(name="train", rows_in=0, finished=True, kind="task", **shared)
    text = words(page(StageAccounts([waiting, empty, task])))
    assert "empty 0 0" in text
    assert "waiting" not in text
    assert "train" not in text


def test_losses_come_from_the_histories_that_have_some(tmp_path: Path) -> None:
    histories = {
        "train": [{"step": 1, "loss": 2.5}, {"step": 2, "loss": 1.5}, {"step": 2, "eval_loss": 9.0}],
        "train-control": [{"step": 2, "eval_loss": 9.0}],
    }
    paths = [tmp_path / name / "history.json" for name in (*histories, "train-later")]
    for path, entries in zip(paths, histories.values(), strict=False):
        path.parent.mkdir()
        path.write_text(json.dumps(entries))
    [drawn] = loss_curves(paths, note="Of answers.")
    assert [(curve.name, curve.x, curve.y) for curve in drawn.curves] == [("train", [1, 2], [2.5, 1.5])]
    assert loss_curves(paths[1:]) == []


def test_comparisons_take_what_bench_eval_gives() -> None:
    bench_eval = pytest.importorskip("bench_eval")
    sides = [[{"id": str(i), "trials": [{"score": float(i < right)}]} for i in range(20)] for right in (8, 15)]
    text = words(page(Comparison([bench_eval.compare(*sides, task="hidden")])))
    assert text.count("▲ better") == 2  # the line and the legend
    assert "hidden 20 40.0" in text


@pytest.mark.parametrize(
    ("difference", "p", "said"),
    [
        (0.06, 0.003, "▲ better"),
        (-0.06, 0.003, "▼ worse"),
        (0.06, 0.05, "○ no clear change"),  # at the level is not below it
        (0.0, 0.001, "○ no clear change"),
        (0.06, None, "○ not tested"),
        (0.06, math.nan, "○ not tested"),
        (math.nan, 0.01, "○ not tested"),
    ],
)
def test_comparison_says_what_a_line_shows(difference: float, p: float | None, said: str) -> None:
    task = ComparedTask("hidden", 400, 0.5, 0.5 + difference, difference, (difference - 0.02, difference + 0.02), p)
    assert said in words(page(Comparison([task])))


def test_comparison_shows_points_and_intervals() -> None:
    task = ComparedTask("hidden", 400, 0.5, 0.56, 0.06, (0.02, 0.1), 0.003, (0.45, 0.55), (0.51, 0.61))
    text = words(page(Comparison([task])))
    assert "hidden 400 50.0 45.0 to 55.0 56.0 51.0 to 61.0 +6.0 +2.0 to +10.0 0.003 ▲ better" in text


NOT_NUMBERS = (math.nan, math.inf, -math.inf)


@pytest.mark.parametrize("value", NOT_NUMBERS)
def test_what_is_no_number_never_breaks_a_section(value: float) -> None:
    trial = ShownTrial(text="x", verdict=None, score=value)
    sections: list[Section] = [
        KeyFacts([Fact("loss", value)]),
        Table(["a"], [[value]]),
        Comparison([ComparedTask("a", 1, value, value, value, (value, value), value, (value, value), (value, value))]),
        Comparison([ComparedTask("a", 1, value, value, value, (value, value), value)], as_percent=False),
        StageAccounts([StageAccount("a", 1, 1, seconds=value)]),
        Curves([Curve("loss", [0, 1, 2], [1.0, value, 2.0])], smoothing=0.5),
        Curves([Curve("loss", [0, 1, 2], [value] * 3)]),
        Gallery([GalleryItem(id="a", image=None, question="q", truth="t", trials=[trial])]),
    ]
    text = page(*sections)
    assert re.search(r"\bnan\b|\binf\b|NaN|Infinity", re.split("<main[^>]*>", text)[1].split("</main>")[0]) is None


def test_a_value_that_is_not_finite_lifts_the_pen_and_is_counted() -> None:
    text = page(Curves([Curve("loss", [0, 1, 2, 3], [1.0, 2.0, math.nan, 1.5])]))
    path = re.search(r'class="line s0" d="([^"]*)"', text)
    assert path is not None
    assert (path[1].count("M"), path[1].count("L")) == (2, 1)
    assert "1 not finite" in words(text)


def test_empty_sections_are_drawn() -> None:
    sections: list[Section] = [
        KeyFacts([]),
        Table(["a"], []),
        Comparison([]),
        StageAccounts([]),
        Curves([]),
        Curves([Curve("a", [], [])]),
        Gallery([]),
        Prose(""),
        Histogram({"a": [0]}),
    ]
    assert "no stages" in words(page(*sections))


def test_spikes_survive_thinning() -> None:
    losses = [1.0] * 20_000
    losses[12_345] = 9.0
    text = page(Curves([Curve("loss", list(range(20_000)), losses)]))
    data = json.loads(text.split('class="curve-data">')[1].split("</script>")[0])
    assert max(data["lines"][0]["y"]) == 9.0
    assert len(data["lines"][0]["y"]) <= 800


def test_texts_that_cannot_be_written_are_made_printable(tmp_path: Path) -> None:
    path = write_report(tmp_path / "r.html", title="a\x00b\ud800c", sections=[Prose("x\x1by 🦆 שלום")])
    html = path.read_text(encoding="utf-8")
    assert "a\ufffdb\ufffdc" in html
    assert "x\ufffdy 🦆 שלום" in html


def test_long_texts_are_cut_and_the_cut_is_stated() -> None:
    trial = ShownTrial(text="x" * 5000, verdict=True)
    text = words(page(Gallery([GalleryItem(id="a", image=None, question="q", truth="t", trials=[trial])])))
    assert "… (1000 more characters)" in text


def test_a_long_text_of_a_row_says_how_much_of_it_was_cut() -> None:
    row = {"id": "a", "question": "q", "answer": "t", "trials": [{"text": "x" * 5000}]}
    assert "… (1000 more characters)" in words(page(Gallery([row_to_gallery_item(row)])))


def test_pictures_are_bounded_and_unreadable_ones_are_named(tmp_path: Path) -> None:
    Image.effect_noise((1600, 1200), 90).convert("RGB").save(tmp_path / "large.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n not a picture")
    items = [
        GalleryItem(id=name, image=tmp_path / name, question="q", truth="t")
        for name in ("large.png", "broken.png", "absent.png")
    ]
    text = page(Gallery(items, max_side_px=200))
    assert 'width="200" height="150"' in text
    assert len(text) < 90_000
    assert "no picture: missing" in text
    assert words(text).count("no picture: ") == 2


def test_bands_of_one_trial_and_of_none() -> None:
    def item(name: str, *verdicts: bool | None) -> GalleryItem:
        trials = [ShownTrial(text="", verdict=verdict) for verdict in verdicts]
        return GalleryItem(id=name, image=None, question="q", truth="t", trials=trials)

    text = words(page(Gallery([item("a", True), item("b", False), item("c", None), item("d")])))
    assert "all 4 never right 1 always right 1 not judged 2" in text
    assert "1 of 1 right" in text
    assert "1 not judged" in text


def test_the_band_of_hard_instances_ends_where_it_is_said_to() -> None:
    def item(right: int) -> GalleryItem:
        trials = [ShownTrial(text="", verdict=index < right) for index in range(22)]
        return GalleryItem(id=str(right), image=None, trials=trials)

    text = words(page(Gallery([item(right) for right in range(1, 22)], hard_share=15 / 22)))
    assert "rarely right 15 often right 6" in text


def test_a_row_becomes_a_card() -> None:
    trial = {"text": "a duck", "answer": "duck", "verdict": True, "rung": "exact", "score": 1, "tokens": 3}
    row = {"id": "s/duck", "question": "What?", "answer": "duck", "caption": None, "trials": [trial]}
    item = row_to_gallery_item(row, tags=["animal"])
    assert item.trials[0] == ShownTrial(text="a duck", answer="duck", verdict=True, rung="exact", score=1.0)
    assert (item.truth, item.caption, item.tags) == ("duck", "", ["animal"])


def test_errors_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(RunReportError, match=r"right trials must lie in 0 to 16 .*; got 17"):
        count_right([17])
    with pytest.raises(RunReportError, match=r"series must all have one length of at least 1; got lengths \[1, 2\]"):
        page(Histogram({"a": [1], "b": [1, 2]}))
    with pytest.raises(RunReportError, match="curve 'a' needs as many values as steps; got 1 for 2"):
        page(Curves([Curve("a", [0, 1], [1])]))
    with pytest.raises(RunReportError, match=r"smoothing must lie in \[0, 1\); got 1"):
        page(Curves([], smoothing=1))
    for target in ("", "/etc/passwd", "//host/a.html"):
        with pytest.raises(RunReportError, match="a link needs a path from the page's own folder; got "):
            Link("all", target)
    with pytest.raises(RunReportError, match=r"a section must be one of .*; got str"):
        write_report(tmp_path / "r.html", title="t", sections=["text"])  # pyright: ignore


def test_a_report_that_cannot_be_drawn_leaves_the_older_one(tmp_path: Path) -> None:
    path = write_report(tmp_path / "r.html", title="old", sections=[])
    with pytest.raises(RunReportError):
        write_report(path, title="new", sections=[Curves([Curve("a", [0, 1], [1])])])
    assert "<title>old</title>" in path.read_text(encoding="utf-8")
    assert [found.name for found in tmp_path.iterdir()] == ["r.html"]


def test_code_keeps_its_lines_and_notes_are_a_list_both_escaped() -> None:
    item = GalleryItem(id="s", image=None, code="class Scene:\n    pass  # <b>", notes=["cup dropped: <i>said_no</i>"])
    html = page(Gallery([item]))
    assert "class Scene:\n    pass  # &lt;b&gt;" in html
    assert '<li dir="auto">cup dropped: &lt;i&gt;said_no&lt;/i&gt;</li>' in html
    assert "true answer" not in html


def test_links_lead_to_files_beside_the_page_and_nowhere_else() -> None:
    rows = [("one", Link("<b>1</b>", "round-1/report.html")), ("two", Link("2", "javascript:alert(1)\ud800"))]
    html = render_report(title="t", sections=[Table(("a", "b"), rows)], above=Link("all rounds", "../report.html"))
    targets = re.findall(r"<a href=\"(?!#)([^\"]*)\"", html)
    assert targets == ["../report.html", "round-1/report.html", "javascript%3Aalert%281%29%3F"]
    assert "&lt;b&gt;1&lt;/b&gt;" in html
    assert 'class="number"' not in html.split("<main")[1].split("</main>")[0]
