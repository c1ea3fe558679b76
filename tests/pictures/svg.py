"""Screens as SVG: one as a still, several as a moving picture that needs no script, no font and nothing from elsewhere.

What Textual exports is taken apart into rows. Lines, bars and dots become shapes, so that they meet in any font; text
has its width stated. In a moving picture a row is drawn once for all the frames that show it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape
from itertools import accumulate, groupby
from typing import NamedTuple
from unicodedata import name

CELL, LINE = 10, 20
BAR = 30
"""The height of the window's bar, which says what is pressed."""
MARGIN = 10
LIGHT, HEAVY = 1.3, 3.4
OVERLAP = 0.5
"""How far what reaches the bottom of a line goes beyond, so that no gap shows at any scale."""
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"

_EXPORTED_CELL, _EXPORTED_LINE = 12.2, 24.4
_STYLE = re.compile(r"\.[\w-]+-(r\d+) \{ (.*?) \}")
_RECT = re.compile(r'<rect fill="(#\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="[\d.]+" shape')
_TEXT = re.compile(r'<text class="[\w-]+-(r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')
_LOWER, _LEFT = " ▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█"
_BLOCKS = {
    **{sign: (0.0, 1 - part / 8, 1.0, 1.0) for part, sign in enumerate(_LOWER) if part},
    **{sign: (0.0, 0.0, part / 8, 1.0) for part, sign in enumerate(_LEFT) if part},
    "▀": (0.0, 0.0, 1.0, 0.5),
    "▐": (0.5, 0.0, 1.0, 1.0),
    "▔": (0.0, 0.0, 1.0, 0.125),
    "▕": (0.875, 0.0, 1.0, 1.0),
}
"""Left, top, right and bottom of what is filled, in parts of the cell."""
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the dot of each bit of a braille character."""
_DIRECTIONS = {"HORIZONTAL": ("LEFT", "RIGHT"), "VERTICAL": ("UP", "DOWN")}


class Cell(NamedTuple):
    """A character and the declarations of its style."""

    sign: str
    style: str


@dataclass(frozen=True)
class Screen:
    """The lines of a screen: their cells, and what is behind them as colour, first and last column."""

    width: int
    lines: tuple[tuple[Cell, ...], ...]
    backgrounds: tuple[tuple[tuple[str, int, int], ...], ...]


class Frame(NamedTuple):
    """A screen, for how many seconds it is shown, and what the window's bar says: keys, and words."""

    screen: Screen
    seconds: float
    keys: str
    words: str


def screen_of(exported: str, width: int, height: int) -> Screen:
    """Take what ``App.export_screenshot`` returned apart."""
    styles = {match[1]: _compact(match[2]) for match in _STYLE.finditer(exported)}
    lines = [[Cell(" ", "")] * width for _ in range(height)]
    backgrounds: list[list[tuple[str, int, int]]] = [[] for _ in range(height)]
    for match in _RECT.finditer(exported):
        x, y, wide = (float(match[group]) for group in (2, 3, 4))
        first = round(x / _EXPORTED_CELL)
        backgrounds[int(y / _EXPORTED_LINE)].append((match[1], first, first + round(wide / _EXPORTED_CELL)))
    for match in _TEXT.finditer(exported):
        line, first = int(float(match[3]) / _EXPORTED_LINE), round(float(match[2]) / _EXPORTED_CELL)
        for column, sign in enumerate(unescape(match[4]).replace("\xa0", " ").rstrip("\n"), first):
            if column < width:
                lines[line][column] = Cell(sign, styles[match[1]])
    return Screen(width, tuple(map(tuple, lines)), tuple(tuple(_joined(line)) for line in backgrounds))


def _compact(style: str) -> str:
    """Write declarations without blanks; what has the colour of the text is drawn in it, too."""
    compact = re.sub(r"([:;]) +", r"\1", style.rstrip("; "))
    return re.sub(r"fill:(#\w+)", r"fill:\1;stroke:\1", compact)


def _joined(backgrounds: Iterable[tuple[str, int, int]]) -> Iterator[tuple[str, int, int]]:
    for colour, parts in groupby(backgrounds, key=lambda part: part[0]):
        spans = list(parts)
        yield colour, spans[0][1], spans[-1][2]


class _Styles:
    """Short class names of the styles that are in use."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name_of(self, style: str) -> str:
        return self._names.setdefault(style, f"s{len(self._names)}")

    def css(self) -> str:
        return "".join(f".{name}{{{style}}}" for style, name in self._names.items())


def still(screen: Screen, words: str, background: str) -> str:
    """Draw one screen."""
    return moving([Frame(screen, 1, "", words)], background)


def moving(frames: Sequence[Frame], background: str) -> str:
    """Draw several screens, one after the other and again from the beginning.

    Where nothing moves, because it cannot or its reader wants it so, the first one is shown.
    """
    styles = _Styles()
    shown: dict[str, list[int]] = {}
    for number, frame in enumerate(frames):
        rows = [_row(frame.screen, line, styles) for line in range(len(frame.screen.lines))]
        for drawn in (_caption(frame), *rows):
            shown.setdefault(drawn, []).append(number)
    together: dict[tuple[int, ...], list[str]] = {}
    for drawn, numbers in shown.items():
        together.setdefault(tuple(numbers), []).append(drawn)
    width = frames[0].screen.width * CELL + 2 * MARGIN
    height = len(frames[0].screen.lines) * LINE + BAR + MARGIN
    groups, rules = [], []
    for index, (numbers, drawn_rows) in enumerate(together.items()):
        content = "".join(drawn_rows)
        if len(numbers) == len(frames):
            groups.append(content)
            continue
        groups.append(f'<g class="f{index}">{content}</g>')
        rules.append(_rule(index, frames, numbers))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f"<style>text{{font:16.5px {FONT};stroke-width:0;white-space:pre}}path{{stroke-width:0}}"
        f".o{{fill:none!important;stroke-width:{LIGHT}}}.w{{font:14px system-ui,sans-serif;fill:#9aa3af}}"
        f".k{{font:bold 15px {FONT};fill:#f0f2f5}}{styles.css()}{''.join(rules)}"
        "@media (prefers-reduced-motion:reduce){g{animation:none!important}}</style>\n"
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="9" fill="{background}" stroke="#7f8794"'
        f' stroke-opacity=".55"/>\n{_lights()}\n<g transform="translate({MARGIN},{BAR})">\n'
        + "\n".join(groups)
        + "\n</g>\n</svg>\n"
    )


def _rule(index: int, frames: Sequence[Frame], numbers: Sequence[int]) -> str:
    """Show a group during its frames, and at first if the first one is among them."""
    whole = sum(frame.seconds for frame in frames)
    begins = [0.0, *accumulate(frame.seconds for frame in frames)]
    states = [number in numbers for number in range(len(frames))]
    steps = [
        f"{_short(100 * begin / whole)}%{{visibility:{'visible' if state else 'hidden'}}}"
        for begin, state, before in zip(begins, states, [None, *states], strict=False)
        if state is not before
    ]
    at_first = "" if states[0] else "visibility:hidden;"
    return (
        f".f{index}{{{at_first}animation:f{index} {_short(whole)}s step-end infinite}}"
        f"@keyframes f{index}{{{''.join(steps)}}}"
    )


def _lights() -> str:
    return "".join(f'<circle cx="{18 + 18 * at}" cy="16" r="5" fill="#6b7280" opacity=".7"/>' for at in range(3))


def _caption(frame: Frame) -> str:
    middle = frame.screen.width * CELL // 2
    keys = f'<tspan class="k">{escape(frame.keys)}</tspan>   ' if frame.keys else ""
    return f'<text class="w" text-anchor="middle" x="{middle}" y="-9">{keys}{escape(frame.words)}</text>'


# A line


def _row(screen: Screen, line: int, styles: _Styles) -> str:
    top = line * LINE
    parts = [
        f'<path fill="{colour}" d="{_rectangle(first * CELL, top, (last - first) * CELL, LINE + OVERLAP)}"/>'
        for colour, first, last in screen.backgrounds[line]
        if first < screen.width
    ]
    shapes: dict[str, list[str]] = {}
    arcs: dict[str, list[str]] = {}
    at = 0
    for cell, group in groupby(screen.lines[line]):
        count = len(list(group))
        if (arc := _arc(cell.sign, at * CELL, top)) is not None:
            arcs.setdefault(cell.style, []).append(arc)
        elif cell.sign != " ":
            shapes.setdefault(cell.style, []).extend(_shape(cell.sign, at * CELL, top, count))
        at += count
    for style, drawn in shapes.items():
        if drawn:
            parts.append(f'<path class="{styles.name_of(style)}" d="{"".join(drawn)}"/>')
    for style, drawn in arcs.items():
        parts.append(f'<path class="{styles.name_of(style)} o" d="{"".join(drawn)}"/>')
    parts += _texts(screen.lines[line], top, styles)
    return "".join(parts)


def _texts(cells: Sequence[Cell], top: int, styles: _Styles) -> Iterator[str]:
    """Draw what is no shape, in runs of one style without gaps."""
    at = 0
    for style, group in groupby(cells, key=lambda cell: cell.style):
        run = "".join(" " if _is_shape(cell.sign) else cell.sign for cell in group)
        for match in re.finditer(r"\S+(?: \S+)*", run):
            words = match[0]
            yield (
                f'<text class="{styles.name_of(style)}" x="{(at + match.start()) * CELL}" y="{top + 15}"'
                f' textLength="{len(words) * CELL}">{escape(words, quote=False)}</text>'
            )
        at += len(run)


def _is_shape(sign: str) -> bool:
    return sign in _BLOCKS or "⠀" <= sign <= "⣿" or bool(_arms(sign))


def _shape(sign: str, x: float, y: float, count: int) -> list[str]:
    """Draw ``count`` times the same character from ``x`` on; nothing if it is no shape."""
    if sign in _BLOCKS:
        left, top, right, bottom = _BLOCKS[sign]
        tall = (bottom - top) * LINE + (OVERLAP if bottom == 1 else 0)
        if left == 0 and right == 1:
            return [_rectangle(x, y + top * LINE, count * CELL, tall)]
        wide = (right - left) * CELL
        return [_rectangle(x + (at + left) * CELL, y + top * LINE, wide, tall) for at in range(count)]
    if "⠀" <= sign <= "⣿":
        bits = ord(sign) - 0x2800
        dots = [dot for bit, dot in enumerate(_DOTS) if bits >> bit & 1]
        return [
            _rectangle(x + (at + column / 2) * CELL + 1, y + row * LINE / 4 + 1, 3, 3)
            for at in range(count)
            for column, row in dots
        ]
    return _lines(_arms(sign), x, y, count)


def _lines(arms: dict[str, float], x: float, y: float, count: int) -> list[str]:
    found = []
    left, right, up, down = (arms.get(arm, 0.0) for arm in ("LEFT", "RIGHT", "UP", "DOWN"))
    middle_x, middle_y = CELL / 2, y + LINE / 2
    if left and left == right:
        found.append(_rectangle(x, middle_y - left / 2, count * CELL, left))
    for at in range(count):
        cell = x + at * CELL
        if left != right:
            half = max(up, down) / 2
            found += [_rectangle(cell, middle_y - left / 2, middle_x + half, left)] if left else []
            found += [_rectangle(cell + middle_x - half, middle_y - right / 2, middle_x + half, right)] if right else []
        if up or down:
            wide = max(up, down)
            top, bottom = (y if up else middle_y), (y + LINE + OVERLAP if down else middle_y)
            found.append(_rectangle(cell + middle_x - wide / 2, top, wide, bottom - top))
    return found


def _arc(sign: str, x: float, y: float) -> str | None:
    """Draw a rounded corner; None if it is no such."""
    arms = _arms(sign)
    if " ARC " not in name(sign, ""):
        return None
    middle_x, middle_y, radius = x + CELL / 2, y + LINE / 2, CELL / 2
    across, along = (1 if "RIGHT" in arms else -1), (1 if "DOWN" in arms else -1)
    edge = y + LINE if along > 0 else y
    return (
        f"M{_short(middle_x)} {_short(edge)}V{_short(middle_y + along * radius)}"
        f"Q{_short(middle_x)} {_short(middle_y)} {_short(middle_x + across * radius)} {_short(middle_y)}"
    )


def _arms(sign: str) -> dict[str, float]:
    """The widths of a box-drawing character's arms, as its Unicode name says: LIGHT UP AND RIGHT, LEFT HEAVY AND …"""
    kind, _, words = name(sign, "").partition("BOX DRAWINGS ")
    if kind or not words or "DASH" in words or "DOUBLE" in words or "DIAGONAL" in words:
        return {}
    found: dict[str, float] = {}
    weights = {"LIGHT": LIGHT, "HEAVY": HEAVY}
    named = [word for word in words.split() if word not in ("AND", "ARC")]
    weight_comes_first = named[0] in weights
    weight = 0.0
    for word in named if weight_comes_first else reversed(named):
        if word in weights:
            weight = weights[word]
        else:
            found |= dict.fromkeys(
                {"HORIZONTAL": ("LEFT", "RIGHT"), "VERTICAL": ("UP", "DOWN")}.get(word, (word,)), weight
            )
    return found


def _rectangle(x: float, y: float, wide: float, tall: float) -> str:
    return f"M{_short(x)} {_short(y)}h{_short(wide)}v{_short(tall)}h{_short(-wide)}z"


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".") or "0"
