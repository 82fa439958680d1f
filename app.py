"""Open the app in a browser: python app.py [--checkpoints DIR] [--hub OWNER/NAME[@REVISION] ...]

Everything stays on this machine unless --hub or --share is given, or somebody opens a checkpoint
by its name on the Hub.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

# Before torch is imported. By default the threads of GNU OpenMP spin for milliseconds while they
# wait for each other, and where another process wants the core they wait for one that is not
# running: one drawing took 17.9 s instead of 0.3 s. A short spin costs an idle machine nothing
# (docs/experiments.md).
if __name__ == "__main__":
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not turned off by a shell
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during imports is no traceback

from aigc import ui
from aigc.hub import Follower
from aigc.ui import remote

HUB_WAIT_S = 4.0  # for a Hub that is there; after that the page comes without, and says so
HERE = Path(__file__).resolve().parent


def port(text: str) -> int:
    """The number of a port. Raises ArgumentTypeError with a sentence."""
    if not (text.isascii() and text.isdecimal() and len(text) < 6) or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is 1 to 65535, not {text!r}")
    return int(text)


def arguments() -> argparse.Namespace:
    """The command line; each option has an environment variable for where none can be given."""
    env = os.environ.get
    parser = argparse.ArgumentParser(
        description="Open the app.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--host", default=env("GRADIO_SERVER_NAME", "127.0.0.1"),
                        help="address to listen on; 0.0.0.0 for every one")  # fmt: skip
    parser.add_argument("--port", type=port, default=env("GRADIO_SERVER_PORT", "7860"))
    parser.add_argument("--share", action="store_true", help="make a public link, by Gradio")
    parser.add_argument("--mcp", action="store_true",
                        default=env("GRADIO_MCP_SERVER", "").lower() == "true",
                        help="offer the endpoints as tools of an MCP server, too")  # fmt: skip
    parser.add_argument("--open", action="store_true", help="open it in the browser, too")
    parser.add_argument("--checkpoints", type=Path, metavar="DIR",
                        default=env("AIGC_CHECKPOINTS", HERE / "checkpoints"),
                        help="a folder of checkpoints, or one checkpoint")  # fmt: skip
    parser.add_argument("--hub", nargs="+", metavar="NAME", default=env("AIGC_HUB", "").split(),
                        help="checkpoints on the Hugging Face Hub to add: OWNER/NAME[@REVISION], "
                        "OWNER for all of its own, or collections/OWNER/SLUG")  # fmt: skip
    parser.add_argument("--hub-allow", nargs="+", metavar="NAME",
                        default=env("AIGC_HUB_ALLOW", "").split(),
                        help="what visitors may open by its name on the Hub: OWNER, OWNER/NAME, * "
                        "or none; without it everything where only this machine can look, and "
                        "else what belongs to the owners of --hub")  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Load the checkpoints, and serve until Ctrl-C."""
    options = arguments()
    if options.mcp and (lacking := ui.programs.lacking()):
        sys.exit(lacking)
    remote.claim_gpu()
    try:
        catalogue = ui.catalogue_of(options.checkpoints, films=HERE / "films")
        if options.hub and not catalogue.checkpoints:  # a page to show until the Hub answers
            catalogue = ui.catalogue_of(HERE / "checkpoints", films=HERE / "films")
    except ui.CheckpointError as error:
        sys.exit(str(error))
    local = options.host in ("127.0.0.1", "localhost", "::1") and not options.share
    hub = ui.Remote(
        allow=remote.allowance(
            options.hub_allow, options.hub, private=local and "SPACE_ID" not in os.environ
        )
    )
    if options.hub:  # without it nothing asks the network
        hub.follower = Follower(options.hub, catalogue.put)
        hub.follower.begin(wait=HUB_WAIT_S)
    try:
        ui.launch(
            ui.build(catalogue, hub), server_name=options.host, server_port=options.port,
            share=options.share, inbrowser=options.open, mcp_server=options.mcp,
        )  # fmt: skip
    except OSError as error:
        sys.exit(f"{options.host}:{options.port} cannot be had ({error}); choose another --port")


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
