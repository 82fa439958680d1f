"""Muon for matrices, Adam for all else: the optimisers that the Transformers share."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def orthogonalise(update: Tensor, rounds: int = 5) -> Tensor:
    """The nearest half-orthogonal matrices, roughly: singular values go to about 1, singular
    vectors stay. update (..., rows, columns) -> the same shape.

    Newton-Schulz rounds with the coefficients of Jordan 2024
    (https://kellerjordan.github.io/posts/muon/), which trade exactness for few rounds.
    """
    tall = update.shape[-2] > update.shape[-1]
    x = update.mT if tall else update
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(rounds):
        gram = x @ x.mT
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.mT if tall else x


def together(matrix: Tensor) -> bool:
    """Whether matrices like this one go through the rounds in one batch: on a GPU, where starting
    the kernels one by one takes longer than they run."""
    return matrix.is_cuda


class Muon(Optimizer):
    """Momentum, orthogonalised (Jordan 2024). For matrices, and for kernels (out, in, ...) as
    matrices of a row an output.

    torch.optim.Muon always does the rounds in bfloat16, which takes longer than the training
    step itself on a processor that has to emulate it, and is not there before torch 2.9.
    """

    def __init__(
        self, params: Sequence[Tensor], lr: float, momentum: float = 0.95, decay: float = 0.0
    ) -> None:
        """`decay` is decoupled, a share of `lr` (Loshchilov & Hutter 2017, arXiv 1711.05101):
        singular values end below 1 / decay."""
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[Tensor]] = {}  # by rows and columns
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(p)
                alike.setdefault((len(p), p.numel() // len(p)), []).append(p)
            for (rows, columns), params in alike.items():
                size = len(params) if together(params[0]) else 1
                if group["decay"]:
                    torch._foreach_mul_(params, 1 - group["lr"] * group["decay"])
                for i in range(0, len(params), size):
                    step = -group["lr"] * max(1.0, rows / columns) ** 0.5
                    self._move(params[i : i + size], group["momentum"], step)

    def _move(self, params: list[Tensor], momentum: float, step: float | Tensor) -> None:
        """Move parameters of one shape by `step`, a number or (), times their orthogonalised
        momentum."""
        grads = [p.grad for p in params if p.grad is not None]
        buffers = [self.state[p]["momentum_buffer"] for p in params]
        torch._foreach_lerp_(buffers, grads, 1 - momentum)
        ahead = torch._foreach_lerp(grads, buffers, momentum)  # Nesterov
        matrices = [matrix.flatten(1) for matrix in ahead]
        if len(matrices) > 1:
            updates = orthogonalise(torch.stack(matrices)).unbind()
        else:  # without a dimension more, which some processors multiply more slowly
            updates = (orthogonalise(matrices[0]),)
        moves = [update.view(p.shape).to(p.dtype) for update, p in zip(updates, params)]
        torch._foreach_mul_(moves, step)
        torch._foreach_add_(params, moves)


def muon_and_adam(
    model: nn.Module, blocks: nn.Module, lr: float, muon_lr: float, decay: float = 0.0
) -> dict[str, Optimizer]:
    """Muon for the matrices of the blocks, Adam for the rest of the model."""
    matrices = [p for p in blocks.parameters() if p.dim() == 2]
    chosen = {id(p) for p in matrices} if muon_lr else set()
    rest = [p for p in model.parameters() if id(p) not in chosen]
    adam = torch.optim.Adam(rest, lr=lr, betas=(0.9, 0.98), eps=1e-10, fused=True)
    if not chosen:
        return {"adam": adam}
    return {"adam": adam, "muon": Muon(matrices, lr=muon_lr, decay=decay)}
