"""The READMEs say what is true: figures from the checkpoints, links that lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from aigc import checkpoint, hub
from aigc.checkpoint import CheckpointError

ROOT = Path(__file__).parent.parent
SHIPPED = sorted(path.parent for path in (ROOT / "checkpoints").glob("*/config.json"))
READMES = {"en": "README.md", "zh": "README.zh-CN.md"}


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    """docs/figures.py, which is a script and no module of a package."""
    spec = importlib.util.spec_from_file_location("docs_figures", ROOT / "docs" / "figures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", READMES)
def test_the_figures_are_those_of_the_checkpoints(figures: ModuleType, language: str) -> None:
    text = (ROOT / READMES[language]).read_text(encoding="utf-8")
    expected = figures.filled(text, figures.section(language))
    assert text == expected, "the READMEs are behind the checkpoints: run `make figures`"


@pytest.mark.parametrize("language", READMES)
def test_every_published_figure_names_its_source(figures: ModuleType, language: str) -> None:
    for english, chinese in figures.PUBLISHED.values():
        assert re.search(r"\]\(https://\S+\)", chinese if language == "zh" else english)


def test_a_readme_without_markers_is_refused(figures: ModuleType) -> None:
    with pytest.raises(ValueError, match="the README lacks the lines"):
        figures.filled("# No markers", "table")
    marked = f"a\n{figures.BEGIN}\nold\n{figures.END}\nb"
    assert figures.filled(marked, "new") == f"a\n{figures.BEGIN}\nnew\n{figures.END}\nb"


def test_a_broken_checkpoint_is_not_passed_over(figures: ModuleType, tmp_path: Path) -> None:
    assert figures.section("en", tmp_path) == figures.NONE["en"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match="is missing"):
        figures.section("en", tmp_path)


@pytest.mark.parametrize("name", [*READMES.values(), "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_and_pictures_are_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)\)", text)
    inside = [t.replace("\\", "") for t in targets if not t.startswith(("http://", "https://"))]
    assert [target for target in inside if not (ROOT / target).exists()] == []


def test_both_readmes_show_the_same() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in READMES.values())
    for pattern in (r"^#+ ", r"!\[.*?\]\((.*?)\)", r"`(/\w+)`", r"^(make \w+)", r"python -m (\S+)"):
        found = [re.findall(pattern, text, re.MULTILINE) for text in (english, chinese)]
        assert found[0] == found[1], pattern
    block = r"^```python\n(.*?)^```"
    code = [re.findall(block, text, re.MULTILINE | re.DOTALL) for text in (english, chinese)]
    assert len(code[0]) == len(code[1]) == 3
    assert code[0][:2] == code[1][:2]


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for name in (*READMES.values(), "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
        assert named and named <= targets


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_the_card_says_what_the_checkpoint_can_do_now(folder: Path) -> None:
    """Otherwise: `python -m train.evaluate CHECKPOINT --data DIR --write`."""
    card = (folder / checkpoint.CARD).read_text(encoding="utf-8")
    now = hub.card(checkpoint.load(folder))
    # Versions of the Hub's client may write the metadata above in other ways.
    assert card.split("---\n", 2)[2] == now.split("---\n", 2)[2]


def test_what_ships_stays_small() -> None:
    """Every clone and every Space carries all of it: see CONTRIBUTING.md. `--half` of the training
    scripts halves a checkpoint."""
    sizes = {
        str(path): path.stat().st_size
        for path in (ROOT / "checkpoints").rglob("*") if path.is_file()
    }  # fmt: skip
    assert max(sizes.values()) <= 25e6
    assert sum(sizes.values()) < 80e6
