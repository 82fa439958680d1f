"""Open the app: `python app.py`."""

from __future__ import annotations

import argparse
from pathlib import Path

from aigc import ui


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--share", action="store_true")
    parser.add_argument("--checkpoints", type=Path, default=Path(__file__).parent / "checkpoints")
    args = parser.parse_args()
    demo = ui.build(args.checkpoints)
    demo.launch(server_name=args.host, server_port=args.port, share=args.share)


if __name__ == "__main__":
    main()
