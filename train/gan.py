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
from aigc.checkpoint import Checkpoint
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


def check(recipe: Recipe) -> None:
    """Raises TrainingError with a sentence for a flag that cannot be."""
    loop.check(recipe)
    for flag, value, known in (
        ("loss", recipe.loss, LOSSES),
        ("augment", recipe.augment, AUGMENTS),
        ("schedule", recipe.schedule, SCHEDULES),
    ):
        if value not in known:
            raise loop.TrainingError(f"--{flag} is one of {', '.join(known)}, not {value!r}")
    for flag, number in (("gp", recipe.gp), ("mismatch", recipe.mismatch)):
        if not 0 <= number:
            raise loop.TrainingError(f"--{flag} is 0 or more, not {number}")
    if recipe.penalty_every < 1:
        raise loop.TrainingError(f"--penalty-every is 1 or more, not {recipe.penalty_every}")
    if not 0 <= recipe.beta2 < 1:
        raise loop.TrainingError(f"--beta2 is from 0 to below 1, not {recipe.beta2}")
    if not 0 <= recipe.mismatch_until <= 1:
        raise loop.TrainingError(
            f"--mismatch-until is a share from 0 to 1, not {recipe.mismatch_until}"
        )
    if recipe.batch // distributed.size() % max(1, recipe.pack):
        raise loop.TrainingError(
            f"--batch {recipe.batch} cannot be judged {recipe.pack} at a time on "
            f"{distributed.size()} process(es); choose a multiple"
        )


@dataclass
class Batch:
    """What both sides of one step see: N pictures of each kind."""

    real: Tensor
    """(N, C, H, W) in [-1, 1]."""
    fake: Tensor
    """The same of the generator, which may learn through it."""
    targets: Tensor
    """Classes (N,)."""
    conditions: Tensor
    """What both networks are told of them, (N, K)."""
    draws: Tensor | None
    """Random numbers that augment both, (N, 2 DRAWS); None: they are shown as they are."""


class Game:
    """A generator against a discriminator: the step of both, and what became of it."""

    def __init__(self, recipe: Recipe, model: GAN, device: torch.device, augmented: bool) -> None:
        self.recipe, self.model, self.device, self.augmented = recipe, model, device, augmented
        g, d, betas = model.generator, model.discriminator, (0.0, recipe.beta2)
        self.g_adam = torch.optim.Adam(g.parameters(), lr=recipe.g_lr, betas=betas, fused=True)
        self.d_adam = torch.optim.Adam(d.parameters(), lr=recipe.d_lr, betas=betas, fused=True)
        taught = model.config.classes and recipe.pack == 1
        self.mismatch = recipe.mismatch if taught else 0.0
        self.latest: tuple[Tensor, Tensor] | None = None
        """Made pictures and their classes, for `seen` to look at."""

    def step(
        self,
        images: Tensor,
        targets: Tensor,
        number: int,
        progress: float,
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        """See `loop.Job.step`: a step of the discriminator, then one of the generator."""
        decay = loop.cosine(progress, 1.0, 0.01) if self.recipe.schedule == "cosine" else 1.0
        loop.set_lr(self.g_adam, decay)
        loop.set_lr(self.d_adam, decay)
        batch = self.draw(images, targets, generator)
        self.latest = batch.fake.detach(), targets
        d_loss, real_logits, fake_logits, penalty = self.teach_discriminator(
            batch, number, progress, generator
        )
        g_loss = self.teach_generator(batch, real_logits.detach())
        return {
            "D loss": d_loss, "G loss": g_loss, **penalty,
            "margin": (real_logits - fake_logits).mean(),
            "diversity": watch.diversity(batch.fake, batch.real, targets),
        }  # fmt: skip

    def draw(self, images: Tensor, targets: Tensor, generator: torch.Generator) -> Batch:
        """As many pictures as `images` (N, C, H, W) in [0, 1], of the same classes (N,)."""
        config, n = self.model.config, len(images)
        conditions = (
            F.one_hot(targets, config.classes).float() if config.classes else images.new_zeros(n, 1)
        )
        with loop.autocast(self.recipe, self.device):
            z = self.model.noise((n, config.latent), generator).to(self.device)
            fake = self.model.generator(z, conditions)
        draws = latent.uniform((n, 2 * DRAWS), generator) if self.augmented else None
        return Batch(images * 2 - 1, fake, targets, conditions, draws)

    def teach_discriminator(
        self, batch: Batch, number: int, progress: float, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor, dict[str, Tensor]]:
        """Its loss, its logits for the real pictures and for the made ones, as it was before, and
        the penalty where this step has one."""
        recipe, d, fake = self.recipe, self.model.discriminator, batch.fake.detach()
        due = number % recipe.penalty_every == 0
        penalise = (recipe.r1 or recipe.r2) and due
        told = packed(batch.conditions, recipe.pack)
        # Both halves in one batch, so that every layer runs once.
        with loop.autocast(recipe, self.device):
            both = torch.cat([batch.real, fake]).requires_grad_(penalise)
            shown = both
            if batch.draws is not None:
                shown = augment(both, torch.cat(batch.draws.chunk(2, 1)))
            features = d.look(packed(shown, recipe.pack))
            logits = d.judge(features, told.repeat(2, 1)).float()
        real_logits, fake_logits = logits.chunk(2)
        loss = total = discriminator_loss(recipe.loss, real_logits, fake_logits)
        penalty: dict[str, Tensor] = {}
        if penalise:
            wanted = (
                logits if recipe.r1 and recipe.r2 else real_logits if recipe.r1 else fake_logits
            )
            # The mean runs over the whole batch of 2 n pictures, where a logit is of a pack of
            # them, real or made: so many times it is R1 + R2.
            penalty["penalty"] = slope = 2 * recipe.pack * gradient_penalty(wanted, both)
            gamma = loop.cosine(progress, recipe.gamma, recipe.gamma_end)
            total = total + 0.5 * gamma * recipe.penalty_every * slope
        if self.mismatch and progress < recipe.mismatch_until:
            # As the classifier of AC-GAN (Odena et al. 2016, arXiv 1610.09585), but by the same
            # logit with each class in turn: what does not depend on the class cancels in the
            # softmax, and the convolutions have run already.
            with loop.autocast(recipe, self.device):
                fits = d.matches(features[: len(fake)]).float()  # (N, K)
            total = total + self.mismatch * F.cross_entropy(fits, batch.targets)
        if recipe.gp and due:
            penalty["penalty"] = slope = self.slope_between(batch.real, fake, told, generator)
            total = total + recipe.gp * recipe.penalty_every * slope
        self.d_adam.zero_grad()
        total.backward()
        distributed.average_gradients(d.parameters())
        self.d_adam.step()
        return loss, real_logits, fake_logits, penalty

    def slope_between(
        self, real: Tensor, fake: Tensor, told: Tensor, generator: torch.Generator
    ) -> Tensor:
        """The penalty of WGAN-GP, ()."""
        pack = self.recipe.pack
        share = latent.uniform((len(real), 1, 1, 1), generator)[::pack].to(self.device)
        ends = packed(real, pack), packed(fake, pack)
        with loop.autocast(self.recipe, self.device):
            between = torch.lerp(ends[0], ends[1].to(real.dtype), share).requires_grad_()
            mixed = self.model.discriminator(between, told).float()
        return wgan_gp(mixed, between)

    def teach_generator(self, batch: Batch, real_logits: Tensor) -> Tensor:
        """Its loss, (): the same pictures, judged by the discriminator as it is now. The real half
        keeps its logits from before the update, which saves a pass."""
        recipe, d = self.recipe, self.model.discriminator
        d.requires_grad_(False)
        with loop.autocast(recipe, self.device):
            shown = batch.fake
            if batch.draws is not None:
                shown = augment(batch.fake, batch.draws[:, DRAWS:])
            told = packed(batch.conditions, recipe.pack)
            judged = d(packed(shown, recipe.pack), told).float()
        loss = generator_loss(recipe.loss, real_logits, judged)
        self.g_adam.zero_grad()
        loss.backward()
        distributed.average_gradients(self.model.generator.parameters())
        self.g_adam.step()
        d.requires_grad_(True)
        return loss

    def seen(self, judge: Checkpoint) -> dict[str, float]:
        """Which classes come out of the classes that were asked for last; or how many of them,
        where nobody asks."""
        if self.latest is None:
            return {}
        made, wanted = (part.cpu() for part in self.latest)
        seen = judge.model.classify(made.float().add(1).mul(0.5))[0].argmax(1)  # type: ignore[operator]
        if not self.model.config.classes:
            return {"classes covered": len(set(seen.tolist())) / min(len(seen), len(judge.labels))}
        covered = len(set(seen.tolist()) & set(wanted.tolist())) / len(set(wanted.tolist()))
        return {
            "label accuracy": (seen == wanted).double().mean().item(),
            "classes covered": covered,
        }


ADVICE = (
    "try --loss relativistic with both penalties, a larger --gamma, half of --g-lr and --d-lr, or "
    "another --d-base"
)
REMEDIES = {
    "alike": (
        "try --loss relativistic with both penalties, a larger --gamma, --pack 2, or half of --g-lr"
    ),
    "certain": (
        "try both penalties (--r1 --r2) with a larger --gamma, half of --d-lr, or a smaller "
        "--d-base"
    ),
    "fooled": "try a larger --d-base or --d-lr, or a smaller --g-lr",
}


def train(recipe: Recipe) -> Path:
    """Make the model, and train it; returns the folder of its checkpoint. Raises TrainingError."""
    check(recipe)
    dataset = loop.load_images(recipe)
    judge = evaluate.available_judge(dataset)  # says which classes come out
    if not recipe.classes:
        dataset = replace(dataset, targets=torch.zeros_like(dataset.targets), labels=())
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
    device, model = loop.device_of(recipe.device), GAN(config)
    model.initialise(latent.generator(recipe.seed))
    model.to(device).to(memory_format=torch.channels_last)
    # A spectrum that is moved up is another note, and a sheet's frames do not move together.
    few = len(dataset) < FEW and dataset.media.kind == "image"
    augmented = recipe.augment == "on" or (recipe.augment == "auto" and few)
    game = Game(recipe, model, device, augmented)
    return loop.run(
        loop.Job(
            family="gan",
            recipe=recipe,
            dataset=dataset,
            model=model,
            optimizers={"generator": game.g_adam, "discriminator": game.d_adam},
            step=game.step,
            advice=ADVICE,
            limits=watch.Limits(remedies=REMEDIES),
            look=lambda: game.seen(judge) if judge else {},
        )
    )


def main() -> None:
    loop.main(lambda: train(tyro.cli(Recipe, description=__doc__)))


if __name__ == "__main__":
    main()
