"""One file that trains on a machine that has nothing but uv: the sources of this checkout, inside
a script that says what it needs.

    python -m train.job --out job.py
    hf jobs uv run --flavor a10g-small --secrets HF_TOKEN job.py \\
        gan --dataset mnist --minutes 30 --push-to-hub OWNER/NAME

The arguments of the script are a family and the flags of its training (`python -m train.gan
--help`). The Hub's machines keep nothing, so `--push-to-hub` is how the result comes back.
"""

from __future__ import annotations

import base64
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import tyro

from aigc import checkpoint
from aigc.models import FAMILIES
from train import loop

ROOT = Path(__file__).resolve().parent.parent
SHOWS = ("gradio",)  # packages that no training needs

# The header is read by uv (PEP 723); the rest runs on Python's own library until the sources are
# unpacked.
SCRIPT = '''\
# /// script
# requires-python = ">=3.10,<3.14"
# dependencies = [
{dependencies}
# ]
# ///
"""Training of AIGC{commit}, made by `python -m train.job`: FAMILY and its flags."""

import base64
import io
import runpy
import sys
import tempfile
import zipfile

SOURCES = """
{sources}
"""

if __name__ == "__main__":
    families = {families}
    if len(sys.argv) < 2 or sys.argv[1] not in families:
        sys.exit(f"say what to train: {{' or '.join(families)}}, then its flags")
    folder = tempfile.mkdtemp(prefix="aigc-")
    zipfile.ZipFile(io.BytesIO(base64.b64decode(SOURCES))).extractall(folder)
    sys.path.insert(0, folder)
    family = sys.argv.pop(1)
    runpy.run_module(f"train.{{family}}", run_name="__main__", alter_sys=True)
'''


@dataclass
class Options:
    """Write the script."""

    out: Path = Path("job.py")
    """Where to."""


def families() -> list[str]:
    """What can be trained, by name."""
    return sorted(name for name in FAMILIES if (ROOT / "train" / f"{name}.py").exists())


def sources() -> bytes:
    """A zip of what a training imports, the same bytes for the same files."""
    buffer = io.BytesIO()
    files = [p for part in ("aigc", "train") for p in sorted((ROOT / part).rglob("*.py"))]
    # The judge of the digits; others, at two MB of script each, are trained on the way.
    judges = sorted((ROOT / "checkpoints" / "classifier-mnist").glob("*"))
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in [*files, *(p for p in judges if p.is_file())]:
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith("aigc/ui/"):
                packed.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def script() -> str:
    """The whole file."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    needed = [line.split("#")[0].strip() for line in lines if not line.startswith("#")]
    needed = [one for one in needed if one and not one.startswith(SHOWS)]
    encoded = base64.b64encode(sources()).decode()
    rows = [encoded[i : i + 100] for i in range(0, len(encoded), 100)]
    commit = loop.commit()
    return SCRIPT.format(
        dependencies="\n".join(f'#   "{one}",' for one in needed),
        commit=f" (commit {commit})" if commit else "",
        sources="\n".join(rows),
        families=families(),
    )


def run(options: Options) -> None:
    with checkpoint.writing():
        checkpoint.write_file(options.out, script().encode())
    print(f"hf jobs uv run --flavor a10g-small --secrets HF_TOKEN {options.out} "
          "gan --dataset mnist --minutes 30 --push-to-hub OWNER/NAME")  # fmt: skip


def main() -> None:
    loop.main(lambda: run(tyro.cli(Options, description=__doc__)))


if __name__ == "__main__":
    main()
