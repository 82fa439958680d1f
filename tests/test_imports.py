"""Who may import whom, what runs at import, and that the lists of packages and files are true."""

from __future__ import annotations

import ast
import inspect
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("aigc/**/*.py"), *ROOT.glob("train/*.py"), ROOT / "app.py"])

# The name of a package on the index, where it is not the name that is imported.
PACKAGES = {"PIL": "pillow", "huggingface_hub": "huggingface-hub"}

# What each module may import of the project; the longest matching prefix counts.
ALLOWED = {
    "app": {"aigc.ui", "aigc.ui.remote", "aigc.hub"},
    "aigc": set(),
    "aigc.media": set(),
    "aigc.models": set(),
    "aigc.metrics": set(),
    "aigc.latent": {"aigc.models"},
    "aigc.data": {"aigc.media", "aigc.notes"},
    "aigc.notes": set(),
    "aigc.survey": {"aigc.checkpoint", "aigc.latent"},
    "aigc.checkpoint": {"aigc.models", "aigc.media"},
    "aigc.film": {"aigc.checkpoint"},
    "aigc.hub": {"aigc.hub", "aigc.checkpoint"},
    "aigc.ui": {
        "aigc.ui", "aigc.latent", "aigc.checkpoint", "aigc.hub", "aigc.media", "aigc.models",
        "aigc.survey", "aigc.metrics", "aigc.film",
    },
    "train": {
        "train", "aigc.models", "aigc.latent", "aigc.checkpoint", "aigc.hub", "aigc.media",
        "aigc.data", "aigc.metrics", "aigc.survey", "aigc.film", "aigc.notes",
    },
}  # fmt: skip


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def matching(name: str, prefixes: object) -> str:
    """The longest of `prefixes` that is `name` or a package around it, or ""."""
    parts = name.split(".")
    shorter = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return next((prefix for prefix in shorter if prefix in prefixes), "")  # type: ignore[operator]


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, by its full name."""
    modules = {name_of(p) for p in SOURCES}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively; name the module"
            module = node.module or ""
            for alias in node.names:  # `from aigc import media` names a module, too
                inner = f"{module}.{alias.name}"
                yield inner if inner in modules else module


def outside(path: Path) -> set[str]:
    """The packages that a file imports from neither the project nor Python itself."""
    tops = {module.split(".")[0] for module in imports(path)}
    return tops - set(sys.stdlib_module_names) - {"aigc", "train", "app"}


def test_every_kind_of_media_has_what_the_page_asks_for() -> None:
    from aigc.media import MEDIA
    from aigc.ui import kinds

    assert kinds.__doc__ is not None
    one = r"\w+(?:\([^)]*\))?"
    listed = re.findall(rf"^    ({one}(?:, {one})*)(?:  | ->)", kinds.__doc__, re.MULTILINE)
    names = re.findall(r"(\w+)(?:\(([^)]*)\))?", " ".join(listed))
    assert len(names) > 20 and set(kinds.KINDS) == set(MEDIA)
    for kind in kinds.KINDS.values():
        for name, arguments in names:
            found = getattr(kind, name)
            if arguments:
                assert len(inspect.signature(found).parameters) == arguments.count(",") + 1, name


def test_texts_have_one_place_on_the_page() -> None:
    """A tab asks aigc.ui.kinds, so that a further kind of media changes no tab."""
    known = {f"aigc.ui.{name}" for name in ("sequence", "han", "patches", "sounds", "videos")}
    inside = {"aigc.ui.kinds", *known}
    for path in SOURCES:
        if name_of(path).startswith("aigc.ui") and name_of(path) not in inside:
            assert "TextMedia" not in path.read_text(encoding="utf-8"), path
            assert not known & set(imports(path)), f"{path} does not go by aigc.ui.kinds"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_imports_only_what_it_may(path: Path) -> None:
    name = name_of(path)
    allowed = ALLOWED[matching(name, ALLOWED)]
    for module in imports(path):
        if module.split(".")[0] in ("aigc", "train", "app"):
            if name == "aigc.models":  # the registry itself knows the families
                assert module.startswith("aigc.models."), f"{name} imports {module}"
                continue
            assert matching(module, allowed), f"{name} imports {module}"
            if name == "app":
                assert module in allowed, f"app.py reaches into {module}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_heavy_packages_stay_where_they_belong(path: Path) -> None:
    name, used = name_of(path), outside(path)
    if not name.startswith("aigc.ui"):
        assert "gradio" not in used and "gradio_client" not in used
    if name != "aigc.data" and not name.startswith("train"):
        assert "torchvision" not in used
    if name.startswith("aigc.models") or name == "aigc.latent":
        assert used <= {"torch"}
    if name == "aigc.metrics":
        assert used <= {"torch", "numpy"}
    if not name.startswith("train"):
        assert "tyro" not in used and "tqdm" not in used


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_is_pickled(path: Path) -> None:
    assert not {"pickle", "cPickle", "dill", "shelve", "marshal"} & set(imports(path))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            call = f"{node.value.id}.{node.attr}"
            assert call not in {"torch.load", "torch.save"}, f"{path}:{node.lineno} has {call}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_seeds_the_global_generator(path: Path) -> None:
    """Every draw takes a local generator, so no visitor changes what another one sees."""
    names = {"torch.manual_seed", "random.seed", "np.random", "torch.set_rng_state"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            call = f"{node.value.id}.{node.attr}"
            assert call not in names, f"{path}:{node.lineno} has {call}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_recipes_draw_where_their_generator_lives(path: Path) -> None:
    """On a GPU a run's generator is there, and torch.rand without a device would refuse it: in a
    training script all goes through `aigc.latent`, which asks the generator."""
    source = path.read_text(encoding="utf-8")
    if "class Recipe" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            drawn = node.value.id == "torch" and node.attr.startswith(
                ("rand", "bernoulli", "multi")
            )
            assert not drawn, f"{path}:{node.lineno} draws by torch.{node.attr}"


# What a module may do when it is imported: define, name, import. An `if` only for these.
QUIET = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign,
    ast.AnnAssign,
)  # fmt: skip


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_runs_at_import(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        where = f"{path}:{node.lineno}"
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant), f"{where} runs when it is imported"
        elif isinstance(node, ast.If):
            test = ast.unparse(node.test)
            assert test in ("__name__ == '__main__'", "TYPE_CHECKING"), f"{where} runs at import"
        else:
            assert isinstance(node, QUIET), f"{where} runs when it is imported"


def test_importing_everything_is_quiet_and_leaves_no_trace() -> None:
    """In a fresh process: no output, no file opened for writing, no random number drawn, and the
    models know neither gradio nor torchvision."""
    light = [n for n in map(name_of, SOURCES) if not n.startswith(("aigc.ui", "train", "app"))]
    script = f"""
import sys, torch
state = torch.random.get_rng_state()
def audit(event, args):
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        if "__pycache__" not in str(args[0]):
            sys.exit(f"{{args[0]}} is written at import")
    if event in ("socket.connect", "subprocess.Popen"):
        sys.exit(f"{{event}} at import: {{args}}")
sys.addaudithook(audit)
for name in {light!r}:
    __import__(name)
assert torch.equal(state, torch.random.get_rng_state()), "a number is drawn at import"
heavy = {{"gradio", "torchvision", "tyro", "sympy"}} & set(sys.modules)
assert not heavy, heavy
"""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_requirements_are_what_is_imported() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    for entry in entries:
        assert re.match(r"[a-z-]+>=[0-9.]+\S*\s+# \w+", entry), f"{entry!r} says not what it is for"
    listed = {re.split("[<>=]", entry)[0] for entry in entries}
    used = {PACKAGES.get(top, top) for path in SOURCES for top in outside(path)}
    used -= {"gradio_client", "starlette"}  # gradio brings the ones that it was made for
    used -= {"trackio", "mcp"}  # extras, of --track and --mcp
    assert listed == used


def tree(readme: str) -> list[str]:
    """The paths of the annotated tree: the first block that has `app.py` at the start of a line."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    block = next(b for b in blocks if re.search("^app.py", b, re.MULTILINE))
    paths, folders = [], [""]
    for line in block.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        for name in re.split(r"\s{2,}", line.strip())[0].split():
            paths.append("".join(folders[: depth + 1]) + name)
            if name.endswith("/"):
                folders[depth + 1 :] = [name]
    return paths


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_tree_in_the_readme_is_there(name: str) -> None:
    paths = tree((ROOT / name).read_text(encoding="utf-8"))
    assert len(paths) > 20
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert missing == []
    for path in SOURCES:
        inner = path.relative_to(ROOT).as_posix()
        assert path.name == "__init__.py" or inner in paths, f"{name} does not mention {inner}"


def test_no_python_file_is_a_drawer_for_everything() -> None:
    assert not [p for p in SOURCES if p.stem in {"utils", "util", "helpers", "common", "misc"}]


def test_an_interrupt_while_the_app_is_imported_is_no_traceback(tmp_path: Path) -> None:
    for name in ("torch", "gradio", "numpy"):  # whichever is the first to be imported
        stops = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
        (tmp_path / f"{name}.py").write_text(stops, encoding="utf-8")
    # A suite in the background of a shell is deaf to Ctrl-C, and so is what it starts.
    hears = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    start = hears + "os.execv(sys.executable, [sys.executable, 'app.py'])"
    ended = subprocess.run(
        [sys.executable, "-c", start], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")
