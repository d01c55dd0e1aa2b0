"""Documents say of the workspace what is so: edges, members, names, messages."""

import importlib.util
import re
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from cvc.cli import main as cvc
from packaging.requirements import Requirement
from scene_world import write_folder

from .workspace import APP_PROJECTS, APPS, PACKAGE_PROJECTS, PACKAGES, ROOT

SVG = ROOT / "docs/architecture.svg"


def siblings(lines, itself):
    """Packages of the workspace among requirements."""
    return {name for line in lines if (name := Requirement(line).name) in PACKAGES and name != itself}


def needs(project):
    """What a member always needs of its siblings, and what only its extras need."""
    always = siblings(project["dependencies"], project["name"])
    extras = project.get("optional-dependencies", {}).values()
    return always, siblings([line for lines in extras for line in lines], project["name"]) - always


def edge_table():
    """The table of ARCHITECTURE.md, made from the pyproject files."""
    lines = ["| package | needs | only with extras |", "|---|---|---|"]
    for project in PACKAGE_PROJECTS:
        always, extra = needs(project)
        lines.append(f"| {project['name']} | {', '.join(sorted(always))} | {', '.join(sorted(extra))} |")
    return "\n".join(lines)


def app_table():
    """Which app uses which package, made from the pyproject files."""
    needed = {project["name"]: needs(project)[0] for project in APP_PROJECTS}
    lines = [f"| | {' | '.join(APPS)} |", "|---|" + ":-:|" * len(APPS)]
    lines += [f"| {one} | {' | '.join('x' if one in needed[app] else ' ' for app in APPS)} |" for one in PACKAGES]
    return "\n".join(lines)


def between(text, mark):
    """What stands between `<!-- MARK -->` and `<!-- end of MARK -->`."""
    return re.search(rf"<!-- {mark} -->\n(.*?)\n<!-- end of {mark} -->", text, re.DOTALL).group(1)


@pytest.mark.parametrize(("mark", "table"), [("edges", edge_table), ("apps", app_table)])
def test_the_tables_of_the_architecture_are_what_the_pyproject_files_declare(mark, table):
    assert between((ROOT / "ARCHITECTURE.md").read_text(), mark) == table(), f"put this there:\n{table()}"


def drawn():
    """Class and edge of each arrow of the diagram, and the names in its boxes."""
    elements = list(ElementTree.parse(SVG).iter())
    arrows = {tuple(one.get("id").split("--")): one.get("class") for one in elements if "--" in one.get("id", "")}
    return arrows, [one.text for one in elements if one.get("class") == "name"]


def test_the_diagram_draws_every_edge_between_packages_and_no_other():
    declared = {}
    for project in PACKAGE_PROJECTS:
        always, extra = needs(project)
        declared |= {(project["name"], one): "always" for one in always}
        declared |= {(project["name"], one): "extra" for one in extra}
    arrows, _ = drawn()
    assert arrows == declared


def test_the_diagram_names_every_member_once():
    assert sorted(drawn()[1]) == sorted([*PACKAGES, *APPS])


@pytest.mark.parametrize("kind", ["packages", "apps"])
def test_the_readme_has_a_line_for_every_member_and_links_its_page(kind):
    readme = (ROOT / "README.md").read_text()
    linked = re.findall(rf"^\| \[[\w-]+\]\({kind}/([\w-]+)/README\.md\) \|", readme, re.MULTILINE)
    assert sorted(linked) == sorted(path.parent.name for path in ROOT.glob(f"{kind}/*/pyproject.toml"))


def test_every_app_has_a_guide_that_the_readme_or_the_common_guide_links():
    linking = (ROOT / "README.md").read_text() + (ROOT / "docs/running.md").read_text()
    assert [app for app in APPS if f"guide-{app}.md" not in linking] == []
    assert [app for app in APPS if not (ROOT / f"docs/guide-{app}.md").exists()] == []


def test_every_document_in_docs_is_linked_from_another_document():
    texts = {path: path.read_text() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]}
    for document in ROOT.glob("docs/*.md"):
        assert any(document.name in text for path, text in texts.items() if path != document), document.name


def test_pictures_of_the_documents_know_dark_mode_and_name_no_outside_address():
    for picture in ROOT.glob("docs/*.svg"):
        text = picture.read_text()
        assert "prefers-color-scheme: dark" in text
        assert set(re.findall(r'https?://[^"\s]+', text)) <= {"http://www.w3.org/2000/svg"}
        assert "<title" in text


@pytest.mark.parametrize("mark", ["names", "axes"])
def test_the_names_that_contributing_shows_are_used_in_the_sources(mark):
    table = between((ROOT / "CONTRIBUTING.md").read_text(), mark)
    shown = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[3])}
    used = set(re.findall(r"\w+", " ".join(path.read_text() for path in ROOT.glob("*/*/src/**/*.py"))))
    assert len(shown) > 10
    assert sorted(name for name in shown if not {name, f"_{name}"} & used) == []


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Flags that name drawn pictures with captions and boxes."""
    folder = tmp_path_factory.mktemp("photos")
    write_folder(folder, 3)
    (folder / "cut.json").write_text('[{"image": "a.png", "capt')
    (folder / "run.yaml").write_text("max_pll: 3\n")
    named = {"--images": "images", "--captions": "captions.json", "--annotations": "instances.json"}
    return folder, {flag: str(folder / name) for flag, name in named.items()}


WITHOUT_MODELS = {"--model": "tiny", "--mlm": "tiny", "--entities": "blank"}
SERVED = {"--backend": "server", "--model": "served"}
MISTAKES = [
    ({"--annotations": None}, "--annotations is needed: boxes come from COCO instances JSON, Parquet or a --detector."),
    ({"--images": "."}, "more rows failed than max_failed_share allows; the last one: missing:"),
    ({"--max-pll": "3"}, "No such option '--max-pll'."),
    ({"--config": "run.yaml"}, "unknown key 'max_pll'; did you mean 'max_ppl'?"),
    (SERVED | {"--base-url": "127.0.0.1:8000"}, "base_url must be an address such as http://127.0.0.1:8000/v1"),
    ({"--workers": "2", "--gpus-per-worker": "1"}, "2 workers with 1 GPUs each need 2; 0 are visible"),
    ({"--engine": "ray"}, "Ray is missing; install it with: pip install 'shard-runner[ray]'"),
    ({"--captions": "cut.json"}, "is not complete JSON"),
]
"""Flags that differ from right ones, and what is said then; the table of docs/running.md shows both."""


@pytest.mark.parametrize(("changed", "said"), MISTAKES, ids=[said.split(";")[0] for _, said in MISTAKES])
def test_the_mistakes_of_the_common_guide_say_what_it_shows(changed, said, photos, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("RAY_ADDRESS", "")
    if said.startswith("Ray is missing") and importlib.util.find_spec("ray"):
        pytest.skip("Ray is installed here")
    folder, files = photos
    files_in = {flag: str(folder / value) for flag, value in changed.items() if value in (".", "run.yaml", "cut.json")}
    flags = files | WITHOUT_MODELS | {"--out": str(tmp_path / "run")} | changed | files_in
    words = [word for flag, value in flags.items() if value for word in (flag, value)]
    done = CliRunner().invoke(cvc, ["trials", *words])
    assert done.exit_code in (1, 2), done.output
    assert said in done.output
    assert said in between((ROOT / "docs/running.md").read_text(), "mistakes")
