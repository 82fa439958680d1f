"""Train a GAN.

    python -m train.gan --dataset mnist --data data --out runs/gan-mnist --minutes 30

The remedies for an unstable GAN are flags: --loss, --gamma (the gradient penalties), --noise,
--d-base and --d-depth (the discriminator's capacity), --g-lr, --d-lr and --schedule.
With little data the discriminator would learn it by heart; --augment keeps it from that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor

from aigc import latent
from aigc.models.gan import (
    GAN,
    LOSSES,
    Config,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    packed,
    wgan_gp,
)
from train import distributed, evaluate, loop, watch

SCHEDULES = ("cosine", "constant")
AUGMENTS = ("auto", "on", "off")
FEW = 5000  # images; below, "auto" augments
DRAWS = 7  # random numbers that augmenting one image takes


@dataclass
class Recipe(loop.Options):
    """A first run; the card of `gan-mnist` has the command that made it."""

    batch: int = 64
    classes: bool = True
    """Tell both networks the class of each picture, where there are classes."""
    minutes: float = 42.0
    """Stop after this many minutes; the schedules follow. 0 for --steps alone."""
    loss: str = "relativistic"
    """relativistic, non-saturating, minimax, hinge or wasserstein."""
    r1: bool = True
    """Penalise the discriminator's gradient at real pictures."""
    r2: bool = True
    """Penalise it at made pictures."""
    gp: float = 0.0
    """Weight of WGAN-GP's gradient penalty, which holds the discriminator's slope at 1; 10 in the
    paper."""
    mismatch: float = 1.0
    """Weight of telling the right class of a real picture from the wrong ones, by the part of the
    discriminator's logit that depends on the class. Counts where there are classes and pictures are
    judged one at a time."""
    mismatch_until: float = 0.65
    """Share of the run after which that weight is 0: what is hard to read comes back."""
    gamma: float = 1.0
    """Weight of R1 and R2 at the start ..."""
    gamma_end: float = 0.1
    """... and at the end."""
    penalty_every: int = 4
    """Steps from one penalty to the next; each counts that many times (Karras et al. 2020)."""
    g_lr: float = 0.001
    d_lr: float = 0.001
    schedule: str = "cosine"
    """Learning rates: cosine (to a hundredth) or constant."""
    augment: str = "auto"
    """Show the discriminator moved, recoloured, partly covered pictures, real and made alike: on,
    off, or auto: below 5,000 training pictures, not of sounds or videos."""
    beta2: float = 0.99
    """Adam's second momentum; the first is 0."""
    noise: str = "normal"
    """The latent's distribution: normal or uniform."""
    latent: int = 64
    g_base: int = 32
    """Generator: feature maps at full resolution; each halving doubles them."""
    g_depth: int = 0
    """Generator: residual blocks at the lowest resolution."""
    attention: int = 0
    """Generator: self-attention after so many doublings, 0 for none; 1 is 14x14 of 28x28."""
    pack: int = 1
    """Discriminator: judge so many pictures at once, so that it sees whether they are alike."""
    d_base: int = 32
    """Discriminator: feature maps after the first halving."""
    d_depth: int = 0
    """Discriminator: residual blocks at the lowest resolution."""


def augment(images: Tensor, draws: Tensor) -> Tensor:
    """Change brightness, saturation and contrast, move by up to an eighth of a side, cover a square
    of half the side: (N, C, H, W) in [-1, 1], draws (N, DRAWS) uniform in [0, 1) -> the same shape,
    differentiable. The idea of Zhao et al. 2020 (DiffAugment, arXiv 2006.10738): the generator
    learns through it, so what is made is not augmented."""
    n, _, height, width = images.shape
    light, saturation, contrast, down, right, top, left = draws.unbind(1)

    x = images + (light - 0.5)[:, None, None, None]
    grey = x.mean(1, keepdim=True)  # (N, 1, H, W)
    x = grey + (x - grey) * (2 * saturation)[:, None, None, None]
    middle = x.mean((1, 2, 3), keepdim=True)  # (N, 1, 1, 1)
    x = middle + (x - middle) * (0.5 + contrast)[:, None, None, None]

    far_down, far_right = round(height / 8), round(width / 8)  # black comes in from outside
    x = F.pad(x, (far_right, far_right, far_down, far_down), value=-1.0)
    rows = torch.arange(height, device=x.device) + (down * (2 * far_down + 1)).long()[:, None]
    columns = torch.arange(width, device=x.device) + (right * (2 * far_right + 1)).long()[:, None]
    each = torch.arange(n, device=x.device)[:, None, None]
    x = x[each, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)  # (N, C, H, W)

    y = torch.arange(height, device=x.device) - (top * height).long()[:, None]  # (N, H)
    z = torch.arange(width, device=x.device) - (left * width).long()[:, None]  # (N, W)
    covered = (y.abs() < height / 4)[:, :, None] & (z.abs() < width / 4)[:, None, :]
    return x * ~covered[:, None]  # (N, 1, H, W)


def train(recipe: Recipe) -> Path:
    loop.check(recipe)
    if recipe.loss not in LOSSES:
        raise loop.TrainingError(f"--loss is one of {', '.join(LOSSES)}, not {recipe.loss!r}")
    if recipe.penalty_every < 1:
        raise loop.TrainingError(f"--penalty-every is 1 or more, not {recipe.penalty_every}")
    if not 0 <= recipe.beta2 < 1:
        raise loop.TrainingError(f"--beta2 is from 0 to below 1, not {recipe.beta2}")
    if not 0 <= recipe.gp:
        raise loop.TrainingError(f"--gp is 0 or more, not {recipe.gp}")
    if not 0 <= recipe.mismatch:
        raise loop.TrainingError(f"--mismatch is 0 or more, not {recipe.mismatch}")
    if not 0 <= recipe.mismatch_until <= 1:
        raise loop.TrainingError(
            f"--mismatch-until is a share from 0 to 1, not {recipe.mismatch_until}"
        )
    if recipe.batch // distributed.size() % max(1, recipe.pack):
        raise loop.TrainingError(
            f"--batch {recipe.batch} cannot be judged {recipe.pack} at a time on "
            f"{distributed.size()} process(es); choose a multiple"
        )
    if recipe.augment not in AUGMENTS:
        raise loop.TrainingError(f"--augment is auto, on or off, not {recipe.augment!r}")
    if recipe.schedule not in SCHEDULES:
        raise loop.TrainingError(f"--schedule is {' or '.join(SCHEDULES)}, not {recipe.schedule!r}")
    dataset = loop.load_images(recipe)
    judge = evaluate.available_judge(dataset)  # says which classes come out
    if not recipe.classes:
        dataset = replace(dataset, targets=torch.zeros_like(dataset.targets), labels=())
    device = loop.device_of(recipe.device)
    channels, height, width = dataset.media.shape
    try:
        config = Config(
            channels=channels, height=height, width=width, classes=len(dataset.labels),
            latent=recipe.latent, noise=recipe.noise, g_base=recipe.g_base,
            g_depth=recipe.g_depth, d_base=recipe.d_base, d_depth=recipe.d_depth,
            pack=recipe.pack, attention=recipe.attention,
        )  # fmt: skip
    except ValueError as error:
        raise loop.TrainingError(str(error)) from None
    model = GAN(config)
    model.initialise(latent.generator(recipe.seed))
    model.to(device).to(memory_format=torch.channels_last)
    g, d = model.generator, model.discriminator
    betas = (0.0, recipe.beta2)
    g_adam = torch.optim.Adam(g.parameters(), lr=recipe.g_lr, betas=betas, fused=True)
    d_adam = torch.optim.Adam(d.parameters(), lr=recipe.d_lr, betas=betas, fused=True)
    # A spectrum that is moved up is another note, and a sheet's frames do not move together.
    few = len(dataset) < FEW and dataset.media.kind == "image"
    augmented = recipe.augment == "on" or (recipe.augment == "auto" and few)
    mismatch = recipe.mismatch if config.classes and recipe.pack == 1 else 0.0
    latest: list[Tensor] = []  # made pictures and their classes, for it to look at

    def step(
        images: Tensor, targets: Tensor, number: int, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor]:
        decay = loop.cosine(progress, 1.0, 0.01) if recipe.schedule == "cosine" else 1.0
        loop.set_lr(g_adam, decay)
        loop.set_lr(d_adam, decay)
        gamma = loop.cosine(progress, recipe.gamma, recipe.gamma_end)
        conditions = (
            F.one_hot(targets, config.classes).float()
            if config.classes
            else images.new_zeros(len(images), 1)
        )
        real = images * 2 - 1

        with loop.autocast(recipe, device):
            z = model.noise((len(images), config.latent), generator).to(device)
            fake = g(z, conditions)
        latest[:] = fake.detach(), targets
        if augmented:
            draws = latent.uniform((len(images), 2 * DRAWS), generator)
            of_both = torch.cat(draws.chunk(2, 1))  # (2 n, DRAWS)

        # Discriminator: both halves in one batch, so that every layer runs once.
        due = number % recipe.penalty_every == 0
        penalise = (recipe.r1 or recipe.r2) and due
        told = packed(conditions, recipe.pack)
        with loop.autocast(recipe, device):
            both = torch.cat([real, fake.detach()]).requires_grad_(penalise)
            shown = augment(both, of_both) if augmented else both
            features = d.look(packed(shown, recipe.pack))
            logits = d.judge(features, told.repeat(2, 1)).float()
        real_logits, fake_logits = logits.chunk(2)
        d_loss = discriminator_loss(recipe.loss, real_logits, fake_logits)
        d_total = d_loss
        measured: dict[str, Tensor] = {}  # the penalty, at the steps that have one
        if penalise:
            wanted = (
                logits if recipe.r1 and recipe.r2 else real_logits if recipe.r1 else fake_logits
            )
            # The mean runs over the whole batch of 2 n pictures: twice it is R1 + R2.
            measured["penalty"] = penalty = 2 * gradient_penalty(wanted, both)
            d_total = d_total + 0.5 * gamma * recipe.penalty_every * penalty
        if mismatch and progress < recipe.mismatch_until:
            # As the classifier of AC-GAN (Odena et al. 2016, arXiv 1610.09585), but by the same
            # logit with each class in turn: what does not depend on the class cancels in the
            # softmax, and the convolutions have run already.
            with loop.autocast(recipe, device):
                fits = d.matches(features[: len(images)]).float()  # (N, K)
            d_total = d_total + mismatch * F.cross_entropy(fits, targets)
        if recipe.gp and due:
            share = latent.uniform((len(images), 1, 1, 1), generator)[:: recipe.pack].to(device)
            ends = [packed(end, recipe.pack) for end in (real, fake.detach())]
            with loop.autocast(recipe, device):
                between = torch.lerp(ends[0], ends[1].to(real.dtype), share).requires_grad_()
                mixed = d(between, told).float()
            measured["penalty"] = penalty = wgan_gp(mixed, between)
            d_total = d_total + recipe.gp * recipe.penalty_every * penalty
        d_adam.zero_grad()
        d_total.backward()
        distributed.average_gradients(d.parameters())
        d_adam.step()

        # Generator: the same pictures, judged by the discriminator as it is now. The real half
        # keeps its logits from before the update, which saves a pass.
        d.requires_grad_(False)
        with loop.autocast(recipe, device):
            shown = augment(fake, draws[:, DRAWS:]) if augmented else fake
            judged = d(packed(shown, recipe.pack), told).float()
        g_loss = generator_loss(recipe.loss, real_logits.detach(), judged)
        g_adam.zero_grad()
        g_loss.backward()
        distributed.average_gradients(g.parameters())
        g_adam.step()
        d.requires_grad_(True)
        return {
            "D loss": d_loss, "G loss": g_loss, **measured,
            "margin": (real_logits - fake_logits).mean(),
            "diversity": watch.diversity(fake, real, targets),
        }  # fmt: skip

    def look() -> dict[str, float]:
        """Which classes come out of the classes that were asked for last; or how many of them,
        where nobody asks."""
        if judge is None:
            return {}
        made, wanted = (part.cpu() for part in latest)
        seen = judge.model.classify(made.float().add(1).mul(0.5))[0].argmax(1)  # type: ignore[operator]
        if not config.classes:
            return {"classes covered": len(set(seen.tolist())) / min(len(seen), len(judge.labels))}
        covered = len(set(seen.tolist()) & set(wanted.tolist())) / len(set(wanted.tolist()))
        return {
            "label accuracy": (seen == wanted).double().mean().item(),
            "classes covered": covered,
        }

    return loop.run(
        loop.Job(
            family="gan",
            recipe=recipe,
            dataset=dataset,
            model=model,
            optimizers={"generator": g_adam, "discriminator": d_adam},
            step=step,
            advice=(
                "try --loss relativistic with both penalties, a larger --gamma, half of --g-lr "
                "and --d-lr, or another --d-base"
            ),
            limits=watch.Limits(
                remedies={
                    "alike": (
                        "try --loss relativistic with both penalties, a larger --gamma, --pack 2, "
                        "or half of --g-lr"
                    ),
                    "certain": (
                        "try both penalties (--r1 --r2) with a larger --gamma, half of --d-lr, or "
                        "a smaller --d-base"
                    ),
                    "fooled": "try a larger --d-base or --d-lr, or a smaller --g-lr",
                }
            ),
            look=look,
        )
    )


def main() -> None:
    loop.main(lambda: train(tyro.cli(Recipe, description=__doc__)))


if __name__ == "__main__":
    main()
