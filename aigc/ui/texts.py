"""Every text of the shell, the sample tab and the interpolation tab, in one place."""

from __future__ import annotations

NAME = "AIGC"
TITLE = "AIGC · generative models you can take apart"
TAGLINE = (
    "Three kinds of generative model, trained from nothing by the scripts in this repository. "
    "Everything on this page is computed on this machine while you watch."
)
FOOTNOTE = (
    "Every picture here is AI-generated, made by the checkpoint and the settings named beside it."
)

CHECKPOINT = "Checkpoint"
CLASS = "Class"
COUNT = "Pictures"
SEED = "Seed"
SEED_INFO = "The same seed gives the same pictures"
RANDOMISE = "New seed each time"
TEMPERATURE = "Temperature"
TEMPERATURE_INFO = "Below 1 plays safe, above 1 takes risks"
SAMPLE = "Sample"
COPY_LINK = "Copy link"
DOWNLOAD = "Download PNG"
DOWNLOAD_ANIMATION = "Download animation"

END_A = "From"
END_B = "To"
PICTURE = "Start from a picture instead"
STEPS = "Steps"
PATH = "Path"
PATHS = {"slerp": "slerp · along the arc", "lerp": "lerp · straight line"}
INTERPOLATE = "Interpolate"
PLAY = "Play"
FRAME = "Frame"

WAITING = "The first result is on its way"
LINK_TROUBLE = "This link was opened without the parts that make no sense here."
BROKEN_ONE = "1 checkpoint could not be loaded; the others work."
BROKEN_MANY = "{count} checkpoints could not be loaded; the others work."
BROKEN_ALL = "No checkpoint could be loaded."
EMPTY = (
    "### No checkpoints yet\n\nTrain one, which takes a few minutes, and start again:\n\n"
    "```\npython -m train.gan --dataset mnist --data data --out checkpoints/gan-mnist "
    "--minutes 5\n```"
)
NOTHING_ABLE = (
    "None of the loaded checkpoints can do this. This tab needs the capability **{capability}**."
)

FAMILIES = {
    "gan": "Generative adversarial network",
    "vae": "Variational autoencoder",
    "attention": "Self-attention, drawn patch by patch",
    "classifier": "Classifier",
}

COLOURS = {1: "grey", 3: "colour"}
WEIGHTS = "weights"
TRAINED = "trained for"
SEEN = "pictures seen"
REVISION = "revision"
REFERENCE = "reference"
ALL_FIGURES = "All {count} figures"

ABOUT_TITLE = "How this works"

ABOUT = {
    "gan": r"""
#### Generative adversarial network
Two networks play against each other. The **generator** $G$ turns random numbers $z$ into a
picture. The **discriminator** $D$ sees a picture and says how likely it is a real one. $D$ learns
to tell real from made, $G$ learns to fool $D$, and as both improve, what $G$ makes becomes hard
to tell from the real thing. Both are told the class.

$$\min_G \max_D \; \mathbb{E}_{x \sim \text{data}}\big[\log D(x)\big]
+ \mathbb{E}_{z \sim p(z)}\big[\log\big(1 - D(G(z))\big)\big]$$

The recipe in this repository plays a steadier version of the same game: $D$ scores real and made
pictures in pairs and minimises

$$\mathbb{E}\big[\operatorname{softplus}\big(d(G(z)) - d(x)\big)\big]$$

with $d$ the score before the sigmoid. $G$ minimises the same with the pair swapped, and the slope
of $d$ is kept small at both. A GAN draws in one pass and its
pictures are sharp, but it cannot say how likely a picture is.

**Temperature** scales $z$ (also called truncation): near 0 every picture is the typical one of its
class, at 1 they vary as in training.
""",
    "vae": r"""
#### Variational autoencoder
An **encoder** squeezes a picture $x$ into a few numbers: not one point, but a Gaussian
$q(z \mid x)$ with its own mean $\mu$ and variance $\sigma^2$. A **decoder** $p(x \mid z)$ turns a
point of that cloud back into a picture. Training asks for two things at once: that the picture
comes back, and that the clouds together look like a standard normal, so that a random $z$ decodes
to something sensible.

$$\log p(x) \;\ge\;
\underbrace{\mathbb{E}_{q(z \mid x)}\big[\log p(x \mid z)\big]}_{\text{reconstruction}}
\;-\; \underbrace{\mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big)}_{\text{stay near the prior}}$$

$$\mathrm{KL} = \tfrac{1}{2} \sum_i \big(\mu_i^2 + \sigma_i^2 - 1 - \log \sigma_i^2\big)
\qquad z = \mu + \sigma \odot \epsilon,\; \epsilon \sim \mathcal{N}(0, I)$$

The right-hand side is the **ELBO**, in nats. The average over all details that $z$ leaves open
is what makes the pictures a little soft.

**Temperature** scales $z$: near 0 the most typical picture, at 1 the model's own distribution.
""",
    "attention": r"""
#### Self-attention
The picture is a sequence of small patches, drawn from left to right and from top to bottom, each
one conditioned on all that came before. Every step asks the earlier ones: its **query** $q$ is
compared with their **keys** $k$, and the softmax of the scores says how much of each **value** $v$
flows in. A mask forbids looking ahead.

$$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{d_k}} + M\right) V,
\qquad M_{ij} = \begin{cases} 0 & j \le i \\ -\infty & j > i \end{cases}$$

$$p(x) = \prod_t p(x_t \mid x_1, \dots, x_{t-1})$$

Several **heads** do this side by side and several **layers** on top of each other. The product is
an exact likelihood, reported in bits per pixel value; the price is that a picture takes as many
steps as it has patches, and that the attention itself grows with the square of their number.

**Temperature** divides the logits before each draw: below 1 it prefers the likely values, at 0
it always takes the likeliest.
""",
}

ABOUT_INTERPOLATE = r"""
#### Between two pictures
A model with a latent space gives every picture an address $z$. Walking from one address to another
and decoding on the way shows what the model puts between them. Random addresses lie close to a
sphere, so **slerp** walks along the arc,

$$z_t = \ell_t \left( \frac{\sin((1-t)\,\theta)}{\sin\theta}\,\hat z_a
+ \frac{\sin(t\,\theta)}{\sin\theta}\,\hat z_b \right),
\qquad \theta = \angle(z_a, z_b), \quad \ell_t = (1-t)\,\|z_a\| + t\,\|z_b\|,$$

where $\hat z$ is the direction of $z$; **lerp** takes the straight line
$z_t = (1-t)\,z_a + t\,z_b$ through the sparsely used middle. The class is mixed on a straight line
in both cases, so a 3 can turn into an 8.
"""

DRAW = "Draw here"
UPLOAD = "Upload"
CLEAR = "Clear"
PAD_HINT = "{label}: draw, or upload a picture"
A_PICTURE = "a picture"
NO_PICTURE = "This is no picture that can be read; choose a PNG, JPEG or WebP file."
LARGE_FILE = "This picture is over {limit} MB; choose a smaller one."
LARGE_PICTURE = "This picture is over {limit} pixels wide or high; choose a smaller one."
NO_ENCODER = "{name} cannot start from a picture; choose a checkpoint that encodes, or clear it."

# What static/*.js says.
SCRIPT = {
    "copied": "Copied",
    "copiedPartly": "Copied, without your pictures",
    "play": "Play",
    "pause": "Pause",
    "noPicture": NO_PICTURE,
    "largeFile": LARGE_FILE.format(limit=20),
}
