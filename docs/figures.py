"""Write the figures of the shipped checkpoints into the READMEs: `make figures`.

Everything between the two markers comes from checkpoints/*/metrics.json and config.json, so no
figure is typed by hand; tests/test_docs.py fails when the READMEs are behind. What others
published is in PUBLISHED, with its source.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from aigc import checkpoint, hub  # noqa: E402  (started as a script, the path comes first)
from aigc.checkpoint import Checkpoint  # noqa: E402

BEGIN, END = "<!-- figures: begin, written by make figures -->", "<!-- figures: end -->"

# The figures of metrics.json that a reader sees first, for each family; the cards have them all.
HEADLINES = {
    "gan": (
        "label_accuracy",
        "classification_accuracy_score",
        "classes_covered",
        "class_kl",
        "frechet_distance",
        "recall",
        "coverage",
    ),
    "vae": ("negative_elbo", "negative_log_likelihood", "label_accuracy"),
    "ladder": ("negative_elbo", "negative_log_likelihood", "frechet_distance"),
    "attention": ("bits_per_dim", "label_accuracy", "frechet_distance"),
    "language": (
        "nats_per_character",
        "nats_per_character_long",
        "nats_per_letter",
        "nats_per_letter_apart",
        "form_kept",
        "copied_windows",
        "copied_lines",
    ),
    "classifier": ("accuracy",),
}

# Of some data others come first, whatever the family.
HEADLINES_OF = {
    "notes": ("in_tune", "label_accuracy", "precision", "recall", "accuracy"),
    "moving-mnist": ("label_accuracy", "frechet_distance", "recall", "accuracy"),
}

HOTAJ = "[EugenHotaj/pytorch-generative](https://github.com/EugenHotaj/pytorch-generative)"
ADDTT = "[addtt/ladder-vae-pytorch](https://github.com/addtt/ladder-vae-pytorch)"
PYTHAE = "[benchmark_VAE](https://github.com/clementchadebec/benchmark_VAE)"
KATHAROPOULOS = "[Katharopoulos et al. 2020](https://arxiv.org/abs/2006.16236)"

PACGAN = "[PacGAN](https://arxiv.org/abs/1712.04086)"
NANOGPT = "[nanoGPT](https://github.com/karpathy/nanoGPT)"

# Figures that others published for the same quantity on the same data: English, Chinese.
PUBLISHED = {
    ("shakespeare", "language", "nats_per_character"): (
        f"1.4697 nats, random windows, 10.6M weights on a GPU, {NANOGPT}",
        f"1.4697 nats，随机窗口、1060 万权重、在 GPU 上训练，{NANOGPT}",
    ),
    ("stacked-mnist", "gan", "classes_covered"): (
        f"1000 of 1000, PacDCGAN2 in {PACGAN}, where DCGAN has 99",
        f"1000 / 1000，{PACGAN} 的 PacDCGAN2；其中 DCGAN 为 99",
    ),
    ("stacked-mnist", "gan", "class_kl"): (
        f"0.06 nats, PacDCGAN2 in {PACGAN}",
        f"0.06 nats，{PACGAN} 的 PacDCGAN2",
    ),
    ("mnist", "vae", "negative_elbo"): (
        f"≤ 86.77 nats, convolutional VAE of {HOTAJ}",
        f"≤ 86.77 nats，{HOTAJ} 的卷积 VAE",
    ),
    ("mnist", "vae", "negative_log_likelihood"): (
        f"84.58 nats with 5,000 samples, PIWAE in {PYTHAE}, the best there with this binarisation",
        f"84.58 nats（5,000 个样本），{PYTHAE} 的 PIWAE，其中采用这种二值化的最好成绩",
    ),
    ("mnist", "ladder", "negative_elbo"): (
        f"≤ 80.72 nats, a small VD-VAE at 32x32 in {HOTAJ}",
        f"≤ 80.72 nats，{HOTAJ} 的小型 VD-VAE，32x32",
    ),
    ("mnist", "ladder", "negative_log_likelihood"): (
        f"78.30 nats with 1,000 samples, 12 layers on a GPU, static binarisation, {ADDTT}",
        f"78.30 nats（1,000 个样本），12 层、GPU 训练、固定的二值化，{ADDTT}",
    ),
    ("mnist", "attention", "bits_per_dim"): (
        f"0.621 bits/dim, 8 layers of 256, pixel by pixel, 250 epochs on a GPU, {KATHAROPOULOS}",
        f"0.621 bits/dim，8 层、宽 256、逐像素、在 GPU 上训练 250 轮，{KATHAROPOULOS}",
    ),
}

CHINESE = {
    "nats_per_character": "每个字符的奈特数",
    "nats_per_character_long": "每个字符的奈特数（窗口重叠一半）",
    "nats_per_letter": "标题之后每个字的奈特数",
    "nats_per_letter_apart": "同上，与训练部分没有相同诗句的诗",
    "form_kept": "符合所求体式",
    "copied_windows": "照抄的 20 字符片段",
    "copied_lines": "照抄的诗句",
    "5-gram, Kneser-Ney": "五元模型，Kneser-Ney 平滑",
    "100 texts of the test part": "测试部分的 100 篇文字",
    "label_accuracy": "标签准确率",
    "classification_accuracy_score": "分类准确率得分（只用样本训练的分类器）",
    "classes_covered": "覆盖的类别",
    "class_kl": "类别分布的 KL 散度",
    "frechet_distance": "Fréchet 距离",
    "precision": "精确率",
    "recall": "召回率",
    "in_tune": "音准",
    "test sounds from their spectra in the same way": "测试声音，同样由频谱还原",
    "coverage": "覆盖率",
    "negative_elbo": "−ELBO",
    "negative_log_likelihood": "−log p(x)，重要性加权估计",
    "bits_per_dim": "比特/维",
    "accuracy": "准确率",
    "the same classifier on the real test images": "同一分类器在真实测试图像上",
    "expected of as many real pictures": "同样多的真实图像的期望值",
}
REAL = re.compile(r"([\d,]+) real (training|test) images instead of samples")
OF, COUNTED = re.compile(r"(\d+) of (\d+)"), r"\2 类中的 \1 类"
TAUGHT = re.compile(
    r"^(\d+) taught by the ([\d,]+) real training images in the same way"
    r"(?:, standard deviation (\S+))?$"
)
PARTS = {"training": "训练", "test": "测试"}

HEADS = {
    "en": ("checkpoint", "figure", "measured", "yardstick", "published elsewhere"),
    "zh": ("检查点", "指标", "实测", "参照", "他人发表的结果"),
}
ABOUT = {
    "en": "`{name}`: {weights} weights, {size} MB, trained in {time} on {machine}.",
    "zh": "`{name}`：{weights} 个权重，{size} MB，在 {machine} 上训练了 {time}。",
}
# Of one that began with the weights of another, whose machine may have been another, too.
ON = {
    "en": "`{name}`: {weights} weights, {size} MB, trained in {time}, the last {own} on {machine}.",
    "zh": "`{name}`：{weights} 个权重，{size} MB，训练了 {time}，最后的 {own}在 {machine} 上。",
}
NONE = {
    "en": "No checkpoint ships yet; train one and look here again.",
    "zh": "仓库里还没有检查点，训练一个之后再来看。",
}


def yardstick(figure: dict[str, Any], language: str) -> str:
    """What the figure is held against on the same data, in words."""
    if "reference_text" not in figure:
        return ""
    text, name = figure["reference_text"], figure.get("reference_name", "")
    if language == "en":
        return f"{text} ({name})"
    name = REAL.sub(lambda m: f"以 {m[1]} 张真实{PARTS[m[2]]}图像代替样本", name)
    name = CHINESE.get(name, name)
    if found := TAUGHT.match(name):
        name = f"{found[1]} 个分类器，以同样方法由 {found[2]} 张真实训练图像训练"
        name += f"，标准差 {found[3]}" if found[3] else ""
    return f"{OF.sub(COUNTED, text)}（{name}）"


def rows(shown: Checkpoint, language: str) -> list[str]:
    """The rows of one checkpoint."""
    measured = dict(hub.figures(shown))
    wanted = HEADLINES_OF.get(shown.dataset, HEADLINES.get(shown.family, ()))
    chosen = [key for key in wanted if key in measured]
    card = f"[`{shown.name}`](checkpoints/{shown.name}/README.md)"
    lines = []
    for number, key in enumerate(chosen):
        figure = measured[key]
        name = figure["name"] if language == "en" else CHINESE.get(key, figure["name"])
        text = figure["text"] if language == "en" else OF.sub(COUNTED, figure["text"])
        published = PUBLISHED.get((shown.dataset, shown.family, key), ("", ""))[language == "zh"]
        cells = (
            "" if number else card, name, f"**{text}**",
            yardstick(figure, language), published,
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def about(shown: Checkpoint, language: str) -> str:
    """A line on the checkpoint itself."""
    assert shown.path is not None
    size = (shown.path / checkpoint.WEIGHTS).stat().st_size / 1e6
    time, own = (
        hub.duration(shown.in_all("seconds")),
        hub.duration(shown.training.get("seconds", 0)),
    )
    if language == "zh":
        for english, chinese in (("h", "小时"), ("min", "分钟"), ("s", "秒")):
            time, own = (re.sub(rf"\b{english}\b", chinese, said) for said in (time, own))
    return (ON if "started" in shown.training else ABOUT)[language].format(
        name=shown.name,
        weights=f"{sum(p.numel() for p in shown.model.parameters()):,}",
        size=f"{size:.1f}",
        time=time,
        own=own,
        machine=shown.training.get("machine", "?"),
    )


def section(language: str, folder: Path = ROOT / "checkpoints") -> str:
    """What stands between the markers. Raises CheckpointError for a broken checkpoint."""
    loaded, broken = checkpoint.scan(folder)
    for one in broken:
        raise checkpoint.CheckpointError(one.error)
    order = list(HEADLINES)
    loaded.sort(key=lambda c: (order.index(c.family) if c.family in order else 99, c.name))
    if not loaded:
        return NONE[language]
    heads = HEADS[language]
    table = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    table += [line for shown in loaded for line in rows(shown, language)]
    lines = [f"- {about(shown, language)}" for shown in loaded]
    return "\n".join((*table, "", *lines))


def filled(text: str, inside: str) -> str:
    """A README with `inside` between the markers."""
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"the README lacks the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{inside}\n{END}{after}"


READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}


def main() -> None:
    for language, path in READMES.items():
        text = path.read_text(encoding="utf-8")
        checkpoint.write_file(path, filled(text, section(language)).encode())


if __name__ == "__main__":
    main()
