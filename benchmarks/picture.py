"""Pictures of measurements as SVG, on a white ground of their own, so that they read on light and on dark pages: bars by group
(draw_bars), lines in panels that share their y axis (draw_panels), and several lines in each of such panels (draw_lines)."""

import math
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

INK, FAINT, GRID = "#24292f", "#57606a", "#d8dee4"
OURS, OTHERS = "#0b62c4", "#9aa7b5"
# Lines that stand beside each other, apart for those who see few colours too.
COLORS = [OURS, "#d1670a", "#1a7f37", "#8250df", "#6e7781"]
# Widest that a letter of the font's size gets, on average over a line of text.
LETTER = 0.6


@dataclass
class Bar:
    name: str
    least: float
    median: float
    note: str  # beside the bar


@dataclass
class Panel:
    name: str  # of the x axis
    sizes: list
    least: list  # y, one a size
    medians: list


@dataclass
class LinePanel:
    name: str
    lines: dict  # by name: [(x, y)]; a name has one colour in all panels
    marked: dict = field(default_factory=dict)  # by a line's name: the (x, y) of it that gets a ring


class Canvas:
    def __init__(self, width):
        self._width, self._elements = width, []

    def _add(self, tag, text=None, **attributes):
        words = "".join(f' {name.replace("_", "-")}="{f"{value:.1f}" if isinstance(value, float) else value}"'
                        for name, value in attributes.items())
        self._elements.append(f"<{tag}{words}/>" if text is None else f"<{tag}{words}>{escape(text)}</{tag}>")

    def text(self, x, y, text, size=13, anchor="start", fill=INK, weight="normal", **more):
        self._add("text", text, x=float(x), y=float(y), font_size=size, text_anchor=anchor, fill=fill, font_weight=weight,
                  **more)

    def line(self, x1, y1, x2, y2, stroke=GRID, **more):
        self._add("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), stroke=stroke, **more)

    def rectangle(self, x, y, width, height, fill):
        self._add("rect", x=float(x), y=float(y), width=float(width), height=float(height), fill=fill)

    def curve(self, points, stroke=OURS):
        self._add("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), fill="none", stroke=stroke,
                  stroke_width=2)

    def dot(self, x, y, radius, fill=OURS, **more):
        self._add("circle", cx=float(x), cy=float(y), r=radius, fill=fill, **more)

    def save(self, path, height, title):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._width} {height:.0f}" '
                       f'width="{self._width}" height="{height:.0f}" role="img" font-family="Helvetica, Arial, sans-serif">\n'
                       f"<title>{escape(title)}</title>\n"
                       '<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(self._elements) + "\n</svg>\n")


def axis_ticks(limit):
    """Round numbers from 0, some five of them, the last at or above `limit`."""
    step = 10 ** math.floor(math.log10(limit / 4))
    step = next(factor * step for factor in (1, 2, 2.5, 5, 10) if factor * step * 5 >= limit)
    return [step * i for i in range(math.ceil(limit / step - 1e-9) + 1)]


def ticks_between(low, high):
    """Round numbers, some five of them, the first at or below `low`, the last at or above `high`."""
    step = axis_ticks(max(high - low, 1e-6))[1]
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * i for i in range(first, last + 1)]


def wrap(text, size, width):
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) * size * LETTER <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def heading(canvas, title, explanation, width, margin):
    """Title and explanation; where they end."""
    y = 28
    canvas.text(margin, y, title, size=16, weight="bold")
    for line in wrap(explanation, 12, width - 2 * margin):
        y += 18
        canvas.text(margin, y, line, size=12, fill=FAINT)
    return y


def draw_bars(path, title, explanation, unit, groups):
    """Horizontal bars: groups are (name, [Bar]), each with an axis of its own from 0. The first bar of a group is ours."""
    width, margin, pitch, thickness = 820, 20, 23, 15
    bars = [bar for _, group in groups for bar in group]
    left = margin + 13 * LETTER * max(len(bar.name) for bar in bars) + 12
    right = width - margin - 12 * LETTER * max(len(bar.note) for bar in bars) - 8
    canvas = Canvas(width)
    y = heading(canvas, title, explanation, width, margin) + 12
    for name, group in groups:
        ticks = axis_ticks(max(bar.median for bar in group))
        scale = (right - left) / ticks[-1]
        y += 26
        canvas.text(margin, y, name, size=14, weight="bold")
        top = y + 8
        bottom = top + pitch * len(group) + 2
        for tick in ticks:
            canvas.line(left + tick * scale, top, left + tick * scale, bottom)
            canvas.text(left + tick * scale, bottom + 14, f"{tick:g}", size=11, anchor="middle", fill=FAINT)
        canvas.text(left + ticks[-1] * scale + 11 * LETTER * len(f"{ticks[-1]:g}") / 2 + 6, bottom + 14, unit, size=11,
                    fill=FAINT)
        for number, bar in enumerate(group):
            y = top + pitch * number + 5
            ours = number == 0
            canvas.text(left - 8, y + 12, bar.name, anchor="end", weight="bold" if ours else "normal")
            canvas.rectangle(left, y, bar.median * scale, thickness, OURS if ours else OTHERS)
            x = left + bar.least * scale
            canvas.line(x, y, x, y + thickness, stroke="#ffffff", stroke_width=3)
            canvas.line(x, y, x, y + thickness, stroke=INK, stroke_width=1.2)
            canvas.text(right + 10, y + 12, bar.note, size=12, weight="bold" if ours else "normal")
        y = bottom + 20
    canvas.save(path, y + 12, title)


def draw_panels(path, title, explanation, unit, panels, bound):
    """Lines over sizes that double, side by side on one y axis from 0, in `unit`. `bound` is (y, name) of a horizontal line."""
    width, margin, gap, height = 820, 20, 28, 230
    canvas = Canvas(width)
    top = heading(canvas, title, explanation, width, margin) + 40
    bottom = top + height
    canvas.text(margin, top - 14, unit, size=12, fill=FAINT)
    ticks = axis_ticks(max(value for panel in panels for value in panel.medians))
    scale = height / ticks[-1]
    left = margin + 12 * LETTER * max(len(f"{tick:g}") for tick in ticks) + 8
    each = (width - margin - left - gap * (len(panels) - 1)) / len(panels)
    for number, panel in enumerate(panels):
        x = left + number * (each + gap)
        for tick in ticks:
            y = bottom - tick * scale
            canvas.line(x, y, x + each, y)
            if number == 0:
                canvas.text(left - 8, y + 4, f"{tick:g}", size=12, anchor="end", fill=FAINT)
        y = bottom - bound[0] * scale
        canvas.line(x, y, x + each, y, stroke=INK, stroke_dasharray="5 4")
        if number == 0:
            canvas.text(x + 6, y + 16, bound[1], size=12)
        inset = 18
        columns = [x + inset + (each - 2 * inset) * i / (len(panel.sizes) - 1) for i in range(len(panel.sizes))]
        canvas.curve([(column, bottom - value * scale) for column, value in zip(columns, panel.medians)])
        for column, size, least, median in zip(columns, panel.sizes, panel.least, panel.medians):
            canvas.line(column, bottom - least * scale, column, bottom - median * scale, stroke=OURS, stroke_width=2)
            canvas.dot(column, bottom - least * scale, 3, fill="#ffffff", stroke=OURS, stroke_width=1.5)
            canvas.dot(column, bottom - median * scale, 4)
            canvas.line(column, bottom, column, bottom + 4, stroke=FAINT)
            canvas.text(column, bottom + 18, f"{size:g}", size=12, anchor="middle", fill=FAINT)
        canvas.text(x + each / 2, bottom + 40, panel.name, anchor="middle", weight="bold")
    canvas.save(path, bottom + 58, title)


def draw_lines(path, title, explanation, unit, axis, panels, columns, low=None):
    """Lines by name in rows of `columns` panels, all on the same axes: y in `unit` from `low` (by default a little below the
    least value), x in whole numbers, of which `axis` is the name."""
    width, margin, gap, height = 820, 20, 24, 200
    canvas = Canvas(width)
    points = [point for panel in panels for line in panel.lines.values() for point in line]
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    ticks = ticks_between(min(y for _, y in points) if low is None else low, max(y for _, y in points))
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    marks = [x for x in range(first, last + 1) if last - first < 6 or x % 5 == 0]
    x = margin
    y = heading(canvas, title, explanation, width, margin) + 28
    for name, color in zip(names, COLORS):
        canvas.line(x, y - 4, x + 18, y - 4, stroke=color, stroke_width=3)
        canvas.text(x + 24, y, name, size=12)
        x += 24 + 12 * LETTER * len(name) + 16
    y += 30
    left = margin + 12 * LETTER * max(len(f"{tick:g}") for tick in ticks) + 8
    each = (width - margin - left - gap * (columns - 1)) / columns
    for start in range(0, len(panels), columns):
        canvas.text(margin, y - 4, unit, size=12, fill=FAINT)
        top, bottom = y + 22, y + 22 + height
        for number, panel in enumerate(panels[start:start + columns]):
            x0 = left + number * (each + gap)
            place = lambda x, y: (x0 + 10 + (each - 20) * (x - first) / max(last - first, 1),
                                  bottom - height * (y - ticks[0]) / (ticks[-1] - ticks[0]))
            canvas.text(x0 + each / 2, top - 8, panel.name, anchor="middle", weight="bold")
            for tick in ticks:
                canvas.line(x0, place(first, tick)[1], x0 + each, place(first, tick)[1])
                if number == 0:
                    canvas.text(left - 8, place(first, tick)[1] + 4, f"{tick:g}", size=12, anchor="end", fill=FAINT)
            for mark in marks:
                canvas.line(place(mark, 0)[0], bottom, place(mark, 0)[0], bottom + 4, stroke=FAINT)
                canvas.text(place(mark, 0)[0], bottom + 17, str(mark), size=11, anchor="middle", fill=FAINT)
            canvas.text(x0 + each / 2, bottom + 34, axis, size=12, anchor="middle", fill=FAINT)
            for name, line in panel.lines.items():
                color = COLORS[names.index(name)]
                canvas.curve([place(*point) for point in line], stroke=color)
                if len(line) < 6:
                    for point in line:
                        canvas.dot(*place(*point), 3.5, fill=color)
                if name in panel.marked:
                    canvas.dot(*place(*panel.marked[name]), 5, fill="#ffffff", stroke=color, stroke_width=2)
        y = bottom + 58
    canvas.save(path, y - 8, title)
