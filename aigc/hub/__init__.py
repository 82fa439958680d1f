"""Checkpoints on the Hugging Face Hub: `push`, `pull` at a pinned commit, the model card, and the
Space that shows them. From a terminal: `python -m aigc.hub --help`.

Everything goes through the Hub's own client, which reads HF_ENDPOINT, HF_TOKEN, HF_HOME and the
rest of its environment. What can go wrong is a HubError of one sentence.
"""

from aigc.hub.follow import Follower
from aigc.hub.modelcard import DATASETS, LIMITS, TITLES, card, duration, figures, front_matter
from aigc.hub.transfer import (
    VISITOR_BYTES,
    HubError,
    Pushed,
    cached,
    check_push,
    expand,
    forget,
    kept,
    pull,
    push,
    split_name,
)

__all__ = [
    "DATASETS", "LIMITS", "TITLES", "VISITOR_BYTES", "Follower", "HubError", "Pushed", "cached",
    "card", "check_push", "duration", "expand", "figures", "forget", "front_matter", "kept",
    "pull", "push", "split_name",
]  # fmt: skip
