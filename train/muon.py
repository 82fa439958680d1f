"""Muon for matrices, Adam for all else: the optimisers and the step that the Transformers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from train import distributed, loop


def orthogonalise(update: Tensor, rounds: int = 5) -> Tensor:
    """The nearest half-orthogonal matrix, roughly: singular values go to about 1, singular
    vectors stay. update (rows, columns) -> the same shape.

    Newton-Schulz rounds with the coefficients of Jordan 2024
    (https://kellerjordan.github.io/posts/muon/), which trade exactness for few rounds.
    """
    tall = update.shape[0] > update.shape[1]
    x = update.T if tall else update
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.T if tall else x


class Muon(Optimizer):
    """Momentum, orthogonalised (Jordan 2024). For matrices, and for kernels (out, in, ...) as
    matrices of a row an output.

    torch.optim.Muon always does the rounds in bfloat16, which takes longer than the training
    step itself on a processor that has to emulate it, and is not there before torch 2.9.
    """

    def __init__(self, params: Sequence[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(p)
                buffer = state["momentum_buffer"].lerp_(p.grad, 1 - group["momentum"])
                matrix = p.grad.lerp(buffer, group["momentum"]).flatten(1)  # Nesterov
                rows, columns = matrix.shape
                update = orthogonalise(matrix).view(p.shape)
                p.sub_(update, alpha=group["lr"] * max(1.0, rows / columns) ** 0.5)


def muon_and_adam(
    model: nn.Module, blocks: nn.Module, lr: float, muon_lr: float
) -> dict[str, Optimizer]:
    """Muon for the matrices of the blocks, Adam for the rest of the model."""
    matrices = [p for p in blocks.parameters() if p.dim() == 2]
    chosen = {id(p) for p in matrices} if muon_lr else set()
    rest = [p for p in model.parameters() if id(p) not in chosen]
    adam = torch.optim.Adam(rest, lr=lr, betas=(0.9, 0.98), eps=1e-10, fused=True)
    return {"adam": adam, "muon": Muon(matrices, lr=muon_lr)} if chosen else {"adam": adam}


def update(
    loss: Tensor,
    model: nn.Module,
    trained: Mapping[str, Optimizer],
    recipe: loop.Options,
    warmup: float,
    device: torch.device,
    progress: float,
) -> None:
    """One step down: gradients of the loss, their mean over the processes, the learning rates of
    this place in the run (risen over `warmup`, falling on a cosine), the optimisers."""
    loss.backward()
    distributed.average_gradients(model.parameters())
    for optimizer in trained.values():
        loop.set_lr(optimizer, loop.cosine(progress, 1.0, 0.0, warmup))
        with loop.autocast(recipe, device):  # Muon's rounds are matrix products
            optimizer.step()
        optimizer.zero_grad()
