"""The texts in English; zh.py has the same constants."""

from __future__ import annotations

LANGUAGE = "English"
NAME = "AIGC"
TITLE = "AIGC · generative models you can take apart"
TAGLINE = (
    "Generative models of pictures, texts, sounds and videos, trained from nothing by the scripts "
    "in this repository. "
    "Everything on this page is computed on this machine while you watch."
)
DESCRIPTION = (
    "GANs, VAEs and self-attention models of pictures, texts, sounds and videos, trained from "
    "nothing: sample them, walk between their pictures, see where every attention head looked."
)
FOOTNOTE = (
    "Everything made here is AI-generated, by the checkpoint and the settings named beside it. "
    "Files that leave the page carry that mark for programs (IPTC, GB 45438-2025), and in sight "
    "where you ask for it."
)

TABS = {"sample": "Sample", "interpolate": "Interpolate", "explore": "Explore",
        "attention": "Attention", "timelapse": "Time-lapse"}  # fmt: skip
SWITCH = "Language"

CHECKPOINT = "Checkpoint"
CHECKPOINT_INFO = "Of pictures, texts, sounds and videos"
CLASS = "Class"
CLASS_INFO = "What the model is told to make; any leaves it to chance"
COUNT = "How many"
SEED = "Seed"
SEED_INFO = "The same seed gives the same result"
RANDOMISE = "New seed each time"
TEMPERATURE = "Temperature"
TEMPERATURE_INFO = "Below 1 plays safe, above 1 takes risks"
PROMPT = "Beginning"
PROMPT_INFO = "The text goes on from here; empty starts from nothing"
PROMPT_POEM = "The title, and below it the first characters; either may be empty"
LENGTH = "Length"
LENGTH_INFO = "Characters to write, at most"
LENGTH_LOOK = "Characters to write, at most; 0 looks at the beginning alone"
NOTHING_WRITTEN = "There is nothing to look at: give a beginning, or a length above 0."
TOP_K = "Top-k"
TOP_K_INFO = "Only the k likeliest characters; 0 leaves all"
TOP_P = "Top-p"
TOP_P_INFO = "Only the likeliest that reach p together"
HALT = "Stop"
LINES = {"across": "Lines across", "down": "Lines down"}
SCRIPTS = {"written": "As written", "simplified": "Simplified"}
NO_PROMPT = "a prompt is a text of at most {limit} characters"
UNKNOWN_SYMBOLS = (
    "This model has never seen {symbols}; � stands in the text where the prompt had it."
)
LONG_PROMPT = "Of the beginning, the last {length} characters count: no more are seen at once."
DOWNLOAD_TEXT = "Download text"
DOWNLOAD_SOUND = "Download WAV"
DOWNLOAD_AUDIBLE = "With an audible label"
DOWNLOAD_VIDEO = "Download WebP"
HOLD = "Hold still"
HEAR = "Play {name}"
HEAR_ALL = "Hear all {count}, one after the other"
SAMPLE = "Sample"
COPY_LINK = "Copy link"
DOWNLOAD = "Download PNG"
SAVE_AS = "Save {kind}"
NO_FILM = "This view has no frames to save; choose the loop or the map."
NO_WALK = (
    "The walk is a list of at most {limit} points of the grid such as 301.302.326, each from 0 to "
    "{last}, not {value}."
)
DRAG_FIRST = "There is no path yet; drag one over the map, or hold Shift with the arrow keys."
NO_KIND = "The format is {known}, not {value}."
LABELLED = "with a visible label"
DOWNLOAD_LABELLED = "With a visible label"

END_A = "From"
END_B = "To"
PICTURE = "Start from a picture instead"
STEPS = "Steps"
PATH = "Path"
PATH_INFO = "Random latents lie close to a sphere: the arc stays there"
PATHS = {"slerp": "slerp · along the arc", "lerp": "lerp · straight line"}
LENGTH_TITLE = "Length of the latent along the way"
LENGTHS = (
    "The straight line comes as near to the middle as {low}, the arc no nearer than {at}. Random "
    "latents of {dimensions} numbers lie around {typical}, where the model was trained."
)
INTERPOLATE = "Interpolate"
PLAY = "Play"
FRAME = "Frame"

# Settings and values, as they stand under a result; what is not here stands as it is.
SETTINGS: dict[str, str] = {}
VALUES: dict[object, str] = {}
PICTURE_ALT = "{name}, class {label}, picture"
PICTURE_ALT_ALONE = "{name}, picture"  # where no class was asked for
SAMPLES_OF = "Samples of {name}"
TIMES = (" s", " min", " h")
QUANTITIES = ((1e9, " billion"), (1e6, " million"), (1e3, " thousand"))
FIGURES: dict[str, str] = {}
UNITS: dict[str, str] = {}  # of a figure
# Of figures by their names in metrics.json: what they are, and what their references are. Where
# nothing stands here, how it was measured is said as metrics.json has it, in English.
DEFINITIONS: dict[str, str] = {}
REFERENCES: dict[str, str] = {}
DEFINED = "{definition} Reference: {reference}."
OUT_OF = "{part} of {whole}"

WAITING = "The first result is on its way"
LINK_TROUBLE = "This link could not be followed to the letter."
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
NOTHING_YET = (
    "One that comes from the Hugging Face Hub, or is opened by its name there, is shown here at "
    "once."
)

HUB_AWAY = "Not everything came from the Hugging Face Hub; it is asked again by itself."
HUB_CACHED = "Shown meanwhile: the copy on this machine, revision {revision}."
HUB_WITHOUT = "The other checkpoints work meanwhile."
HUB_OPEN = "Open a checkpoint from the Hugging Face Hub"
HUB_NAME = "Its name"
HUB_HINT = "OWNER/NAME, OWNER/NAME@REVISION, or its address; up to {limit} MB"
HUB_BUTTON = "Open"
STOP = "."
HUB_OPENING = "Asking the Hub, and downloading what is needed ..."
HUB_OPENED = "{name}, revision {revision}, is open and chosen above."
HUB_ELSEWHERE = "{name}, revision {revision}, is open; this tab needs something else: see {tabs}."
HUB_NOWHERE = "{name}, revision {revision}, is open, but no tab of this page can show it."
HUB_NOT_ALLOWED = "{repo} cannot be opened here; this page opens checkpoints of {names}."
# What aigc.hub and aigc.checkpoint say, in English for the terminal, as a language says it: a
# pattern of the whole sentence -> the sentence with its groups (`texts.own`). What is not here
# stands as it is.
SAID: dict[str, str] = {}
DUPLICATE = "Duplicate this Space"

FAMILIES = {
    "gan": "Generative adversarial network",
    "vae": "Variational autoencoder",
    "ladder": "Variational autoencoder with levels",
    "attention": "Self-attention, drawn patch by patch",
    "language": "Self-attention, written character by character",
    "classifier": "Classifier",
}

MEASURES = {
    "image": "{width}×{height} {colours}",
    "video": "{frames} frames of {width}×{height}, {colours}",
    "sound": "{seconds:.2f} s at {rate} samples a second",
    "text": "{symbols} different characters, {length} at a time",
}
COLOURS = {1: "grey", 3: "colour"}
WEIGHTS = "weights"
TRAINED = "trained for"
SEEN = {
    "image": "pictures seen",
    "sound": "sounds heard",
    "video": "videos seen",
    "text": "texts seen",
}
REVISION = "revision"
REFERENCE = "reference"
ALL_FIGURES = "All {count} figures"
FIGURES_ARE = "What these figures are"
LOCAL = "local"  # where a checkpoint is from; others are named by their repository

ABOUT_TITLE = "How this works"

ABOUT = {
    "gan": r"""
## Generative adversarial network
Two networks play against each other. The **generator** $G$ turns random numbers $z$ into a
picture. The **discriminator** $D$ sees a picture and says how likely it is a real one. $D$ learns
to tell real from made, $G$ learns to fool $D$, and as both improve, what $G$ makes becomes hard
to tell from the real thing. Where there are classes, both are told which it is.

$$\min_G \max_D \; \mathbb{E}_{x \sim \text{data}}\big[\log D(x)\big]
+ \mathbb{E}_{z \sim p(z)}\big[\log\big(1 - D(G(z))\big)\big]$$

Unless told otherwise, the recipe in this repository plays a steadier version of the same game: $D$
scores real and made pictures in pairs and minimises

$$\mathbb{E}\big[\operatorname{softplus}\big(d(G(z)) - d(x)\big)\big]$$

with $d$ the score before the sigmoid. $G$ minimises the same with the pair swapped, and the slope
of $d$ is kept small at both. A GAN draws in one pass and its
pictures are sharp, but it cannot say how likely a picture is.

**Temperature** scales $z$ (also called truncation): near 0 every picture is the typical one (of its
class, where there are classes), at 1 they vary as in training.

**What helps**, one change at a time, by the share of samples in the right class after 800 steps of
`python -m train.recipes`: minimax at five times the usual rates is lost, 9%. Another distribution
of the noise does not save it, 9%, nor a smaller discriminator, 9%, nor rates that fall, 10%; small
slopes of $d$ do, 95%. Where the discriminator is the weak one, 5%, four times its width mends it,
86%, or ten times its rate, 74%.
""",
    "vae": r"""
## Variational autoencoder
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

**What helps**, one change at a time, by the bound on test images that `python -m train.recipes`
prints: 164.8 nats with 1,000 images, 2 latents, no residual blocks and the KL term counted four
times; 158.2 with 60 times the images, 165.1 with depth, 165.6 with the KL term counted once, 171.0
with a tenth of it, 140.1 with 32 latents, and 107.7 with all of it.
""",
    "ladder": r"""
## Variational autoencoder with levels
The latent of this VAE is a ladder $z_1 \dots z_L$: one vector for the whole picture at the top, and
below it maps, a few numbers for each place. The **encoder** looks at the picture at every size; on
the way down, each level is inferred in the light of those above it, $q(z_l \mid z_{<l}, x)$, and
says only what they left open.

$$\log p(x) \;\ge\;
\mathbb{E}_{q}\big[\log p(x \mid z)\big]
\;-\; \sum_{l=1}^{L}
\mathbb{E}_{q}\big[\mathrm{KL}\big(q(z_l \mid z_{<l}, x)\,\|\,p(z_l)\big)\big]$$

Every $p(z_l)$ is a standard normal, so a random draw of all numbers is a picture, and one can keep
what the upper levels decided and draw the rest again. A plain VAE is the top level alone.

**Temperature** scales all levels: near 0 the most typical picture, at 1 the model's own
distribution.
""",
    "attention": r"""
## Self-attention
The picture is a sequence of small patches, drawn from left to right and from top to bottom, each
one conditioned on all that came before. Every step asks the earlier ones: its **query** $q$ is
compared with their **keys** $k$, and the softmax of the scores says how much of each **value** $v$
flows in. A mask forbids looking ahead.

$$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{d_k}} + M\right) V,
\qquad M_{ij} = \begin{cases} 0 & j \le i \\ -\infty & j > i \end{cases}$$

$$p(x) = \prod_t p(x_t \mid x_1, \dots, x_{t-1})$$

Several **heads** do this side by side and several **layers** on top of each other. The product is
an exact likelihood, reported in bits per pixel value; the price is that a picture takes as many
steps as it has patches, and that the attention itself grows with the square of their number. What
the page shows is the layer **written out**: scores, mask, softmax, weighted sum. PyTorch's fused
kernel takes the fast way, and a test holds that both are equal.

**Temperature** divides the logits before each draw: below 1 it prefers the likely values, at 0
it always takes the likeliest.
""",
    "language": r"""
## Self-attention that writes
A text is a sequence of characters, written one after the other, each conditioned on all before it.
Every step asks the earlier ones: its **query** $q$ is compared with their **keys** $k$, and the
softmax of the scores says how much of each **value** $v$ flows in. A mask forbids looking ahead.

$$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{d_k}} + M\right) V
\qquad p(x) = \prod_t p(x_t \mid x_1, \dots, x_{t-1})$$

The model knows no words, only characters: spelling, line breaks and who is speaking are all
learned from one book. It sees a limited number of characters at once and forgets what came before.
The less it has read, the more it learns by heart: "copied windows" on the card says how much.

**Temperature** divides the logits before each draw: below 1 it prefers the likely characters, at 0
it always takes the likeliest.
""",
}

# What one ladder has and another has not, after the text on its kind
LADDER_WINDOW = r"""
**This one has a window.** A decoder that says all pixels at once, each by itself once $z$ is
given, has to find every edge in $z$ or to average where it may run: that is the blur of a VAE. Here
a pixel also sees those before it, row by row, up to WINDOW rows above it and as many columns to
either side:

$$p(x \mid z) = \prod_i p(x_i \mid x_{<i},\, z)$$

So $z$ need not say what pixels can tell each other, and lower levels may fall silent. Pictures are
drawn pixel by pixel, each as its mean, so that one $z$ still has one picture.
"""
LADDER_BEGAN = """
It began with the weights of `{name}`: many a seed gives much the same digit there, as it was
before the window.
"""

# How a GAN was trained, by its recipe, after the text on its kind
ABOUT_THIS = "\n**This one**: {loss}; {slopes}.\n"
GAN_LOSSES = {
    "relativistic": "real and made are scored in pairs, as above (the relativistic loss)",
    "minimax": "real and made are scored apart, and both play the first game to the letter "
    "(minimax)",
    "non-saturating": "real and made are scored apart, and $G$ raises the logarithm of $D(G(z))$ "
    "(the non-saturating loss)",
    "hinge": "real and made are scored apart, each up to a margin of 1 (the hinge loss)",
    "wasserstein": "real and made are scored apart, and $D$ moves the means of the two from each "
    "other (the Wasserstein loss)",
}
GAN_SLOPES = {
    "both": "the slope of $d$ is kept small at both",
    "r1": "the slope of $d$ is kept small at real pictures alone",
    "r2": "the slope of $d$ is kept small at made pictures alone",
    "gp": "the slope of $d$ is held at 1 between real and made pictures",
    "none": "nothing keeps the slope of $d$ small",
}

ABOUT_INTERPOLATE = r"""
## Between two pictures
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

# The classes among the samples
COVERAGE_TITLE = "Classes among these samples"
COVERAGE_KL = (
    "{seen} of {classes} classes among {count} samples, as {name} sees them; as many true draws "
    "would show {expected} on average. KL from {target}: {kl} nats; of true draws {floor}."
)
COVERAGE_TARGETS = {True: "the classes of the training images", False: "equal shares"}
MODES_ALT = "A map of {classes} classes, of which {seen} came"
MODES_LEGEND = ("none", "less than its share", "its share", "twice", "more")
MODES_OFTEN = "Most often: {names}."
MODES_MISSING = "Missing: {names}."
MODES_FIRST = "It begins. One coverage is drawn at a time: another visitor's may have to end first."
MODES_ENDED = "{count} samples: it was stopped, or {seconds} seconds were over."

# What was measured, where somebody samples: STOP ends the sentence
COPIES = {
    "near_copies": "Learned by heart? At temperature 1, {share} of its samples lie as near to a "
    "training image as {real} of real test images do",
    "copied_lines": "Learned by heart? At temperature 1, {share} of the lines that it writes stand "
    "in what it learned from; of the lines of texts that it never saw {real} do",
    "copied_windows": "Learned by heart? At temperature 1, {share} of the passages that it writes "
    "stand in what it learned from, letter by letter; of a text that it never saw {real} do",
}
COPIES_FEATURES = " ({share} in the features of a classifier)"
COPIES_NEAREST = (
    "; the median distance to the nearest one is {distance}, and {real} from a real test image"
)
TRADEOFF_HERE = (
    "At {temperature}, the nearest that was measured, {precision} of samples are near a real "
    "picture (precision) and {recall} of real pictures near a sample (recall); Frechet distance "
    "{frechet}."
)
TRADEOFF_ALL = "All temperatures, in Explore"

# What to expect of a checkpoint, by its family
EXPECT_TITLE = "What to expect of it"
EXPECT_THIS = " (this one: {figures})"
EXPECT_BESIDE = " Beside it: {others}."
EXPECT_OTHER = "{name}, {figure} {value}"
# In place of what is said of a ladder, where it has a window.
EXPECT_WINDOW = (
    "A VAE whose pixels see each other{this}: what they can tell each other, its latent need not "
    "say. So its pictures are sharp, and its lower levels decide little, as you can see below. "
    "Each pixel is drawn as its mean, which costs variety."
)
EXPECT_MENDED = "beside one that was mended"
EXPECT_CERTAIN = "gan-certain and gan-penalties"
EXPECT_CODED = ": {link} has it encode and decode a drawing of yours, with both terms of the bound"
EXPECT = {
    "gan": "A GAN draws in one pass, sharp and varied where its training went well{this}. That "
    "training is a contest, which can be lost: gan-mnist-collapsed draws one thing whatever it "
    "is asked for, and stands in Time-lapse {mended}. That one has another loss, too, so that "
    "their curves are not on one scale; {certain} differ in the penalties alone. And a GAN is hard "
    "to steer: it has no encoder, so that a drawing has to be searched for ({explore}, "
    "{project}).",
    "vae": "A VAE says what it does: it encodes, decodes, and bounds the likelihood{this}. What "
    "its latent leaves open is averaged, and so its pictures are a little soft{coded}.",
    "ladder": "A VAE with levels has more to say with than a plain one{this}, and is as easy to "
    "follow: see what each level decides, below.",
    "attention": "It finds by itself what to look at, and its likelihood is exact{this}. The "
    "price: {steps} steps, each looking at all before it, which is {pairs} pairs for every head. A "
    "picture of twice as many patches has four times the pairs. Keys and values are kept (the "
    "cache), so that a step computes its own row alone ({attend}, {cost}).",
    "language": "It finds by itself what to read, and its likelihood is exact{this}. The price: of "
    "{steps} characters, each reads all before it, which is {pairs} pairs for every head, and four "
    "times as many for twice the length. Keys and values are kept (the cache), so that a step "
    "computes its own row alone ({attend}, {cost}).",
}

# The discriminator's score of each sample
SCORES_SWITCH = "The discriminator's scores"
SCORED = "Score {score}, above {share} of the {images}"
SCORES_UNDER = (
    "The generator makes, the discriminator tells real from made: under each picture stands its "
    "score (a logit), and the bar is the share of the {images} that score lower. At the median of "
    "these samples that is {share}; 50% would be a draw."
)
SCORES_UNDER_ALONE = (
    "The generator makes, the discriminator tells real from made: under each picture stands its "
    "score (a logit). Nobody measured here what real pictures get, so only differences say "
    "something."
)
SCORES_MORE = "Where in each picture it says so, in Explore"
SCORES_DRAWING = "Draw something, and it judges that"

# One picture among the samples
CHOSEN = "Chosen picture"
PICK_INFO = "Choose a picture to see more of it"
STAR = "Favourite"
FAVOURITES = "Favourites"
FAVOURITES_INFO = "Kept in this browser alone, as links that make them again."
VARIATIONS = "Variations: how far"
OTHER_VARIATIONS = "Others"
VARIED = "Variations of picture {number}, spread {spread}"
VARIATIONS_INFO = (
    "z′ = √(1 − s²) z + s e: the latent of this picture, mixed with others that are drawn like it. "
    "At s = 0 it is the same picture, at 1 nothing of its latent is left."
)
CHOSEN_SCORE = (
    "The discriminator's score is <b>{score}</b>, above {share} of the {images}. "
    "Ink in orange places would raise it, in blue places lower it."
)
SCORED_IMAGES = {True: "test images of its class", False: "test images"}  # with classes, or without
CHOSEN_SCORE_ALONE = (
    "The discriminator's score is <b>{score}</b>; nobody measured here what real pictures get, and "
    "alone it means nothing. Ink in orange places would raise it, in blue places lower it."
)
THE_CHOSEN = "The chosen picture"
THE_SPREAD = "The spread"

# The levels of a latent, kept or drawn again
LEVELS_TITLE = "Level by level: keep the upper ones, draw the rest again"
LEVELS_INFO = (
    "The first picture of the seed, with ever more of its levels kept and all others drawn again, "
    "eight times: where the pictures of a row agree, the kept levels decided."
)
LEVELS_DRAW = "Draw the rest again"
LEVELS_KEPT = "{kept} of {levels} levels kept"

# The drawing in the latent space
CODE_TITLE = "Your drawing in the latent space"
CODE_PAD = "A digit of yours"
CODE_CLASS = "It is a"
CODE_LOOK = "Encode and decode"
CODE_OTHER = "This style, as a"
AS_GIVEN = "Drawing, centred"
CAME_BACK = "Reconstruction"
NATS = "{value} nats"
TERM_RECONSTRUCTION = "Reconstruction term"
TERM_KL = "KL term"
TERMS_INFO = (
    "What it takes to say this very drawing: the picture given the latent (mean of {draws} draws; "
    "a grey pixel counts as the chance of ink), and the latent given the prior."
)
TERMS_WEIGHED = (
    "In training the KL term counts λ times, here λ = {beta}. A smaller λ leaves more of it: in "
    "the smallest VAE of train.recipes 4.1 nats with λ = 4, 6.3 with λ = 1, and "
    "11.1 with λ = 0.1."
)
# static/latents.html, by the names that stand in it
LATENTS = {
    "picture": "Decoded",
    "help": "The latents that say most about your drawing, each from −4 to 4 while the others "
    "stay; where the drawing lies is a position more. The bar is its KL, in nats.",
}

DRAW = "Draw here"
UPLOAD = "Upload"
CLEAR = "Clear"
PAD_HINT = "{label}: draw, or upload a picture"
NO_PICTURES = "{name} takes no picture; choose a checkpoint that draws pictures."
NO_PICTURE = "This is no picture that can be read; choose a PNG, JPEG or WebP file."
LARGE_FILE = "This picture is over {limit} MB; choose a smaller one."
LARGE_PICTURE = "This picture is over {limit} pixels wide or high; choose a smaller one."
NO_ENCODER = "{name} cannot start from a picture; choose a checkpoint that encodes, or clear it."

# Mistakes: one sentence each, that says what to do.
OR = " or "
CHOOSE = "choose one of {known}"
NONE_CAN = "none is loaded that can"
LACKS = "{name} has no {capability}; {choose}."
NOT_LOADED = "{name} could not be loaded: {error}"
NO_CHECKPOINT = "There is no checkpoint {name}; {choose}."
NO_TAB = "There is no tab {name}."
NO_LANGUAGE = "There is no language {name}; choose {known}."
THE_SEED = "The seed"
THE_COUNT = "The count"
THE_STEPS = "The number of steps"
THE_TEMPERATURE = "The temperature"
THE_LENGTH = "The length"
THE_TOP_K = "Top-k"
THE_TOP_P = "Top-p"
THE_LINES = "The direction of lines"
THE_SCRIPT = "The script"
NO_WHOLE_NUMBER = "{name} is a whole number from {low} to {high}, not {value}."
NO_FILE = "A file that was not uploaded is no value; send the value itself."
NO_VALUE = "empty"  # in the place of the value in these two
NO_AMOUNT = "{name} is a number from {low} to {high}, not {value}."
NO_PATH = "The path is {known}, not {value}."
NO_CLASS = "{name} has no class {value}; choose one of {known}."
OTHER_REVISION = (
    "This link was made with revision {revision} of {name}, and here is {here}: what it shows may "
    "differ."
)
NO_PACKED = "The picture in this link is cut or damaged; copy the whole link again."
NO_LATENTS = (
    "The latents are a list such as 3:1.25,17:-0.5, a number and a value from -{reach} to {reach}, "
    "not {value}."
)
UNKNOWN_IN_LINK = "Unknown in the link: {names}."
OR_WORDS = ", or {words}"
NO_PLACE = "{name} is a whole number from 1{also}, not {value}."
PLACES = {"layer": "The layer", "head": "The head", "position": "The position"}
PAD_EMPTY = "The pad is empty; draw something or choose a picture first."
DRAW_FIRST = "Draw a picture first."

# The attention tab
DRAW_PICTURE = "Draw"
WRITE = "Write"
OWN_PICTURE = "A picture of your own"
OWN_PICTURE_INFO = "The start token tells the class that is chosen above, right or wrong."
LOOK = "Where would it look?"
SAVE_WEIGHTS = "Save weights (.npz)"
SAVE_PAGE = "Save as a page (.html)"
OFFLINE_TITLE = "Where {name} looked"
OFFLINE_NOTE = (
    "What is shown here was made by an AI model. The page holds everything it shows and asks for "
    "nothing over the network. An attention map shows where a head read from; it is no explanation."
)
NO_SWITCHES = "The switches of the viewer are among {known}, not {value}."
ABOUT_ATTENTION = r"""
## Reading the maps
Choose a place in the picture: each small map shows how one **head** of one **layer** spread its
attention over what was already drawn when that place came next. The bar under a map is the weight
on the *start token*, which carries the class and has no place in the picture; with it, the weights
of a step add up to 1. The hatched part was not drawn yet: the mask makes its weights exactly 0.

A sequence of $T$ patches has $T^2$ weights in every head: a picture of twice the side has four
times the patches and **sixteen times the weights**.

**Rollout** ([Abnar and Zuidema 2020](https://arxiv.org/abs/2005.00928)) averages the heads, counts
the residual connection as half, and multiplies the layers: where the information may have come
from, all layers together.
"""

# static/attention.html, by the names that stand in it
VIEWER = {
    "surprise": "Surprise",
    "surprise_title": "How unexpected each patch was, in place of the attention",
    "tone": "Scale",
    "tone_title": "How weights become colours",
    "root": "root",
    "linear": "linear",
    "log": "log",
    "expected": "What it expected here",
    "expected_title": "How likely each of the 256 values of each pixel of the patch was before it "
    "was drawn, 8 values a bar, logarithmic from 0.1% up; what came is marked",
    "stage": "The picture and where one head looked",
    "layer": "Layer",
    "head": "Head",
    "save": "Save this view as a picture",
    "canvas": "The picture. Arrow keys move the place, space replays the drawing.",
    "drawing": "Drawing",
    "replay": "Replay the drawing",
    "step": "Step of the drawing",
    "maps": "All layers and heads",
    "direction": "Direction",
    "from": "Where it looked",
    "from_title": "What the step that drew this place read from",
    "later": "Who looked here",
    "later_title": "Which later steps read from this place",
    "sink": "Hide start token",
    "sink_title": "Weights among the patches alone, adding up to 1",
    "shared": "One scale",
    "shared_title": "Otherwise each map is as bright as its own strongest place",
    "lines": "Lines",
    "lines_title": "To the five strongest places",
    "help": "Point at the picture or at a map to preview, click to keep. "
    "Arrow keys move the place, space replays.",
    "honest": "<b>Attention is not an explanation.</b> It shows where a head read from, not what "
    "it took from there, nor whether that mattered for the result.",
}

# The explorers
VIEW = "View"
VIEWS = {"map": "Map", "classes": "Other classes", "directions": "Directions",
         "corners": "Four corners", "loop": "Loop", "scores": "Discriminator",
         "project": "Projection",
         "tradeoff": "Temperature", "modes": "Coverage", "complete": "Half a picture",
         "heads": "Heads", "pixel": "One place", "formula": "The formula"}  # fmt: skip
SHOW = "Another one"
SIDE = "Pictures along a side"
STOPS = "Stops"
LEG = "Steps from stop to stop"
MOVE = "The move"
PLANE = "Plane"
PLANE_INFO = "Which two of all directions lie in the picture"
PLANES = {"pca": "PCA", "means": "class means", "kl": "largest KL"}
CORNERS = {"label": "Upper left: class", "label_b": "Upper right: class",
           "label_c": "Lower left: class", "label_d": "Lower right: class"}  # fmt: skip
NO_NUMBER = "{name} is a number from -{reach} to {reach}, not {value}."
NO_CHOICE = "{name} is {known}, not {value}."
NO_VIEW = "{name} has no {view}, which needs the capability {capability}; choose another view."
NO_SURVEY = (
    "{name} was not surveyed for this; run python -m train.survey CHECKPOINT --data DIR --write, "
    "or choose another view."
)
NO_PART = (
    "The survey of {name} has nothing for this, which needs data with classes; choose another "
    "view, or measure it on such data."
)
CORNERS_ALT = "{name}: {side} by {side} pictures between four"
CORNERS_INFO = (
    "The corners are the first four pictures that Sample draws from this seed. Every row runs from "
    "a point of the left edge to one of the right."
)
LOOP_INFO = (
    "{frames} frames through {stops} pictures and back to the first, the ones that Sample draws "
    "from this seed; it goes round without a jump."
)
LOOKS = {
    "ink": ("more ink", "less ink", "ink"),
    "width": ("wider", "narrower", "width"),
    "height": ("taller", "flatter", "height"),
    "slant": ("leans right", "leans left", "slant"),
    "loudness": ("louder", "softer", "loudness"),
    "brightness": ("brighter", "duller", "brightness"),
    "length": ("longer", "shorter", "length"),
    "onset": ("slower to begin", "quicker to begin", "onset"),
    "rightwards": ("moves right", "moves left", "to the right"),
    "upwards": ("moves up", "moves down", "upwards"),
    "speed": ("faster", "slower", "speed"),
}
AND = ", "
NEXT = " "  # between two sentences
LITTLE = "little that is measured"
TOWARDS = "toward {more}, away from {less}"
CHANNELS = ("red", "green", "blue")
CHANNEL_TOWARD = "{channel} toward {more}"
LOGITS = "logit of {more} {up}, of {less} {down}"
BEFORE = "Before"
AFTER = "After the moves"
DIRECTION_ALT = "Along direction {number}, from -3 to 3"
DIRECTIONS_INFO = (
    "Each strip goes from -3 to 3 along one direction, where 1 is a standard deviation of the "
    "prior. The numbers are what 2 of these steps change on average, in standard deviations among "
    "samples of one class. The directions are those along which the features of {classifier} "
    "change most, found by regression on {samples} samples; the names are measured too, "
    "and a single picture may answer differently."
)
BY_MEANS = "Latent − mean of its class + mean of the other, no class told"
BY_CLASS = "The same style, the class told to encoder and decoder"
FROM_GIVEN = "A {label}, by its class"
FROM_NEAREST = "Its latent lies nearest to the mean of {label}"
ARRIVES = "Among test images {share} arrive (least often at {worst}: {least})."
ARRIVES_INFO = "Arriving means that {classifier} sees the class that was meant."
PLANE_IS = {
    "pca": "This plane holds the two directions in which the test images spread most (PCA).",
    "means": "This plane holds the two directions in which the means of the classes spread most.",
    "kl": "This plane holds the two latents with the largest KL, {first} and {second}.",
}
PLANE_FACTS = (
    "It holds {share} of the variance of {images} test images; the points are drawn from the "
    "histogram of {shown} of them. The other {rest} of {dimensions} dimensions are squeezed flat, "
    "so two letters side by side may lie far apart."
)
PLANE_APART = (
    "Of the test images {apart} have mostly their own class among their ten nearest neighbours "
    "here, {whole} in all dimensions."
)
PLANE_UNTOLD = (
    "The model was never told a class: the letters are those of the data, and what lies apart it "
    "keeps apart by itself."
)
PLANE_POINT = (
    "The picture is of the very point, with the other dimensions at their mean, not of the letter "
    "beside it."
)
AXES = {
    "pca": ("→ first component", "↑ second component"),
    "means": ("→ first component of the class means", "↑ second"),
    "kl": ("→ latent with the largest KL", "↑ second largest"),
}
TOTAL = "How many samples"
NO_JUDGE = (
    "No loaded classifier knows the classes of {name}; add one of the same data, or choose another "
    "view."
)
JUDGED = "judged as {label}"
SLOPE = "where ink would change the score"
SCORE = "{label}: <b>{score}</b>, above {share}"
SCORE_ALONE = "<b>{score}</b>, above {share}"  # without classes
SCORES_INFO = (
    "From the most to the least convincing. The number is the discriminator's logit, and beside it "
    "stands the share of the {images} that score lower: under the relativistic "
    "loss a score alone means nothing, only differences do. The heat map is the gradient: ink in "
    "<b class='more'>orange</b> places would raise the score, in <b class='less'>blue</b> places "
    "lower it; each map is as bright as its own strongest place."
)
SCORES_TITLE = "Scores"
SCORES_REAL = "test images"
SCORES_MADE = "these samples"
SCORES_LOSS = (
    "Paired with the scores of the {paired} ({images} in all), the "
    "discriminator's loss on these {count} samples is {loss}: the mean of softplus(made − real). "
    "The generator's is the same with the pair swapped, {generator}. Each side steps down its own; "
    "where both are at 0.693, which is ln 2, nobody can tell real from made."
)
SCORES_PAIRED = {True: "test images of the same classes", False: "test images"}  # as above
SCORES_DRAWN = "The same drawing was judged as every class."
USE_DRAWING = "Use the drawing"
DRAWN_AS = {
    "sound": "A drawing is taken for the spectrum of a sound: time runs from left to right, and "
             "low tones lie at the bottom.",
    "video": "A drawing is taken for a video that stands still.",
}  # fmt: skip
PROJECT = "Project"
PROJECT_FIRST = "Draw something and press Project"
PROJECTED = "Found in {name} by optimisation, as a {label}: error {error}, {seconds} s"
ENCODED = "{name}, encoded in one pass and decoded: error {error}, {milliseconds} ms"
PROJECTING = "Step {step} of {steps}"
SEARCHES = "All searches, each from another start, with their errors"
PROJECTED_LENGTH = (
    "The latent that was found is {length} long; random ones of {dimensions} numbers lie around "
    "{typical}, where the generator was trained."
)
PROJECT_INFO = (
    "A GAN has no encoder: gradient descent looks for a latent whose picture is like the drawing "
    "and which the prior finds likely, every search at once, for at most {seconds} s. One "
    "projection runs at a time on this page and the next one waits; everything else goes on "
    "meanwhile. The error is the root of the mean squared difference, pixels in 0 to 1."
)
ROWS = "Rows of patches that are kept"
WHOLE_PICTURE = "The picture"
KEPT = "What is kept of it"
COMPLETIONS = "Drawn to an end"
COMPLETE_INFO = (
    "Only the upper part can be given: the model draws from left to right and from top to bottom, "
    "and each step sees what is above it. Under each picture stands the class that is seen in it."
)
MUTED = "Heads that are switched off"
MUTED_INFO = "Layer and head, from 1"
NO_HEADS = "{value} names no heads of this model; write layer and head from 1, as 1.2,3.4."
ALL_HEADS = "All heads: {bits} bits"
WITHOUT_HEADS = "Without those, the same seed"
HEADS_PRICE = (
    "Without those heads the model needs {bits} bits more for the picture on the left ({each} for "
    "each of its values)."
)
HEADS_TITLE = "Every head over the whole picture: entropy, distance, start token"
HEAD_TITLE = "Layer and head {name}"
HEADS_INFO = (
    "A row is a layer. Under the name of a head: the entropy of its weights in bits, averaged over "
    "all steps; how far away it looks, in patches, the start token aside; and the share that the "
    "start token gets. Switched off means that what the head found is left out of the sum. What is "
    "lost then says more than where it looked, but heads can stand in for each other, so a small "
    "loss does not make a head useless."
)
LAYER = "Layer"
HEAD = "Head"
FORMULA_HERE = "The formula with the numbers of this place"
FORMULA_AT = "Layer {layer}, head {head}, at {place}"
FORMULA_ONE = (
    "The formula is that of one head of one layer: choose a map that is no mean, maximum or "
    "rollout."
)
COST = "What twice the length costs"
COST_HINT = (
    "Every place looks at every earlier one, so that twice as many places are four times as many "
    "pairs. See what that takes on the machine that answers here, and what is spared by keeping "
    "keys and values."
)
COST_MEASURE = "Measure it"
COST_LINES = ("all places at once", "the same, fused", "one more place, with the cache")
COST_CHART = "Time against the length of the sequence, both by doublings"
COST_AXIS = "places; both axes go by doublings"
COST_COLUMNS = (
    "places", "pairs in a head", "all at once", "the same, fused", "one more, with the cache",
    "maps of all heads", "cache of all heads",
)  # fmt: skip
COST_FOUND = (
    "From {before} places to {last}, all at once took {whole} times as long just now, and one more "
    "place {row} times. Four is what the square of the length asks for, two what the length does; "
    "it is more where a map no longer fits into the processor's own memory, and less where most of "
    "the time goes into starting the work."
)
COST_STEPS = (
    "{name} makes {steps} places one after the other. With the cache each computes its own row "
    "alone; without it, the rows of all before it once more, {times} times as many pairs in all."
)
COST_INFO = (
    "Timed: one head with its own queries, keys and values, written out as softmax(QKᵀ / √d) V, "
    "and by PyTorch's fused kernel, which gives the same up to {apart} and keeps no map: its "
    "memory grows with the length alone, its time with the square all the same. Beyond the "
    "{places} places of this checkpoint the same vectors come again. Maps and cache are those of "
    "all {heads} heads in float32, by their sizes. In a short sequence the rest of a layer, whose "
    "work grows with the length, takes most of the time."
)
FORMULA_SIGN = "“{sign}” (at {place})"
IN_EXPLORE = "The same place of the same picture in Explore:"
FORMULA_KEY = "what it compares with"
FORMULA_STEPS = ("q\u00a0·\u00a0k", "÷\u00a0√{d}", "softmax")
FORMULA_START = "start token"
FORMULA_PLACE = "row {row}, column {column}"
FORMULA_REST = "the other {count}, together"
FORMULA_MASKED = "the {count} later ones: masked, −∞"
FORMULA_SUM = (
    "The weighted sum of the values has the length {length}; the longest single share is "
    "{share} long, from {where}. The heads of the layer stand side by side after this and go "
    "through one more matrix."
)
FORMULA_INFO = (
    "One step of one head, by Attention(Q, K, V) = softmax(QKᵀ / √d) V with d = {d}: the query of "
    "the framed place against the keys of all before it, the {top} largest weights first. Dividing "
    "by √d keeps the scores in a range where the softmax is not all or nothing."
)
POSITION = "Place, in the order of drawing"
EXPECTED = "How likely each value was"
EXPECTED_VALUE = (
    "Value {number}: {value}, which the model gave {share} (<b>{bits} bits</b>); black {black}"
)
EXPECTED_INFO = (
    "Before a patch was drawn the model said how likely each of the 256 values of each of its "
    "pixels was, knowing all that is bright here and the pixels of the patch before it. The bars "
    "are logarithmic, from 0.1% up, 8 values each; the bar of what really stands there is marked."
)
PLACE_ALT = "The picture up to position {position}, which is framed"
TRADEOFF = {
    "temperature": "temperature", "accuracy": "label accuracy", "frechet": "Frechet distance",
    "precision": "precision", "recall": "recall", "coverage": "coverage", "modes": "modes seen",
}  # fmt: skip
TRADEOFF_TITLE = "Fidelity and variety over the temperature"
AT_TEMPERATURE = "Samples at temperature {temperature}"
SAME_SEED = "the same latents"
TRADEOFF_INFO = (
    "{samples} samples at each temperature against as many test images, in the features of "
    "{classifier}. Precision is the share of samples near a real picture, recall the share of real "
    "pictures near a sample, coverage the share of real pictures with a sample within their own "
    "reach; the Frechet distance takes both kinds of error together, lower is closer."
)
# What each view needs to be read, after a heading, for the views that a model has
ABOUT_LATENT = r"""
## Reading a latent space
A model with a latent space draws every picture from an address $z$ of many numbers.
"""
ABOUT_VIEWS = {
    "map": r"""
The **map** shows a plane of that space: the point $(x, y)$ is the address

$$z = \bar\mu + x\,u + y\,v,$$

where $\bar\mu$ is the mean of all test images and $u$, $v$ span the plane.
""",
    "classes": r"""
Addresses can be added: **other classes** takes the mean of one class away and adds that of another,

$$z' = z - \mu_a + \mu_b.$$
""",
    "directions": r"""
**Directions** asks what in the picture depends on $z$ most: with $f$ the features of a classifier,
the mean Jacobian $J = \mathbb{E}\,[\partial f / \partial z]$ is found by regression, and its right
singular vectors are the sliders
([GANSpace](https://arxiv.org/abs/2004.02546) goes the same way by principal components).
""",
}

# static/map.html, by the names that stand in it
MAP = {
    "canvas": "The plane. Arrow keys move the point, with Shift they draw a path.",
    "picture": "What the model makes of this point",
    "play": "Play the path",
    "dots": "Test images",
    "pictures": "Decoded grid",
    "legend": "Classes",
    "help": "Point at the plane to see what the model makes of that point; click to keep it, drag "
    "to draw a path, watch it and save it as a film. The letters show how the test images of each "
    "class are spread.",
}

# static/sequence.html, by the names that stand in it
SEQUENCE = {
    "stage": "The text and where one head looked",
    "layer": "Layer",
    "head": "Head",
    "shades": "What the colours show",
    "attention": "Attention",
    "surprise": "Surprise",
    "surprise_title": "How unexpected each character was, in bits",
    "text": "The text. Arrow keys move the place.",
    "writing": "Writing",
    "earlier": "what this step read",
    "later": "what read it later",
    "odd": "surprise, up to 8 bits",
    "pair": "same place in the paired line",
    "rhyme": "where a verse rhymes: its even lines (whether it does is not checked: that takes "
    "tables of Middle Chinese rhymes)",
    "next": "What else it might have written here",
    "maps": "All layers and heads",
    "help": "Point at a character or a map to preview, click to keep; arrow keys move. A map has a "
    "row for each step, from top to bottom, and a column for each character that it read.",
    "honest": "<b>Attention is not an explanation.</b> It shows where a head read from, not what "
    "it took from there, nor whether that mattered for the result.",
}

# The time-lapse tab
BESIDE = "Beside it"
BESIDE_INFO = "A second run on the same clock"
ALONE = "nothing"
THE_FRAME = "The frame"
FILM_FAILS = "fails: {name}"
FILM_MENDS = "remedy: {name}"
FILM_ALONE = "A film: the weights of this run were not kept, and so it is in this tab alone."
FILM_FAILURE = "Made to fail: {claim}."
FILM_REMEDY = "A remedy tried on {name}: {claim}."
# What came of a film, by the names in its `outcome`.
OUTCOMES = {
    "label accuracy": "{value:.0%} of the samples show the class that was asked for (chance: 10%)",
    "classes covered": "{value:.0%} of the classes appear",
    "diversity": "{value:.0%} of the variety of the data",
    "margin": "a real picture {value:.1f} logits ahead of a made one",
    "-ELBO": "{value:.1f} nats a picture",
    "-log p(x|z)": "{value:.1f} to say it given its latent",
    "KL": "{value:.1f} to say the latent",
    "sharpness of reconstructions": "decoded again {value:.0%} as sharp as they are",
    "sharpness of samples": "samples {value:.0%} as sharp",
}
FILM_END = {
    "gan": "What came of it, over the last ten looks: {found}.",
    "vae": "What came of it, on test images: {found}.",
}
LISTED = "; "
FILM_EVENT = "step {step}, {event}"
FILM_NOTICED = "Noticed while it ran: {events}."
FILM_UNNOTICED = "Nothing was noticed while it ran."
FILM_SETTINGS = "When, where, and with which flags"
MAPS_TOO_LARGE = (
    "{name} has {layers} layers of {heads} heads over {places} places, too many maps to show; "
    "choose another checkpoint."
)
NO_SNAPSHOTS = "{name} kept no snapshots of its training; choose another run."
ABOUT_TIMELAPSE = """
## What the film shows
At each stage the model drew from **the same noise and the same classes**, so a change in the
picture is a change in the model. The first stage is before any training, where a run kept it. The
curves are the figures of the run just before each stage, and the slider is the time that training
took on its machine.

Behind the checkpoints stand films of runs that were **made to fail**, and of what was tried to mend
them, one change at a time and then several together: each is one command, of a minute or two. Put a
failure beside a remedy.
"""
# Failures, each with its remedies; {failure}, {claim} and what the links say come from the films.
PAIRS = "\n\n**In Time-lapse, side by side**\n\n"
PAIR = "- {failure} ({claim}), beside what was tried: {remedies}.\n"

# static/timelapse.html, by the names that stand in it
FILM = {
    "pictures": "What the model made at this stage",
    "play": "Play the film",
    "stage": "Stage of the training",
    "hint": "All of it is from the same noise at every stage; of a model that knows classes, each "
    "column is one. "
    "Arrow keys move the slider.",
}

# What Gradio says to screen readers, by its own keys: not all of its languages have these. It fills
# in {position} and {size}.
GRADIO = {
    "common.complete": "Complete",
    "common.progress": "Progress",
    "status.queue_position": "In queue: {position} of {size}",
}

# What static/*.js says; {name} is filled in there.
SCRIPT = {
    "dropNothing": "This file holds no settings of this app.",
    # What Gradio itself says in English, and has no translation of.
    "gradio": {},
    "copied": "Copied",
    "copiedPartly": "Copied, without your large pictures",
    "chosen": {
        "kept": "Kept below.",
        "dropped": "Kept below; the oldest of {most} made room.",
        "refused": "This browser keeps nothing here; copy the link instead.",
        "name": "{checkpoint}, seed {seed}, picture {chosen}",
        "nameText": "{checkpoint}, seed {seed}",
        "open": "Open {name}",
        "remove": "Remove {name}",
    },
    "play": "Play",
    "pause": "Pause",
    "noPicture": NO_PICTURE,
    "largeFile": LARGE_FILE.format(limit=20),
    "map": {"play": "Play the path", "pause": "Pause", "at": "x {x}, y {y}"},
    "film": {
        "play": "Play the film",
        "pause": "Pause",
        "at": "{minutes} minutes",
        "alt": "{name}, step {step}",
        # In place of the first of `steps`, where a run began with the weights of another.
        "began": "The weights are at first those of {begun}, which had learned from {had} examples "
        "before; this is step {step}.",
        # By what the run makes.
        "facts": {
            "image": "step {step}, {images} pictures seen",
            "sound": "step {step}, {images} sounds heard",
            "video": "step {step}, {images} videos seen",
            "text": "step {step}, {images} texts seen",
        },
        "rate": {
            "image": "Pictures/s",
            "sound": "Sounds/s",
            "video": "Videos/s",
            "text": "Texts/s",
        },
        "figures": {
            "D loss": "Discriminator loss",
            "G loss": "Generator loss",
            "penalty": "Gradient penalty",
            "margin": "Margin, real over made",
            "-ELBO": "-ELBO (nats)",
            "nll": "Reconstruction (nats)",
            "KL": "KL (nats)",
            "active units": "Active latents",
            "bits/dim": "Bits/dim",
            "nats": "Nats/character",
            "loss": "Loss",
            "diversity": "Variety (share of the data's)",
            "label accuracy": "Right class (share)",
            "classes covered": "Classes covered (share)",
            "memory MB": "Memory (MB)",
        },
        "steps": {
            "gan": {
                "title": "one step of a GAN",
                "list": [
                    "Both networks start from random weights; this is step {step}.",
                    "The generator turns a batch of noise into pictures: the ones above are from "
                    "the same noise each time.",
                    "The discriminator scores real and made pictures in pairs. A real one is "
                    "{margin} ahead of a made one on average; 0 would mean that it cannot tell.",
                    "Each side steps down its own loss: the discriminator's is {D_loss}, the "
                    "generator's {G_loss}. At 0.693, which is ln 2, neither wins.",
                ],
            },
            "gan_alone": {
                "title": "one step of a GAN",
                "list": [
                    "Both networks start from random weights; this is step {step}.",
                    "The generator turns a batch of noise into pictures: the ones above are from "
                    "the same noise each time.",
                    "The discriminator scores each picture by itself. A real one is {margin} ahead "
                    "of a made one on average; 0 would mean that it cannot tell.",
                    "Each side steps down its own loss: the discriminator's is {D_loss}, the "
                    "generator's {G_loss}. What they are at a draw depends on the loss: for the "
                    "discriminator of the first GANs it is 1.386, which is 2 ln 2.",
                ],
            },
            "vae": {
                "title": "one step of a VAE",
                "list": [
                    "Encoder and decoder start from random weights; this is step {step}.",
                    "The encoder turns each picture into a Gaussian; {active_units} of its "
                    "latents carry something.",
                    "The decoder turns a random point of it back into a picture.",
                    "Both step down a sum: the {nll} nats to say the picture given the latent, and "
                    "λ = {beta} times the {KL} nats to say the latent.",
                    "Over the first {warmup} of the run λ rises to that from 0.",
                    "The bound counts both once, whatever λ is: {_ELBO} nats.",
                ],
            },
            "ladder": {
                "title": "one step of a VAE with levels",
                "list": [
                    "All weights start random; this is step {step}.",
                    "The encoder looks at each picture at every size.",
                    "From the top down, each level of the latent is drawn in the light of those "
                    "above it and of the picture, and what it says is decoded further.",
                    "The whole steps down a sum: the {nll} nats to say the picture given all "
                    "levels, and λ = {beta} times the {KL} nats to say the levels.",
                    "Over the first {warmup} of the run λ rises to that from 0.",
                    "A level that says less than {free} nats pays for {free}, so that none stays "
                    "silent.",
                    "Those fall to nothing over the first {until} of the run.",
                    "The bound counts both once, whatever λ is: {_ELBO} nats.",
                ],
            },
            "attention": {
                "title": "one step of self-attention",
                "list": [
                    "All weights start random; this is step {step}, after {images} images.",
                    "Every place attends to all before it, in all layers at once; the mask hides "
                    "what comes after.",
                    "The model says how likely each value of the next patch is.",
                    "It steps down the surprise at what really comes: {bits_dim} bits for each "
                    "pixel value, where 8 would be guessing.",
                ],
            },
            "language": {
                "title": "one step of self-attention",
                "list": [
                    "All weights start random; this is step {step}, after {images} texts.",
                    "Every place attends to all before it, in all layers at once; the mask hides "
                    "what comes after.",
                    "The model says how likely each next character is.",
                    "It steps down the surprise at what really comes: {nats} nats for each "
                    "character that it learns from.",
                ],
            },
        },
    },
    "sequence": {
        "sign": "Character {place} of {places}, {sign}: <b>{bits} bits</b> of surprise "
        "(probability {share}).",
        "signGiven": "Character {place} of {places}, {sign}, was given: <b>{bits} bits</b> of "
        "surprise (probability {share}).",
        "onSign": "{share} on {sign} (at {place})",
        "read": "{name} read: {share} on the start token{signs}.",
        "laterBy": "Later it was read by: {signs}.",
        "laterNone": "Later no step gave it more than 0.5%.",
        "pair": "In the paired line stands {sign}.",
        "pairRhyme": "In the paired line stands {sign}; verse rhymes here.",
        "whole": "The whole text: {bits} bits a character.",
        "choose": "Put {sign} here, and go on from there",
        "writing": "Writing: {count} characters",
        "rollout": "The rollout over all layers",
        "oneHead": "Layer {layer}, head {head}",
        "mean": "Layer {layer}, mean over heads,",
        "max": "Layer {layer}, max over heads,",
        "layer": "Layer {layer}",
        "tileMean": "mean",
        "tileTitle": "{name}; the bar is the start token",
        "optionMean": "mean",
        "optionMax": "max",
        "optionRollout": "rollout",
        "list": "; ",
    },
    "attention": {
        "surprise": "The model was surprised by <b>{bits} bits</b> here; over the whole picture "
        "it is {all} bits a value.",
        "surpriseReal": " For real pictures that it has not learned it is {real} on average.",
        "expectedValue": "{value}: {share}, {bits} bits",
        "brightestBits": "brightest {bits} bits",
        "where": "row {row}, column {column}",
        "rollout": "The rollout over all layers",
        "oneHead": "Layer {layer}, head {head}",
        "mean": "Layer {layer}, mean over heads",
        "max": "Layer {layer}, max over heads",
        "drawnIn": "<b>The patch at {where}</b> was drawn in step {step}.",
        "lookedAt": "{name}: looked at most by {steps}.",
        "lookedStep": "step {step} ({where}, <b>{share}</b>)",
        "lookedNone": "{name}: no later step gave it more than 0.5%.",
        "lookedSum": "Over all later steps that is the attention of {total} whole steps.",
        "stepDrew": "<b>Step {step}</b> drew the patch at {where}.",
        "stepDraws": "<b>Step {step}</b> draws {where}.",
        "token": "the start token (class {label})",
        "tokenAny": "the start token (any class)",
        "nothingYet": "{name}: nothing was drawn yet, so all of it is on {token}.",
        "onToken": "{name}: <b>{share}</b> on {token}, {places}.",
        "onPlaces": "{name}: {places}.",
        "onPlace": "<b>{share}</b> on {where}",
        "noPlace": "no place above 0.5%",
        "spread": "In the picture: spread like {places} places with equal weight, on average "
        "{far} patches away.",
        "brightest": "brightest {share}",
        "drawing": "Drawing {drawn} / {steps}",
        "layer": "Layer {layer}",
        "tileMean": "mean",
        "tileTitle": "{name}; the bar is the start token",
        "optionMean": "mean",
        "optionMax": "max",
        "optionRollout": "rollout",
        "replay": "Replay the drawing",
        "pause": "Pause",
        "figureMade": "AI-generated",
        "figureClass": "class {label}",
        "figureGiven": "given picture",
        "figureSeed": "seed {seed}",
        "figureStep": "step {step} of {steps}",
        "figureStart": "start {share}",
        "from": "where it looked",
        "later": "who looked here later",
        "list": "; ",
    },
}
