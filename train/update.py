"""One step down a loss: gradients and what is done with them, on a GPU as one CUDA graph.

Muon alone starts a thousand small kernels a step, and starting one takes longer than it runs. What
is recorded once, from the third step on, is started at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from train import distributed, loop

USUAL = 2  # steps before it is recorded: until then optimisers make what they keep of each weight


class Update:
    """Gradients of a loss, their mean over the processes, clipped to a norm of `clip`, a step of
    each optimiser at the learning rates of this place in the run (risen over `warmup`, falling on a
    cosine), and no gradients again. Where it is `recorded`, from the clipping on, gradients and
    learning rates stay in one place in the GPU's memory from the start, since a graph knows nothing
    but addresses; make it before anything else holds on to either."""

    def __init__(
        self,
        model: nn.Module,
        optimizers: Mapping[str, Optimizer],
        recipe: loop.Options,
        device: torch.device,
        warmup: float,
        clip: float = math.inf,
        recorded: bool = False,
    ) -> None:
        self.weights = list(model.parameters())
        self.optimizers, self.recipe, self.device = optimizers, recipe, device
        self.warmup, self.clip = warmup, clip
        self.recorded, self.steps = recorded, 0
        self.graph: torch.cuda.CUDAGraph | None = None
        if recorded:
            for p in self.weights:
                p.grad = torch.zeros_like(p)
            for optimizer in optimizers.values():
                for group in optimizer.param_groups:
                    group.setdefault("initial_lr", group["lr"])
                    group["lr"] = torch.tensor(group["lr"], device=device)
                    group["capturable"] = True  # torch's own ask for it

    def __call__(self, loss: Tensor, progress: float) -> None:
        """A loss () of this step, and the share of the run that is behind."""
        loss.backward()
        distributed.average_gradients(self.weights)
        for optimizer in self.optimizers.values():
            loop.set_lr(optimizer, loop.cosine(progress, 1.0, 0.0, self.warmup))
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
        if self.clip < math.inf:
            torch.nn.utils.clip_grad_norm_(self.weights, self.clip)
        for optimizer in self.optimizers.values():
            with loop.autocast(self.recipe, self.device):  # Muon's rounds are matrix products
                optimizer.step()
        if self.recorded:
            torch._foreach_zero_([p.grad for p in self.weights if p.grad is not None])
        else:
            for optimizer in self.optimizers.values():
                optimizer.zero_grad()
