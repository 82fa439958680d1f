"""What one step of each script does, beside its formula, written out here a second time: the
gradients that the optimizers get are those of that loss, and the loop reports and keeps averages.

The draws of a step come from one generator, which the formulas here ask in the same order.
"""

from __future__ import annotations

import copy
import json
import math
import types
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from aigc import checkpoint, latent
from tests.test_train import train
from train import attention, classifier, gan, loop, muon, watch
from train.update import Update

SEED = 5  # of the draws of the step that is looked at
Patch = pytest.MonkeyPatch
Gradients = dict[str, Tensor]


@dataclass
class Taken:
    """What a step gave to the optimizers, and said."""

    gradients: Gradients = field(default_factory=dict)
    """By the name of the weight."""
    rates: dict[str, float] = field(default_factory=dict)
    """Learning rates, by the name of the optimizer."""
    report: dict[str, float] = field(default_factory=dict)
    before: Any = None
    """The model as it was."""


def begin(script: str, data: Path, monkeypatch: Patch, **flags: Any) -> loop.Job:
    """The job that a script hands to the loop, all of whose weights count."""
    with monkeypatch.context() as patch:
        patch.setattr(loop, "run", lambda job: job)
        job: Any = train(script, data, Path("nowhere"), precision="float32", **flags)
    draw = latent.generator(1)
    with torch.no_grad():
        for weight in job.model.parameters():  # of which some begin at zero
            weight += 0.1 * torch.randn(weight.shape, generator=draw)
    job.model.train()
    return job  # type: ignore[no-any-return]


def take(job: loop.Job, images: Tensor, targets: Tensor, number: int, progress: float) -> Taken:
    """A step behind another one, of which nothing may be left."""
    job.step(images.flip(0), targets.flip(0), 0, 0.1, latent.generator(0))
    taken = Taken(before=copy.deepcopy(job.model))
    names = {id(weight): name for name, weight in job.model.named_parameters()}

    def look(key: str, optimizer: Any, whole: Callable[[], None]) -> None:
        (group,) = optimizer.param_groups
        taken.rates[key] = group["lr"]
        for p in group["params"]:
            found = torch.zeros_like(p) if p.grad is None else p.grad.clone()
            taken.gradients[names[id(p)]] = found
        whole()

    with pytest.MonkeyPatch.context() as patch:
        for key, optimizer in job.optimizers.items():
            step = optimizer.step
            patch.setattr(
                optimizer, "step", lambda k=key, o=optimizer, whole=step: look(k, o, whole)
            )
        report = job.step(images, targets, number, progress, latent.generator(SEED))
    taken.report = {key: value.tolist() for key, value in report.items()}
    return taken


def down(model: torch.nn.Module, loss: Tensor, most: float = math.inf) -> Gradients:
    """The gradient of a loss with respect to each weight; all together no longer than `most`."""
    weights = dict(model.named_parameters())
    found = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
    gradients = {
        name: torch.zeros_like(weight) if gradient is None else gradient
        for (name, weight), gradient in zip(weights.items(), found)
    }
    length = math.sqrt(sum(float(g.double().square().sum()) for g in gradients.values()))
    return {name: gradient * min(1.0, most / length) for name, gradient in gradients.items()}


def same(found: Gradients, wanted: Gradients) -> None:
    """To rounding: a term of a thousandth of the others would show."""
    assert found.keys() == wanted.keys()
    largest = max(gradient.abs().max().item() for gradient in wanted.values())
    assert largest > 0
    for name, gradient in wanted.items():
        near = 3e-4 * gradient.abs().max().item() + 1e-7 * largest
        torch.testing.assert_close(
            found[name], gradient, rtol=0, atol=near, msg=lambda m, n=name: f"{n}: {m}"
        )


def grey(n: int = 8) -> tuple[Tensor, Tensor]:
    """Pictures of every brightness, and classes."""
    return torch.rand(n, 1, 28, 28, generator=latent.generator(2)), torch.arange(n) * 7 % 10


def half_cosine(progress: float, start: float, end: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


# The GAN


def minus_log_sigmoid(x: Tensor) -> Tensor:
    return (1 + (-x).exp()).log()


BOTH: dict[str, tuple[Callable[..., Tensor], Callable[..., Tensor]]] = {
    # What D and what G minimise, of their logits for real and made pictures.
    "relativistic": (
        lambda r, f: minus_log_sigmoid(r - f).mean(),
        lambda r, f: minus_log_sigmoid(f - r).mean(),
    ),
    "non-saturating": (
        lambda r, f: (minus_log_sigmoid(r) + minus_log_sigmoid(-f)).mean(),
        lambda r, f: minus_log_sigmoid(f).mean(),
    ),
    "minimax": (
        lambda r, f: (minus_log_sigmoid(r) + minus_log_sigmoid(-f)).mean(),
        lambda r, f: -minus_log_sigmoid(-f).mean(),
    ),
    "hinge": (
        lambda r, f: ((1 - r).clamp(min=0) + (1 + f).clamp(min=0)).mean(),
        lambda r, f: -f.mean(),
    ),
    "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda r, f: -f.mean()),
}


def game(
    recipe: Any, before: Any, after: Any, images: Tensor, targets: Tensor, number: int,
    progress: float,
) -> tuple[Gradients, dict[str, float]]:  # fmt: skip
    """The gradients of both networks, the generator's by the discriminator as it is `after` its
    own step; and what is said of it."""
    n, pack, draw = len(images), recipe.pack, latent.generator(SEED)
    told = torch.zeros(n, 1)
    if recipe.classes:
        told = torch.eye(10)[targets]
    z = torch.randn(n, recipe.latent, generator=draw)
    draws = torch.rand(n, 2 * gan.DRAWS, generator=draw) if recipe.augment == "on" else None

    def together(x: Tensor) -> Tensor:
        return torch.cat([x[i::pack] for i in range(pack)], 1)

    def shown(x: Tensor, made: bool) -> Tensor:
        return x if draws is None else gan.augment(x, draws.split(gan.DRAWS, 1)[made])

    def slope(logits: Tensor, at: Tensor) -> Tensor:
        (gradient,) = torch.autograd.grad(logits.sum(), at, create_graph=True)
        # One for each of what D takes, which is a pack: the neighbours of `together`.
        each = gradient.square().sum((1, 2, 3))
        return each.view(len(logits), -1).sum(1)

    d = before.discriminator
    drawn = before.generator(z, told)
    real, fake = (x.detach().requires_grad_() for x in (2 * images - 1, drawn))
    r = d(together(shown(real, False)), together(told))
    f = d(together(shown(fake, True)), together(told))
    of_d, of_g = BOTH[recipe.loss]
    plain = loss = of_d(r, f)
    if number % recipe.penalty_every == 0:
        gamma = half_cosine(progress, recipe.gamma, recipe.gamma_end)
        for wanted, logits, at in ((recipe.r1, r, real), (recipe.r2, f, fake)):
            if wanted:
                loss = loss + recipe.penalty_every * gamma / 2 * slope(logits, at).mean()
        if recipe.gp:
            share = torch.rand(n, 1, 1, 1, generator=draw)[::pack]
            mixed = (1 - share) * together(real) + share * together(fake)
            mixed = mixed.detach().requires_grad_()
            steepness = slope(d(mixed, together(told)), mixed).sqrt()
            loss = loss + recipe.penalty_every * recipe.gp * (steepness - 1).square().mean()
    if recipe.mismatch and recipe.classes and pack == 1 and progress < recipe.mismatch_until:
        each = [d(shown(real, False), told_k.expand(n, -1)) for told_k in torch.eye(10)]
        likely = torch.stack(each, 1).log_softmax(1)  # (N, 10)
        loss = loss - recipe.mismatch * likely[torch.arange(n), targets].mean()
    again = of_g(r.detach(), after(together(shown(drawn, True)), together(told)))
    gradients = {f"discriminator.{name}": g for name, g in down(d, loss).items()}
    gradients |= {f"generator.{name}": g for name, g in down(before.generator, again).items()}
    said = {"D loss": plain.item(), "G loss": again.item(), "margin": (r - f).mean().item()}
    return gradients, said


DUE, NOT_DUE = 4, 5  # numbers of steps with and without a penalty


@pytest.mark.parametrize(
    ("flags", "number", "progress"),
    [
        *(({"loss": loss}, DUE, 0.3) for loss in BOTH),
        *(({"loss": loss}, NOT_DUE, 0.8) for loss in BOTH),
        ({"r2": False}, DUE, 0.3),
        ({"r1": False}, DUE, 0.3),
        ({"r1": False, "r2": False}, DUE, 0.3),
        ({"penalty_every": 5, "gamma_end": 3.0}, 5, 0.9),
        ({"mismatch": 0.0}, NOT_DUE, 0.3),
        ({"mismatch": 2.0, "mismatch_until": 0.5}, NOT_DUE, 0.49),
        ({"mismatch": 2.0, "mismatch_until": 0.5}, NOT_DUE, 0.51),
        ({"loss": "wasserstein", "gp": 10.0, "r1": False, "r2": False}, DUE, 0.3),
        ({"loss": "wasserstein", "gp": 10.0, "r1": False, "r2": False}, NOT_DUE, 0.3),
        ({"gp": 1.0, "pack": 2}, DUE, 0.3),
        ({"r2": False, "pack": 4}, DUE, 0.3),
        ({"gp": 1.0, "augment": "on"}, DUE, 0.3),
        ({"classes": False, "schedule": "constant"}, DUE, 0.3),
    ],
)
def test_a_step_of_a_gan(
    flags: dict[str, Any], number: int, progress: float, mnist_root: Path, monkeypatch: Patch
) -> None:
    flags = {"augment": "off", "d_lr": 0.05} | flags
    job = begin("gan", mnist_root, monkeypatch, **flags)
    images, targets = grey()
    taken = take(job, images, targets, number, progress)
    wanted, said = game(
        job.recipe, taken.before, job.model.discriminator, images, targets, number, progress
    )
    same(taken.gradients, wanted)
    assert {key: taken.report[key] for key in said} == pytest.approx(said, rel=1e-3, abs=1e-5)
    factor = 1.0 if flags.get("schedule") == "constant" else half_cosine(progress, 1, 0.01)
    assert taken.rates == pytest.approx(
        {"generator": 0.001 * factor, "discriminator": 0.05 * factor}
    )


# The VAE and the ladder


def bound(recipe: Any, model: Any, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The two terms of the bound for each picture: nats of the pixels, (N,), and of each latent,
    (N, L)."""
    n, draw = len(images), latent.generator(SEED)
    if recipe.likelihood == "bernoulli":  # ink where a pixel's brightness is above its draw
        images = (images > torch.rand(images.shape, generator=draw)).float()
    known = torch.rand(n, generator=draw) >= recipe.any_label
    classes = model.config.classes
    told = torch.eye(classes + 1)[torch.where(known, targets, classes) if classes else targets * 0]
    out, mean, log_var = model(images, told, torch.randn(n, sum(model.levels), generator=draw))
    if recipe.likelihood == "bernoulli":
        nats = minus_log_sigmoid(torch.where(images == 1, out, -out).double())
    else:
        std = model.log_std.exp()
        nats = ((images - out) / std).square() / 2 + (std * math.sqrt(2 * math.pi)).log()
    kl = (mean.square() + log_var.exp() - log_var - 1) / 2
    return nats.sum((1, 2, 3)), kl


@pytest.mark.parametrize(
    ("flags", "progress", "weight"),
    [
        ({"any_label": 0.5}, 0.5, 1.0),
        ({"beta": 6.0, "kl_warmup": 0.2}, 0.05, 1.5),
        ({"beta": 6.0, "kl_warmup": 0.0}, 0.05, 6.0),
        ({"beta": 6.0}, 0.02, 2.4),
        ({"beta": 6.0, "start": "one that has learned"}, 0.02, 6.0),
        ({"beta": 6.0, "any_label": 1.0}, 0.9, 6.0),
        ({"beta": 6.0, "likelihood": "gaussian"}, 0.9, 6.0),
    ],
)
def test_a_step_of_a_vae(
    flags: dict[str, Any], progress: float, weight: float, mnist_root: Path, monkeypatch: Patch
) -> None:
    job = begin("vae", mnist_root, monkeypatch, **flags)
    images, targets = grey()
    taken = take(job, images, targets, 7, progress)
    nats, kl = bound(job.recipe, taken.before, images, targets)
    same(taken.gradients, down(taken.before, nats.mean() + weight * kl.sum(1).mean(), 200.0))
    each = kl.mean(0)
    assert taken.report.pop("KL by unit") == pytest.approx(each.tolist(), rel=1e-3)
    assert taken.report == pytest.approx(
        {
            "-ELBO": (nats.mean() + each.sum()).item(), "nll": nats.mean().item(),
            "KL": each.sum().item(), "active units": float((each > 0.01).sum()),
        },
        rel=1e-3,
    )  # fmt: skip
    rate = 0.002 * half_cosine((progress - 0.01) / 0.99, 1, 0)
    assert taken.rates == pytest.approx({"adam": rate})


@pytest.mark.parametrize(
    ("flags", "progress", "weight", "left"),
    [
        ({"free_bits": 0.0}, 0.5, 1.0, 0.0),
        ({"free_bits": 0.0, "beta": 6.0, "kl_warmup": 0.2}, 0.05, 1.5, 0.0),
        ({"free_bits": 0.0, "beta": 6.0, "start": "one that has learned"}, 0.02, 6.0, 0.0),
        ({"free_bits": 0.0, "any_label": 1.0}, 0.5, 1.0, 0.0),
        ({"free_bits": 0.0, "likelihood": "gaussian", "beta": 6.0}, 0.5, 6.0, 0.0),
        ({"free_bits": 0.0, "window": 2}, 0.5, 1.0, 0.0),
        ({"free_until": 1.0}, 0.5, 1.0, 1.0),
        ({"free_until": 0.8}, 0.4, 1.0, 0.5),
        ({"free_until": 0.3}, 0.4, 1.0, 0.0),
    ],
)
def test_a_step_of_a_ladder(
    flags: dict[str, Any], progress: float, weight: float, left: float, mnist_root: Path,
    monkeypatch: Patch,
) -> None:  # fmt: skip
    """`left` is the share of the free bits that this place in the run still gives: between what
    the quieter levels say and what the others do, while all of the bits would be above each."""
    job = begin("ladder", mnist_root, monkeypatch, **flags)
    recipe: Any = job.recipe
    images, targets = grey()
    if flags.get("free_bits", 1.0):
        sizes = job.model.levels
        _, kl = bound(recipe, copy.deepcopy(job.model), images, targets)
        said = sorted(level.sum(1).mean().item() for level in kl.split(sizes, 1))
        recipe.free_bits = (said[0] + said[1]) / 2 / left if left else 2 * said[-1]
    taken = take(job, images, targets, 7, progress)
    nats, kl = bound(recipe, taken.before, images, targets)
    levels = [level.sum(1).mean() for level in kl.split(taken.before.levels, 1)]
    paid = [level for level in levels if level.item() >= left * recipe.free_bits]
    assert 0 < len(paid) < len(levels) if left else len(paid) == len(levels)
    same(taken.gradients, down(taken.before, nats.mean() + weight * sum(paid), 200.0))
    said = [level.item() for level in levels]
    assert taken.report == pytest.approx(
        {"-ELBO": nats.mean().item() + sum(said), "nll": nats.mean().item(), "KL": sum(said)}
        | {f"KL {i}": value for i, value in enumerate(said)},
        rel=1e-3,
    )
    factor = half_cosine((progress - 0.02) / 0.98, 1, 0)
    assert taken.rates == pytest.approx({"adam": 0.002 * factor, "muon": 0.02 * factor})


# The Transformers


@pytest.mark.parametrize(
    "flags",
    [
        {"turned": 0.0, "patch_dropout": 0.0, "any_label": 1e-9},
        {"turned": 0.0, "patch_dropout": 0.0, "any_label": 0.5},
        {"turned": 0.9, "turned_end": 0.1, "patch_dropout": 0.0, "any_label": 1e-9},
        {"turned": 0.0, "patch_dropout": 0.4, "any_label": 1e-9},
        {"turned": 0.9, "turned_end": 0.1, "patch_dropout": 0.4, "muon_decay": 0.3},
    ],
)
def test_a_step_of_a_transformer(
    flags: dict[str, Any], mnist_root: Path, monkeypatch: Patch
) -> None:
    job = begin("attention", mnist_root, monkeypatch, layers=2, **flags)
    recipe: Any = job.recipe
    images, targets = grey()
    taken = take(job, images, targets, 7, 0.25)
    model, n, draw = taken.before, len(images), latent.generator(SEED)
    known = torch.rand(n, generator=draw) >= recipe.any_label
    ways = read = None
    if recipe.turned:
        share = 0.75 * recipe.turned + 0.25 * recipe.turned_end
        first, second = torch.rand(n, 2, generator=draw).unbind(1)
        ways = torch.where(first < share, (second * 72).long(), 0)
        images = attention.turn(images, ways, attention.turnings(28, 28))
        assert 0 < (ways == 0).sum() < n
    patches = model.tokens(images)
    if recipe.patch_dropout:
        read = torch.rand(patches.shape[:2], generator=draw) > recipe.patch_dropout
    before = model.hidden(model.embed(patches, torch.where(known, targets, 10), ways, read))
    log_p = model.head.log_probs(model.head.features(before, patches))  # (N, T, P, 256)
    loss = -log_p.gather(-1, patches[..., None]).mean()  # of the 784 values of 8 pictures
    same(taken.gradients, down(model, loss))
    assert taken.report == pytest.approx({"bits/dim": loss.item() / math.log(2)}, rel=1e-4)
    factor = half_cosine((0.25 - 0.01) / 0.99, 1, 0)
    assert taken.rates == pytest.approx({"adam": 0.003 * factor, "muon": 0.02 * factor})
    assert job.optimizers["muon"].param_groups[0]["decay"] == recipe.muon_decay


@pytest.mark.parametrize(
    "flags",
    [
        {"token_dropout": 0.0, "any_label": 1e-9},
        {"token_dropout": 0.0, "any_label": 0.3},
        {"token_dropout": 0.3, "any_label": 1e-9},
        {"token_dropout": 0.3, "any_label": 0.3},
    ],
)
def test_a_step_of_a_language_model(
    flags: dict[str, Any], mnist_root: Path, monkeypatch: Patch
) -> None:
    """Poems of four forms, which end before their row does."""
    job = begin("language", mnist_root, monkeypatch, dataset="tang", size=0, **flags)
    recipe: Any = job.recipe
    texts, targets = loop.Batches(job.dataset, 8, 0, torch.device("cpu")).at(0)
    taken = take(job, texts, targets, 7, 0.25)
    model, n, draw = taken.before, len(texts), latent.generator(SEED)
    known = torch.rand(n, generator=draw) >= recipe.any_label
    legible = torch.rand(texts.shape, generator=draw) >= recipe.token_dropout
    log_p = model(torch.where(legible, texts, 0), torch.where(known, targets, 4))  # (N, T, V)
    ends = (texts == model.config.end).int().argmax(1)
    counted = torch.arange(texts.shape[1]) <= ends[:, None]
    assert not counted.all()
    loss = -log_p.gather(-1, texts[..., None])[..., 0][counted].mean()
    same(taken.gradients, down(model, loss))
    assert taken.report == pytest.approx({"nats": loss.item()}, rel=1e-4)
    factor = half_cosine((0.25 - 0.01) / 0.99, 1, 0)
    assert taken.rates == pytest.approx({"adam": 0.003 * factor, "muon": 0.02 * factor})


# The classifier


@pytest.mark.parametrize(
    "flags", [{"smoothing": 0.3}, {"smoothing": 0.0, "turn": 0.0, "zoom": 0.0, "shift": 0.0}]
)
def test_a_step_of_a_classifier(
    flags: dict[str, Any], mnist_root: Path, monkeypatch: Patch
) -> None:
    job = begin("classifier", mnist_root, monkeypatch, **flags)
    recipe: Any = job.recipe
    images, targets = grey()
    taken = take(job, images, targets, 7, 0.4)
    how = recipe.turn, recipe.zoom, recipe.shift
    shown = images if not any(how) else classifier.augment(images, *how, latent.generator(SEED))
    logits, _ = taken.before(shown)
    told = (1 - recipe.smoothing) * torch.eye(10)[targets] + recipe.smoothing / 10
    loss = -(told * logits.log_softmax(1)).sum(1).mean()
    same(taken.gradients, down(taken.before, loss))
    right = (logits.argmax(1) == targets).float().mean().item()
    assert taken.report == pytest.approx({"loss": loss.item(), "accuracy": right}, rel=1e-4)
    assert taken.rates == pytest.approx({"adam": 0.003 * half_cosine(0.35 / 0.95, 1, 0)})


# Muon


def nearly_orthogonal(matrix: Tensor) -> Tensor:
    """What five of Jordan's rounds make of a matrix: the same singular vectors, and the singular
    values, as shares of their length, each on its own through the polynomial."""
    u, s, vt = torch.linalg.svd(matrix.double(), full_matrices=False)
    s = s / s.norm()
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return (u * s) @ vt


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (12, 3), (8, 2, 1, 2)])
def test_steps_of_muon_go_down_its_momentum(shape: tuple[int, ...]) -> None:
    """Weights (Jordan 2024): m <- 0.95 m + 0.05 g, then down 0.05 g + 0.95 m, orthogonalised."""
    draw = latent.generator(0)
    weight = torch.nn.Parameter(torch.randn(shape, generator=draw))
    optimizer = muon.Muon([weight], 0.1)
    rows, columns = shape[0], math.prod(shape[1:])
    momentum = torch.zeros(shape)
    for _ in range(3):
        gradient = torch.randn(shape, generator=draw)
        momentum = 0.95 * momentum + 0.05 * gradient
        ahead = nearly_orthogonal((0.05 * gradient + 0.95 * momentum).flatten(1))
        wanted = weight.detach().flatten(1) - 0.1 * max(1, rows / columns) ** 0.5 * ahead
        weight.grad = gradient
        optimizer.step()
        torch.testing.assert_close(weight.detach().flatten(1), wanted.float(), rtol=1e-3, atol=1e-4)


def test_muon_makes_a_matrix_smaller_by_what_is_all_but_orthogonal() -> None:
    matrix = torch.randn(8, 20, generator=latent.generator(0))
    weight = torch.nn.Parameter(matrix.clone())
    weight.grad = matrix.clone()  # of half its square
    muon.Muon([weight], 0.1).step()
    values = torch.linalg.svdvals((matrix - weight.detach()) / 0.1)
    assert values.min() > 0.6 and values.max() < 1.3
    assert weight.detach().norm() < matrix.norm() - 0.1


def test_decay_of_muon_shrinks_its_weights() -> None:
    matrix = torch.randn(8, 20, generator=latent.generator(0))
    weight = torch.nn.Parameter(matrix.clone())
    weight.grad = torch.zeros_like(matrix)
    muon.Muon([weight], 0.1, decay=0.5).step()
    torch.testing.assert_close(weight.detach(), 0.95 * matrix)


# The update


@dataclass
class Recording:
    """Stands for a CUDA graph where there is no GPU: what is written down is done on the way, so
    that the first replay has nothing left to do."""

    work: Callable[[], None]
    replays: int = 0

    def replay(self) -> None:
        if self.replays:
            self.work()
        self.replays += 1


def test_a_recorded_update_is_the_usual_one(monkeypatch: Patch) -> None:
    """And leaves gradients and learning rates where they were, since a graph knows addresses."""
    ends: list[list[Tensor]] = []
    for recorded in (False, True):
        draw = latent.generator(0)
        model = torch.nn.Linear(6, 4)
        for p in model.parameters():
            p.data = torch.randn(p.shape, generator=draw)
        optimizers: dict[str, Any] = {
            "adam": torch.optim.Adam([model.bias], lr=0.01, fused=True),
            "muon": muon.Muon([model.weight], 0.1, decay=0.1),
        }
        cpu, recipe = torch.device("cpu"), loop.Options(precision="float32")
        update = Update(model, optimizers, recipe, cpu, 0.0, clip=0.5, recorded=recorded)
        monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda made=update: Recording(made._make))
        monkeypatch.setattr(torch.cuda, "graph", nullcontext)
        places: set[int] = set()
        for number in range(5):
            fresh = [torch.randn(p.shape, generator=draw) for p in model.parameters()]
            terms = [(p * slope).sum() for p, slope in zip(model.parameters(), fresh)]
            places |= {p.grad.data_ptr() for p in model.parameters() if p.grad is not None}
            update(torch.stack(terms).sum(), 0.2 * number)
            assert all(p.grad is None or not p.grad.any() for p in model.parameters())
        rates = [float(optimizer.param_groups[0]["lr"]) for optimizer in optimizers.values()]
        assert rates == pytest.approx([half_cosine(0.8, rate, 0) for rate in (0.01, 0.1)])
        if recorded:
            assert isinstance(update.graph, Recording) and update.graph.replays == 3
            assert len(places) == 2
        ends.append([p.detach() for p in model.parameters()])
    for usual, same in zip(*ends):
        torch.testing.assert_close(same, usual)


# The loop


def test_a_learning_rate_is_a_share_of_the_one_it_was_built_with() -> None:
    weights = [torch.nn.Parameter(torch.ones(2)) for _ in range(2)]
    optimizer = torch.optim.Adam([{"params": [w], "lr": lr} for w, lr in zip(weights, (0.1, 0.3))])
    for factor in (0.5, 0.5, 0.2):
        loop.set_lr(optimizer, factor)
        rates = [group["lr"] for group in optimizer.param_groups]
        assert rates == pytest.approx([0.1 * factor, 0.3 * factor])


def test_what_is_kept_of_a_run_is_its_average(
    mnist_root: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    last: list[dict[str, Tensor]] = []  # of the weights: as they ended, and their average
    finish = loop.finish

    def seen(job: loop.Job, state: loop.Run) -> Path:
        for weights in (job.model.state_dict(), state.average):
            last.append({key: weight.clone() for key, weight in weights.items()})
        return finish(job, state)

    monkeypatch.setattr(loop, "finish", seen)
    folder = train("vae", mnist_root, tmp_path / "made", steps=6, ema=0.5, lr=0.05)
    made = checkpoint.load(folder)
    raw, average = last
    kept = made.model.state_dict()
    assert kept.keys() == average.keys()
    assert all(torch.equal(kept[key], average[key]) for key in kept)
    assert not any(torch.equal(raw[k], average[k]) for k in raw if k.endswith("weight"))
    # The last snapshot is of the same step.
    picture = checkpoint.snapshots(folder)[-1].picture
    dataset = loop.load_data(loop.Options(data=mnist_root))
    assert loop.stage(made.model, dataset) == (picture, "png")
    made.model.load_state_dict(raw)
    assert loop.stage(made.model, dataset)[0] != picture


def test_what_a_run_reports_is_the_mean_of_its_steps(
    mnist_root: Path, tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(watch, "LOOKS", 2)
    monkeypatch.setattr(loop, "time", types.SimpleNamespace(monotonic=lambda: 0.0))
    said: list[float] = []
    run = loop.run

    def heard(job: loop.Job) -> Path:
        step = job.step

        def listened(*given: Any) -> dict[str, Tensor]:
            report = step(*given)
            said.append(report["-ELBO"].item())
            return report

        job.step = listened
        return run(job)

    monkeypatch.setattr(loop, "run", heard)
    train("vae", mnist_root, tmp_path / "made", steps=10, snapshots=0)
    lines = (tmp_path / "made.metrics.jsonl").read_text().splitlines()
    found = {entry["step"]: entry["-ELBO"] for entry in map(json.loads, lines)}
    parts = {1: said[:1], 5: said[1:5], 10: said[5:]}
    means = {step: sum(part) / len(part) for step, part in parts.items()}
    assert {step: found[step] for step in means} == pytest.approx(means)
