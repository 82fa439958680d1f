"""The update of the weights after `backward`, on a GPU as one CUDA graph.

Muon alone starts a thousand small kernels a step, and starting one takes longer than it runs. What
is recorded once, from the third step on, is started at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn
from torch.optim import Optimizer

from train import loop

USUAL = 2  # steps before it is recorded: until then optimisers make what they keep of each weight


class Update:
    """Clips the gradients of a model to a norm of `clip`, makes a step of each optimiser inside
    `context`, and clears the gradients. Where it is `recorded`, gradients and learning rates stay
    in one place in the GPU's memory from the start, since a graph knows nothing but addresses;
    make it before anything else holds on to either."""

    def __init__(
        self,
        model: nn.Module,
        optimizers: Mapping[str, Optimizer],
        clip: float,
        context: Callable[[], AbstractContextManager[object]] = nullcontext,
        recorded: bool = False,
    ) -> None:
        self.weights = list(model.parameters())
        self.optimizers, self.clip, self.context = optimizers, clip, context
        self.recorded, self.steps = recorded, 0
        self.graph: torch.cuda.CUDAGraph | None = None
        if recorded:
            for p in self.weights:
                p.grad = torch.zeros_like(p)
            for optimizer in optimizers.values():
                for group in optimizer.param_groups:
                    group.setdefault("initial_lr", group["lr"])
                    group["lr"] = torch.tensor(group["lr"], device=self.weights[0].device)
                    group["capturable"] = True  # torch's own ask for it

    def __call__(self, factor: float) -> None:
        """With so many times the learning rates that the optimisers were built with."""
        for optimizer in self.optimizers.values():
            loop.set_lr(optimizer, factor)
        if not self.recorded or self.steps < USUAL:
            self._make()
        else:
            if self.graph is None:
                self.graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(self.graph):  # which writes it down and does nothing
                    self._make()
            self.graph.replay()
        self.steps += 1

    def _make(self) -> None:
        torch.nn.utils.clip_grad_norm_(self.weights, self.clip)
        for optimizer in self.optimizers.values():
            with self.context():
                optimizer.step()
        if self.recorded:
            torch._foreach_zero_([p.grad for p in self.weights if p.grad is not None])
        else:
            for optimizer in self.optimizers.values():
                optimizer.zero_grad()
