"""Open the app in a browser: python app.py [--checkpoints DIR] [--hub OWNER_OR_REPO ...]

Everything stays on this machine unless --hub or --share is given.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from aigc import ui

HERE = Path(__file__).resolve().parent


def arguments() -> argparse.Namespace:
    """The command line; each option has an environment variable for where none can be given."""
    env = os.environ.get
    parser = argparse.ArgumentParser(
        description="Open the app.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--host", default=env("GRADIO_SERVER_NAME", "127.0.0.1"),
                        help="address to listen on; 0.0.0.0 for every one")  # fmt: skip
    parser.add_argument("--port", type=int, default=env("GRADIO_SERVER_PORT", "7860"))
    parser.add_argument("--share", action="store_true", help="make a public link, by Gradio")
    parser.add_argument("--open", action="store_true", help="open it in the browser, too")
    parser.add_argument("--checkpoints", type=Path, metavar="DIR",
                        default=env("AIGC_CHECKPOINTS", HERE / "checkpoints"),
                        help="a folder of checkpoints, or one checkpoint")  # fmt: skip
    parser.add_argument("--hub", nargs="+", metavar="OWNER_OR_REPO",
                        default=env("AIGC_HUB", "").split(),
                        help="checkpoints on the Hugging Face Hub to add")  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Load the checkpoints, and serve until Ctrl-C."""
    options = arguments()
    more: list[ui.Checkpoint] = []
    broken: list[ui.Broken] = []
    if options.hub:
        from aigc import hub  # only here: without --hub nothing asks the network

        for repo in options.hub:
            try:
                more.append(hub.pull(repo))
            except (hub.HubError, ui.CheckpointError) as error:
                broken.append(ui.Broken(repo, Path(repo), str(error)))
    try:
        catalogue = ui.catalogue_of(options.checkpoints, more, broken)
    except ui.CheckpointError as error:
        sys.exit(str(error))
    try:
        ui.launch(
            ui.build(catalogue), server_name=options.host, server_port=options.port,
            share=options.share, inbrowser=options.open,
        )  # fmt: skip
    except OSError as error:
        sys.exit(f"{options.host}:{options.port} cannot be had ({error}); choose another --port")


if __name__ == "__main__":
    main()
