"""The look: a theme of its own on the system's fonts, light and dark."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils.colors import Color

from aigc.ui import palette


def shades(name: str, of: dict[int, str]) -> Color:
    return Color(name=name, **{f"c{shade}": value for shade, value in of.items()})


def used() -> dict[str, str]:
    """What the viewers use, as the theme takes it."""
    return {
        f"{name}{end}": value if value == "white" else f"*{value}"
        for name, pair in palette.USED.items() if not name.startswith("color_")
        for end, value in zip(("", "_dark"), pair)
    }  # fmt: skip


# Gradio's own sizes in rem, which grow with the size of letters that the browser is set to.
TEXT = gr.themes.Size(
    xxs=".5625rem", xs=".625rem", sm=".75rem", md=".875rem", lg="1rem", xl="1.375rem",
    xxl="1.625rem", name="text_rem",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """The theme of the app; it loads no font from anywhere."""
    return gr.themes.Base(
        primary_hue=shades("teal", palette.TEAL),
        secondary_hue=shades("teal", palette.TEAL),
        neutral_hue=shades("ink", palette.INK),
        font=palette.SANS,
        font_mono=palette.MONO,
        radius_size=gr.themes.sizes.radius_lg,
        spacing_size=gr.themes.sizes.spacing_md,
        text_size=TEXT,
    ).set(
        **used(),
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_shadow="none",
        block_label_text_size="*text_sm",
        block_title_text_weight="550",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_200",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
        input_background_fill="*neutral_50",
        input_background_fill_dark="*neutral_800",
        input_border_color="*neutral_200",
        input_border_color_dark="*neutral_700",
        input_border_color_focus="*primary_500",
        input_border_color_focus_dark="*primary_500",
        input_shadow_focus="0 0 0 3px rgba(33, 150, 132, 0.25)",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        button_border_width="1px",
        button_large_text_weight="600",
        slider_color="*primary_500",
        slider_color_dark="*primary_500",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_500",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
    )
