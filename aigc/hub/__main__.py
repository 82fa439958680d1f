"""The Hub from a terminal:

python -m aigc.hub push CHECKPOINT OWNER/NAME [--private] [--revision BRANCH] [--tag vN]
python -m aigc.hub pull OWNER/NAME[@REVISION]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aigc import hub
from aigc.checkpoint import CheckpointError
from aigc.hub import space


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m aigc.hub", description="Checkpoints on the Hugging Face Hub."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    push = commands.add_parser("push", help="upload a checkpoint in one commit")
    push.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="its folder")
    push.add_argument("repo", metavar="OWNER/NAME")
    push.add_argument("--private", action="store_true", help="for the owner's eyes only")
    push.add_argument("--revision", metavar="BRANCH", help="default: main")
    push.add_argument("--tag", metavar="vN", help="name the commit")
    push.set_defaults(run=lambda o: hub.push(o.checkpoint, o.repo, o.private, o.revision, o.tag))

    pull = commands.add_parser("pull", help="download a checkpoint and print where it is")
    pull.add_argument("repo", metavar="OWNER/NAME[@REVISION]")
    pull.set_defaults(run=lambda o: hub.pull(o.repo).path)

    host = commands.add_parser("space", help="put the app on a Space, or update it")
    host.add_argument("repo", metavar="OWNER/NAME")
    host.add_argument("--hardware", metavar="NAME", help="cpu-basic, zero-a10g, ...")
    host.add_argument("--models", nargs="+", default=[], metavar="OWNER/NAME@SHA",
                      help="checkpoints on the Hub that the Space shows besides")  # fmt: skip
    host.add_argument("--dry-run", action="store_true", help="say what would be uploaded")
    host.set_defaults(run=put_up)
    return top


def put_up(options: argparse.Namespace) -> str:
    """Upload the Space, or list what would be."""
    planned = space.plan(options.repo, options.hardware, options.models)
    return str(planned) if options.dry_run else space.publish(planned)


def main() -> None:
    options = parser().parse_args()
    try:
        print(options.run(options))
    except CheckpointError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
