"""One run on several processes, of one machine or many.

    torchrun --nproc-per-node 2 -m train.gan --data data --out runs/gan-mnist
    torchrun --nnodes 2 --nproc-per-node 4 --rdzv-backend c10d --rdzv-endpoint HOST:29500 \\
        -m train.gan --data data --out runs/gan-mnist

Every process holds the whole model and the whole data set, takes its rows of each batch, and
averages its gradients with the others' before each update, so that all hold the same weights at
all times. Random numbers are drawn for the whole batch, and each process keeps its rows: the run
on N processes is the run on one, to rounding. The first process alone writes files.

Without torchrun there is one process, and nothing here does anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.overrides import TorchFunctionMode

PATIENT = timedelta(hours=1)  # to start, and while the first process downloads data

T = TypeVar("T")


class Lost(Exception):
    """Another process of the run is gone."""


class _Groups:
    """`steps` is the group that `impatient` makes, with a shorter timeout than the first one's."""

    steps: Any = None


@contextmanager
def processes() -> Iterator[None]:
    """Join the processes that torchrun started with this one, for as long as the context lasts."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "RANK" not in os.environ:
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    with _others():  # one that stops at a wrong flag may be gone before the others have met it
        dist.init_process_group(backend, timeout=PATIENT)
        # None is gone, at a wrong flag say, before the last one has met it, which would wait.
        dist.all_reduce(torch.zeros(1))
    try:
        yield
    finally:
        leave()


def impatient(seconds: float) -> None:
    """From here on, a process that keeps the others waiting for longer is lost to them. Returns
    when all have come so far."""
    if size() > 1:
        with _others():
            _Groups.steps = dist.new_group(timeout=timedelta(seconds=seconds))


def leave() -> None:
    """Be one process again: what comes now (figures, a push) the first one does alone."""
    if dist.is_initialized():
        _Groups.steps = None
        dist.destroy_process_group()


def size() -> int:
    """How many processes the run has."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def first() -> bool:
    """Whether this process is the one that writes."""
    return rank() == 0


def rows(count: int) -> slice:
    """The rows of a batch of `count`, a multiple of `size()`, that are this process's."""
    share = count // size()
    return slice(rank() * share, (rank() + 1) * share)


def in_turn(load: Callable[[], T]) -> T:
    """What `load` returns, called by the first process before the others, which then find what it
    downloaded."""
    if size() == 1:
        return load()
    found = load() if first() else None
    with _others():
        dist.barrier()
    return found if found is not None else load()


@contextmanager
def _others() -> Iterator[None]:
    """Turn a broken connection into `Lost`."""
    try:
        yield
    except RuntimeError as error:
        raise Lost(str(error).splitlines()[0]) from None


def average(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its mean over the processes, all of them in one message."""
    if size() == 1 or not tensors:
        return
    flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
    with _others():
        dist.all_reduce(flat, group=_Groups.steps)
    flat /= size()
    for tensor, mean in zip(tensors, flat.split([t.numel() for t in tensors])):
        tensor.detach().copy_(mean.view(tensor.shape))


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Make each parameter's gradient that of the whole batch, given a loss that is a mean over
    this process's rows. Call it between `backward` and the update (or the clipping before it)."""
    average([p.grad for p in parameters if p.grad is not None])


def largest(values: list[float]) -> list[float]:
    """The largest of each value over the processes: what all must agree on, as the clock."""
    if size() == 1:
        return values
    flat = torch.tensor(values, dtype=torch.float64)
    with _others():
        dist.all_reduce(flat, dist.ReduceOp.MAX, group=_Groups.steps)
    return flat.tolist()


def from_first(content: bytes) -> bytes:
    """The first process's `content`; what the others give does not matter."""
    if size() == 1:
        return content
    with _others():
        length = torch.tensor(len(content))
        dist.broadcast(length, 0)
        flat = torch.empty(int(length), dtype=torch.uint8)
        if first():
            flat = torch.frombuffer(bytearray(content), dtype=torch.uint8)
        dist.broadcast(flat, 0)
    return flat.numpy().tobytes()


class OwnRows(TorchFunctionMode):
    """Inside, `torch.rand` and `torch.randn` draw for the whole batch and return the rows of this
    process, so that a model or a recipe draws for its images and knows of no others.

    Every draw has one row an image, `images` of them; another shape is an error, because each
    process would go on from another place in the generator's sequence.
    """

    def __init__(self, images: int) -> None:
        super().__init__()
        self.images = images

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func not in (torch.rand, torch.randn) or size() == 1:
            return func(*args, **kwargs)
        shape = tuple(args[0]) if len(args) == 1 and not isinstance(args[0], int) else args
        if not shape or shape[0] != self.images:
            raise ValueError(
                f"a step on several processes draws one row for each of its {self.images} images, "
                f"not {shape}"
            )
        whole = func((self.images * size(), *shape[1:]), **kwargs)
        return whole[rows(len(whole))]
