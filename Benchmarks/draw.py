#!/usr/bin/env python3
"""Draws results as SVG: draw.py RESULTS/scan.json ..."""

import json
import math
import sys
from pathlib import Path
from xml.sax.saxutils import escape

sys.dont_write_bytecode = True
FONT = "system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
INK, FAINT, LINE, PAGE = "#24292e", "#6a7076", "#e3e5e8", "#ffffff"
OURS, THEIRS, WRONG = "#3274d9", "#9aa3ad", "#e0a000"


class Picture:
    def __init__(self, width, height):
        self.width, self.height, self.parts = width, height, []

    def box(self, x, y, width, height, fill):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" fill="{fill}"/>'
        )

    def line(self, x1, y1, x2, y2, color=LINE):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"/>')

    def curve(self, points, color, dashes=""):
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        more = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(f'<polyline points="{text}" fill="none" stroke="{color}" stroke-width="2"{more}/>')
        self.parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in points]

    def text(self, x, y, text, size=12, fill=INK, anchor="start", weight=400):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(str(text))}</text>'
        )

    def svg(self):
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" font-family="{FONT}"><rect width="100%" height="100%" fill="{PAGE}"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )


def seconds(value):
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def ratio(value):
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def scan(document):
    """A panel a log: bars of the wall times, on a logarithmic axis."""
    import scanning

    panels = [(result["title"], scanning.summary(result["rows"])) for result in document["results"]]
    everything = [row["wall"] for _, rows in panels for row in rows]
    low = 10 ** math.floor(math.log10(min(everything)))
    high = 10 ** math.ceil(math.log10(max(everything)))
    row_height, columns, left, bar, gap = 19, 2, 105, 250, 150
    panel_width = left + bar + gap
    pairs = [panels[index : index + columns] for index in range(0, len(panels), columns)]
    heights = [58 + row_height * max(len(rows) for _, rows in pair) for pair in pairs]
    picture = Picture(columns * panel_width + 20, 84 + sum(heights))
    where = document["machine"]
    picture.text(14, 26, "Wall time to search a log, and ratio to scan", 17, weight=600)
    picture.text(
        14,
        45,
        f"{document['size'] / 1e6:.0f} MB each, medians of {document['rounds']} rounds, page cache warm, logarithmic; "
        f"{where['cpu']}, {where['cores']} cores, {where['date'][:10]}",
        11.5,
        FAINT,
    )
    picture.box(14, 55, 9, 9, OURS)
    picture.text(28, 63, "scan", 11.5)
    picture.box(70, 55, 9, 9, THEIRS)
    picture.text(84, 63, "others", 11.5)
    picture.box(136, 55, 9, 9, WRONG)
    picture.text(150, 63, "count differs from the true one", 11.5)
    y = 76
    for pair, height in zip(pairs, heights):
        for column, (title, rows) in enumerate(pair):
            x = 10 + column * panel_width
            picture.text(x + 4, y + 22, title, 13, weight=600)
            bottom = y + 32 + row_height * len(rows)
            for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
                at = x + left + bar * (power - math.log10(low)) / math.log10(high / low)
                picture.line(at, y + 30, at, bottom)
                picture.text(at, bottom + 12, f"{10.0**power:g} s", 9.5, FAINT, "middle")
            for index, row in enumerate(sorted(rows, key=lambda row: row["wall"])):
                top = y + 32 + index * row_height
                length = bar * math.log10(row["wall"] / low) / math.log10(high / low)
                color = OURS if row["tool"] == "scan" else WRONG if row["difference"] else THEIRS
                picture.text(
                    x + left - 7,
                    top + 12,
                    row["tool"],
                    11.5,
                    anchor="end",
                    weight=600 if row["tool"] == "scan" else 400,
                )
                picture.box(x + left, top + 3, max(1.0, length), 12, color)
                note = seconds(row["wall"]) + ("" if row["tool"] == "scan" else f"  × {ratio(row['wall_ratio'])}")
                picture.text(x + left + length + 6, top + 13, note, 11)
        y += height
    return picture.svg()


def powers(values):
    """The powers of ten around values."""
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def panel(picture, left, top, title, unit, sources, curves):
    """Curves by the number of sources, on logarithmic axes. A curve is (name, color, dashes, values)."""
    width, height, smallest = 250, 300, 0.01
    values = [max(value, smallest) for *_, values in curves for value in values]
    low, high = powers(values)
    first, last = math.log10(min(sources)), math.log10(max(sources))

    def place(number, value):
        across = (math.log10(number) - first) / (last - first) if last > first else 0.5
        return (
            left + width * across,
            top + height * (1 - (math.log10(max(value, smallest)) - low) / max(1, high - low)),
        )

    picture.text(left, top - 14, title, 13, weight=600)
    for power in range(low, high + 1):
        y = place(sources[0], 10.0**power)[1]
        picture.line(left, y, left + width, y)
        picture.text(left - 8, y + 4, f"{10.0**power:g} {unit}", 10.5, FAINT, "end")
    for number in sources:
        x = place(number, 10.0**low)[0]
        picture.line(x, top, x, top + height)
        picture.text(x, top + height + 17, f"{number / 1000:g}k" if number >= 1000 else number, 10.5, FAINT, "middle")
    picture.text(left + width / 2, top + height + 36, "sources", 11.5, FAINT, "middle")
    # The lowest of the labels at the right end comes first; each takes a line of its own.
    labels = sorted(((place(sources[-1], values[-1])[1], name, color) for name, color, _, values in curves), reverse=True)
    bottom = top + height + 20
    for y, name, color in labels:
        bottom = min(y + 4, bottom - 15)
        picture.text(left + width + 8, bottom, name, 11, color)
    for _, color, dashes, values in curves:
        picture.curve([place(*point) for point in zip(sources, values)], color, dashes)


def scrape(document):
    """CPU of a scrape, and resident memory, by the number of sources: a curve for each program and kind of scrape."""
    import scraping

    results = document["results"]
    sources = [result["sources"] for result in results]
    kinds = [("first", "first", ""), ("unchanged", "unchanged", "2 4"), ("changed", "one changed", "8 4")]
    cpu, memory = [], []
    for program, color in (("exporter", OURS), ("client_golang", WRONG)):
        for kind, words, dashes in kinds:
            values = [scraping.median(result[program], kind, "cpu") * 1000 for result in results]
            cpu.append((f"{program}, {words}", color, dashes, values))
        values = [result[program]["resident"] / (1 << 20) for result in results]
        memory.append((program, color, "", values))
    picture, where = Picture(880, 430), document["machine"]
    picture.text(14, 26, "A scrape by the number of sources", 17, weight=600)
    picture.text(
        14,
        45,
        f"gzip, same series, logarithmic; {where['cpu']}, {where['cores']} cores, {where['date'][:10]}",
        11.5,
        FAINT,
    )
    panel(picture, 70, 86, "CPU time", "ms", sources, cpu)
    panel(picture, 530, 86, "Resident memory", "MiB", sources, memory)
    return picture.svg()


PICTURES = {"scan": scan, "scrape": scrape}


def draw(directory, name, document):
    if name in PICTURES:
        (directory / f"{name}.svg").write_text(PICTURES[name](document))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        path = Path(argument)
        draw(path.parent, path.stem, json.loads(path.read_text()))
