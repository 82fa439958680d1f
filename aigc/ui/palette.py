"""The colours and fonts of the page, for the app (theme.py) and for pages that stand alone
(offline.py).

Plain Python: no Gradio here.
"""

from __future__ import annotations

# Ink and paper with one accent, a deep teal: shade -> colour.
TEAL = {
    50: "#effaf7", 100: "#d6f2ea", 200: "#aee4d6", 300: "#7bcfbd", 400: "#45b29f", 500: "#219684",
    600: "#14786b", 700: "#136057", 800: "#134d47", 900: "#13403b", 950: "#042624",
}  # fmt: skip
INK = {
    50: "#f8f8f6", 100: "#f0f0ed", 200: "#e2e2dd", 300: "#cbcbc4", 400: "#9d9e98", 500: "#6b6d67",
    600: "#585a55", 700: "#42443f", 800: "#2a2c29", 900: "#1a1c1a", 950: "#111312",
}  # fmt: skip
SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Noto Sans", "PingFang SC",
        "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")  # fmt: skip
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")

# What the viewers of static/ use of the theme, in its own names: light, dark. `primary_` is TEAL
# and `neutral_` INK.
USED = {
    "body_background_fill": ("neutral_50", "neutral_950"),
    "body_text_color": ("neutral_900", "neutral_100"),
    "body_text_color_subdued": ("neutral_500", "neutral_400"),
    "border_color_primary": ("neutral_200", "neutral_800"),
    "background_fill_secondary": ("neutral_50", "neutral_900"),
    "button_secondary_background_fill": ("white", "neutral_800"),
    "color_accent": ("primary_500", "primary_500"),
}


def colour(name: str) -> str:
    """`neutral_50` -> what CSS calls it."""
    hue, _, shade = name.partition("_")
    return {"primary": TEAL, "neutral": INK}[hue][int(shade)] if shade else name


def variables() -> str:
    """USED, the fonts and the shade of buttons as CSS variables, as the app has them."""

    def rule(at: int) -> str:
        return "".join(
            f"  --{name.replace('_', '-')}: {colour(pair[at])};\n" for name, pair in USED.items()
        )

    def family(names: tuple[str, ...]) -> str:
        return ", ".join(f'"{name}"' if " " in name else name for name in names)

    return (
        f":root {{ color-scheme: light dark;\n{rule(0)}  --primary-600: {colour('primary_600')};\n"
        f"  --font-sans: {family(SANS)};\n  --font-mono: {family(MONO)}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{\n{rule(1)} }} }}\n"
    )
