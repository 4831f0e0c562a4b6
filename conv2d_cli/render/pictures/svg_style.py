"""The style sheet of a drawing: the colours of roles on light and on dark pages, and when each frame is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.pictures.look import color

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conv2d_cli.render.drawing.model import Drawing
    from conv2d_cli.render.drawing.palette import Role
    from conv2d_cli.render.pictures.look import Theme


def style(colors: Iterable[tuple[str, Role]], drawing: Drawing, prefix: str, theme: Theme | None) -> str:
    """Return the rules, of this drawing alone: `colors` are the attributes that have a colour, and its role."""
    used = sorted(colors)
    rules = [_colors(used, prefix, theme or "light")]
    if theme is None:
        rules.append(f"@media (prefers-color-scheme:dark){{{_colors(used, prefix, 'dark')}}}")
    if len(drawing.frames) > 1:
        rules.append(_animation(drawing, prefix))
    return "".join(rules)


def frame_class(place: int) -> str:
    """Return the class of a frame."""
    return f"frame-{place}"


def _colors(used: Iterable[tuple[str, Role]], prefix: str, theme: Theme) -> str:
    return "".join(f"#{prefix} .{name}-{role}{{{name}:{color(role, theme)}}}" for name, role in used)


def _animation(drawing: Drawing, prefix: str) -> str:
    """Return the rules that show one frame after the other, unless the reader asked for less motion.

    All frames have the same animation, visible for their share of it, and each begins at a time of its own: the delay
    is negative, so that none waits to be hidden.
    """
    count, seconds = len(drawing.frames), drawing.frame_seconds
    # Rounded up: for a moment that nobody sees two frames are shown, and never none.
    share = f"{-(-100 * 10**6 // count) / 10**6:.6f}".rstrip("0").rstrip(".")
    whole = f"{count * seconds:.3f}".rstrip("0").rstrip(".")
    delays = "".join(
        f"#{prefix} .{frame_class(place)}{{animation-delay:{place * seconds - count * seconds:.3f}s}}"
        for place in range(count)
    )
    return (
        f"@keyframes {prefix}{{0%{{visibility:visible}}{share}%,100%{{visibility:hidden}}}}"
        f"@media (prefers-reduced-motion:no-preference){{"
        f'#{prefix} [class^="frame-"]{{animation:{prefix} {whole}s step-end infinite}}{delays}}}'
    )
