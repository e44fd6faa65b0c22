#!/usr/bin/env python3
"""Draws each dashboard as an SVG in Grafana's layout, with data from a real Prometheus.

    make pictures                       (starts the demo and waits until its log is written)
    draw.py --prometheus URL SECONDS    (uses a running Prometheus; SECONDS is the time range)

The pictures use the queries, titles, units, thresholds and mappings of the panels. They show the data, not Grafana.
"""
import datetime
import json
import math
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from xml.sax.saxutils import escape

sys.dont_write_bytecode = True
from world import PLACES, WORLD  # in this directory

HERE = pathlib.Path(__file__).resolve().parent
COLUMN, ROW, GAP = 50, 25, 8
FONT = "system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
INK, FAINT, LINE, PAGE = "#24292e", "#6a7076", "#e3e5e8", "#f4f5f5"
COLORS = {"green": "#56a64b", "red": "#e02f44", "orange": "#f58220", "blue": "#3274d9", "text": INK}
PALETTE = ["#56a64b", "#e0a000", "#3274d9", "#f58220", "#e02f44", "#8f3bb8"]
STEP = 5  # seconds between two points


def ask(prometheus, path, **arguments):
    with urllib.request.urlopen(f"{prometheus}/api/v1/{path}?{urllib.parse.urlencode(arguments)}") as answer:
        return json.load(answer)["data"]["result"]


class Data:
    """Results of a panel's queries from Prometheus, with Grafana's variables replaced."""

    def __init__(self, prometheus, start, end):
        self.prometheus, self.start, self.end = prometheus, start, end
        seconds = int(end - start)
        self.values = {
            "cluster": ".*", "job": ".+", "instance": ".+", "__interval": f"{STEP}s", "__interval_ms": str(STEP * 1000),
            "__rate_interval": f"{STEP * 2}s", "__range": f"{seconds}s", "__range_s": str(seconds)}

    def of(self, panel):
        """The series of each target: [(target, [(labels, value or points)])]."""
        found = []
        for target in panel["targets"]:
            query = re.sub(r"\$\{?(\w+)\}?", lambda match: self.values.get(match[1], match[0]), target["expr"])
            if target["instant"]:
                result = ask(self.prometheus, "query", query=query, time=self.end)
                series = [(each["metric"], float(each["value"][1])) for each in result]
            else:
                result = ask(self.prometheus, "query_range", query=query, start=self.start, end=self.end, step=STEP)
                series = [(each["metric"], [(at, float(value)) for at, value in each["values"]]) for each in result]
            found.append((target, series))
        return found


def name_of(target, labels):
    legend = target.get("legendFormat") or ""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), legend).strip() or "Value"


def with_unit(value, unit):
    def short(number, suffix=""):
        text = f"{number:.2f}" if abs(number) < 10 else f"{number:.1f}" if abs(number) < 100 else f"{number:.0f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text) + suffix
    if unit == "percentunit":
        return short(value * 100, " %")
    if unit in ("bytes", "Bps"):
        power = min(4, int(math.log(value, 1024))) if value >= 1 else 0
        return short(value / 1024 ** power, " " + ["B", "KiB", "MiB", "GiB", "TiB"][power] + ("/s" if unit == "Bps" else ""))
    if unit == "s":
        for size, word in ((86400, "days"), (3600, "hours"), (60, "mins")):
            if value >= size:
                return short(value / size, f" {word}")
        return short(value, " s")
    if unit == "dateTimeAsIso":
        return datetime.datetime.fromtimestamp(value / 1000, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    if unit == "dateTimeFromNow":
        minutes = (time.time() - value / 1000) / 60
        return "a few seconds ago" if minutes < 0.75 else "a minute ago" if minutes < 1.5 else f"{minutes:.0f} minutes ago"
    return short(value, {"cps": " c/s", "reqps": " req/s"}.get(unit, ""))


def mapped(value, mappings):
    """Text and color of a value mapping."""
    for mapping in mappings or []:
        key = str(int(value)) if isinstance(value, float) and value == int(value) else str(value)
        if key in mapping["options"]:
            option = mapping["options"][key]
            return option.get("text", key), COLORS.get(option.get("color"))
    return None, None


def threshold_color(value, steps):
    color = steps[0]["color"]
    for step in steps:
        if step["value"] is not None and value >= step["value"]:
            color = step["color"]
    return COLORS[color]


def override(panel, name, key):
    for each in panel["fieldConfig"]["overrides"]:
        options = each["matcher"]["options"]
        hit = re.search(options.strip("/"), name) if each["matcher"]["id"] == "byRegexp" else options == name
        for field in each["properties"] if hit else []:
            if field["id"] == key:
                return field["value"]
    return None


class Picture:
    def __init__(self, dashboard, data):
        self.data, self.parts = data, []
        last = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
        self.width, self.height = 24 * COLUMN + GAP, last * ROW + 40
        self.text(GAP + 2, 24, dashboard["title"], 17, weight=600)
        self.text(self.width - GAP - 2, 24, "drawn from Prometheus' answers, during make demo", 12, FAINT, "end")
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            x, y = place["x"] * COLUMN + GAP, place["y"] * ROW + 36
            w, h = place["w"] * COLUMN - GAP, place["h"] * ROW - GAP
            if panel["type"] == "row":
                self.text(x + 2, y + 15, panel["title"], 14, weight=600)
                continue
            self.box(x, y, w, h, "#fff", LINE, 3)
            self.text(x + 8, y + 17, panel["title"], 12.5, weight=500)
            getattr(self, panel["type"].replace("-", "_"))(panel, data.of(panel), x + 8, y + 24, w - 16, h - 30)

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
                f'width="{self.width}" height="{self.height}" font-family="{FONT}">'
                f'<rect width="100%" height="100%" fill="{PAGE}"/>\n' + "\n".join(self.parts) + "\n</svg>\n")

    # Drawing primitives.

    def box(self, x, y, w, h, fill, stroke="none", radius=0, opacity=1):
        more = (f' stroke="{stroke}"' if stroke != "none" else "") + (f' rx="{radius}"' if radius else "")
        more += f' opacity="{opacity}"' if opacity != 1 else ""
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="{fill}"{more}/>')

    def text(self, x, y, text, size, fill=INK, anchor="start", weight=400):
        more = (f' text-anchor="{anchor}"' if anchor != "start" else "") + (f' font-weight="{weight}"' if weight != 400 else "")
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}"{more}>{escape(str(text))}</text>')

    def path(self, points, stroke, width=1.5, fill="none", close=False, opacity=1):
        way = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("Z" if close else "")
        more = f' fill-opacity="{opacity}"' if opacity != 1 else ""
        self.parts.append(f'<path d="{way}" stroke="{stroke}" stroke-width="{width}" fill="{fill}"{more}/>')

    def clock(self, at_x, y):
        """Minute labels of the time axis, without those too close to its end to fit."""
        for at in range(math.ceil(self.data.start / 60) * 60, int(self.data.end) + 1, 60):
            if at_x(self.data.end) - at_x(at) > 12:
                clock = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%H:%M")
                self.text(at_x(at), y, clock, 10.5, FAINT, "middle")

    def nothing(self, panel, x, y, w, h):
        self.text(x + w / 2, y + h / 2 + 4, panel["fieldConfig"]["defaults"].get("noValue", "No data"), 15, FAINT, "middle")

    # Panels by type.

    def stat(self, panel, found, x, y, w, h):
        series = [(name_of(target, labels), value) for target, each in found for labels, value in each]
        if not series:
            return self.nothing(panel, x, y, w, h)
        defaults = panel["fieldConfig"]["defaults"]
        name, value = series[0]
        text, color = mapped(value, defaults["mappings"])
        color = color or threshold_color(value, defaults["thresholds"]["steps"])
        ink = color
        if panel["options"]["colorMode"] == "background":
            self.box(x - 4, y, w + 8, h + 2, color, radius=3)
            ink = "#fff"
        text = text or with_unit(value, defaults["unit"])
        named = panel["options"]["textMode"] == "value_and_name"
        if named:
            self.text(x + w / 2, y + h * 0.36, name, 12, ink, "middle")
        size = min(28, w / len(text) / 0.62)
        self.text(x + w / 2, y + h * (0.84 if named else 0.72), text, f"{size:.0f}", ink, "middle", 500)

    def timeseries(self, panel, found, x, y, w, h):
        defaults = panel["fieldConfig"]["defaults"]
        unit, custom = defaults["unit"], defaults["custom"]
        series = [(name_of(target, labels), points) for target, each in found for labels, points in each]
        if not series:
            return self.nothing(panel, x, y, w, h)
        start, end = self.data.start, self.data.end
        stacked = custom["stacking"]["mode"] == "normal"
        totals = {}
        for _, points in series:
            for at, value in points:
                totals[at] = totals.get(at, 0) + value if stacked else max(totals.get(at, 0), value)
        top = max(totals.values()) or 1
        power = 10 ** math.floor(math.log10(top))
        step = next(power * part for part in (0.2, 0.5, 1, 2, 5) if top / (power * part) <= 4.2)
        if "decimals" in defaults:
            step = max(1, step)
        if unit in ("bytes", "Bps") and top > 2048:
            scale = 1024 ** int(math.log(top, 1024))
            part = top / scale
            step = scale * next(size for size in (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 250) if part / size <= 4.2)
        if unit == "s" and top > 60:
            step = next(size for size in (30, 60, 120, 300, 900, 3600, 4 * 3600, 86400, 10 * 86400) if top / size <= 4.2)
        top = math.ceil(top / step - 1e-9) * step
        left, bottom = x + 52, y + h - 36
        right, upper = x + w - 6, y + 6
        at_x = lambda at: left + (at - start) / (end - start) * (right - left)
        at_y = lambda value: bottom - value / top * (bottom - upper)
        for index in range(round(top / step) + 1):
            self.path([(left, at_y(index * step)), (right, at_y(index * step))], LINE, 1)
            self.text(left - 6, at_y(index * step) + 4, with_unit(index * step, unit), 10.5, FAINT, "end")
        self.clock(at_x, bottom + 14)
        base = {}
        legend = left
        for index, (name, points) in enumerate(series):
            color = override(panel, name, "color")
            color = COLORS[color["fixedColor"]] if color else PALETTE[index % len(PALETTE)]
            if custom["drawStyle"] == "bars":
                wide = max(1, (right - left) / ((end - start) / STEP) - 1.5)
                for at, value in points:
                    if value > 0:
                        low = base.get(at, 0) if stacked else 0
                        self.box(at_x(at) - wide, at_y(low + value), wide, at_y(low) - at_y(low + value), color)
                        base[at] = low + value
            else:
                way = [(at_x(at), at_y(value)) for at, value in points]
                self.path(way + [(way[-1][0], bottom), (way[0][0], bottom)], "none", 0, color, True, 0.1)
                self.path(way, color)
            room = int((right - legend - 17) / 6.1)
            name = name if len(name) <= room else name[:room - 1] + "…"
            if room > 4:
                self.box(legend, bottom + 24, 12, 4, color)
                self.text(legend + 17, bottom + 30, name, 11)
            legend += 34 + len(name) * 6.1
        if custom["thresholdsStyle"]["mode"] == "line":
            for each in defaults["thresholds"]["steps"]:
                if each["value"] is not None and each["value"] <= top:
                    self.path([(left, at_y(each["value"])), (right, at_y(each["value"]))], COLORS[each["color"]], 1)

    def table(self, panel, found, x, y, w, h):
        organize = panel["transformations"][-1]["options"]
        rows = {}
        for target, series in found:
            value_name = "Value" if len(found) == 1 else f"Value #{target['refId']}"
            for labels, value in series:
                key = tuple(sorted((k, v) for k, v in labels.items() if k not in ("__name__", "version", "external_url")))
                rows.setdefault(key, {}).update(labels | {value_name: value})
        if not rows:
            return self.nothing(panel, x, y, w, h)
        order = sorted(organize["indexByName"], key=organize["indexByName"].get)
        columns = [(each, organize["renameByName"][each]) for each in order if any(each in row for row in rows.values())]
        lines = list(rows.values())
        for by in reversed(panel["options"]["sortBy"]):
            source = next(each for each, name in columns if name == by["displayName"])
            lines.sort(key=lambda row: row.get(source, 0), reverse=by["desc"])
        room = int((h - 22) // 20)
        shown = lines if len(lines) <= room else lines[:room - 1]
        cells = []
        for row in shown:
            cells.append([])
            for each, name in columns:
                value = row.get(each, "")
                text, color = mapped(value, override(panel, name, "mappings"))
                unit = override(panel, name, "unit") or "short"
                cells[-1].append((text or (with_unit(value, unit) if isinstance(value, float) else value), color or INK, value))
        is_gauge = lambda name: (override(panel, name, "custom.cellOptions") or {}).get("type") == "gauge"
        sizes = [max([len(name)] + [len(line[index][0]) for line in cells]) + 3 + 14 * is_gauge(name)
                 for index, (_, name) in enumerate(columns)]
        scale = w / sum(sizes)
        size = 11.5 if scale > 6.2 else 10.5
        left = x
        for index, (_, name) in enumerate(columns):
            wide = sizes[index] * scale
            self.text(left + 2, y + 14, name, 11, COLORS["blue"], weight=500)
            peak = max([line[index][2] for line in cells if isinstance(line[index][2], float)], default=1)
            for number, line in enumerate(cells):
                text, color, value = line[index]
                base = y + 34 + number * 20
                if is_gauge(name):
                    self.text(left + 2, base, text, size)
                    self.box(left + 30, base - 9, (wide - 42) * value / peak, 11, COLORS["orange"])
                else:
                    self.text(left + 2, base, text, size, color)
            left += wide
        for number in range(len(cells) + 1):
            self.path([(x, y + 20 + number * 20), (x + w, y + 20 + number * 20)], LINE, 1)
        if len(shown) < len(lines):
            self.text(x + 2, y + 34 + len(shown) * 20, f"and {len(lines) - len(shown)} more", 11, FAINT)

    def bargauge(self, panel, found, x, y, w, h):
        series = [(name_of(target, labels), value) for target, each in found for labels, value in each]
        if not series:
            return self.nothing(panel, x, y, w, h)
        peak = max(value for _, value in series)
        tall = min(30, h / len(series))
        for index, (name, value) in enumerate(series):
            base = y + 6 + index * tall
            color = override(panel, name, "color") or panel["fieldConfig"]["defaults"]["color"]
            self.text(x + 168, base + tall / 2 + 2, name, 11.5, anchor="end")
            self.box(x + 176, base, w - 226, tall - 8, PAGE)
            self.box(x + 176, base, (w - 226) * value / peak, tall - 8, COLORS[color["fixedColor"]])
            self.text(x + w - 42, base + tall / 2 + 2, with_unit(value, "short"), 12.5, COLORS[color["fixedColor"]], weight=500)

    def state_timeline(self, panel, found, x, y, w, h):
        series = [(name_of(target, labels), points) for target, each in found for labels, points in each]
        if not series:
            return self.nothing(panel, x, y, w, h)
        start, end = self.data.start, self.data.end
        left = x + 20 + 6.2 * max(len(name) for name, _ in series)
        right, bottom = x + w - 6, y + h - 34
        tall = min(26, (bottom - y) / len(series))
        at_x = lambda at: left + (at - start) / (end - start) * (right - left)
        seen = {}
        for index, (name, points) in enumerate(series):
            base = y + index * tall
            self.text(left - 8, base + tall / 2 + 3, name, 11, anchor="end")
            at = None
            for number, (moment, value) in enumerate(points):
                at = moment if at is None else at
                if number + 1 == len(points) or points[number + 1][0] > moment + STEP or points[number + 1][1] != value:
                    text, color = mapped(value, panel["fieldConfig"]["defaults"]["mappings"])
                    seen[text] = color
                    self.box(at_x(at), base + 2, max(2, at_x(min(end, moment + STEP)) - at_x(at)), tall - 4, color, opacity=0.8)
                    at = None
        self.clock(at_x, bottom + 12)
        for index, (text, color) in enumerate(seen.items()):
            self.box(left + index * 90, bottom + 24, 12, 4, color)
            self.text(left + index * 90 + 17, bottom + 30, text, 11)

    def geomap(self, panel, found, x, y, w, h):
        view = 150, 74, -56  # degrees: west and east are cut off there; north, south
        mercator = lambda lat: math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
        north, south = mercator(view[1]), mercator(view[2])
        scale = min(w / 350, h / math.degrees(north - south))
        left, top = x + (w - 350 * scale) / 2, y + (h - math.degrees(north - south) * scale) / 2
        at = lambda lon, lat: (left + (lon + 170) * scale, top + math.degrees(north - mercator(lat)) * scale)
        self.parts.append(f'<clipPath id="map"><rect x="{x}" y="{y}" width="{w}" height="{h}"/></clipPath><g clip-path="url(#map)">')
        self.box(x, y, w, h, "#dfe9ef")
        for coast in WORLD:
            self.path([at(lon, lat) for lon, lat in zip(coast[::2], coast[1::2])], "#fff", 0.8, "#f6f4ee", True)
        style = panel["options"]["layers"][0]["config"]["style"]
        series = [(labels, value) for _, each in found for labels, value in each if labels.get("place") in PLACES]
        peak = max([value for _, value in series], default=1)
        for labels, value in sorted(series, key=lambda each: -each[1]):
            cx, cy = at(*PLACES[labels["place"]])
            radius = style["size"]["min"] + (style["size"]["max"] - style["size"]["min"]) * value / peak
            color = mapped(labels["origin"], override(panel, "origin", "mappings"))[1]
            self.parts.append(f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="{radius:.1f}" fill="{color}" stroke="{color}" '
                              f'fill-opacity="{style["opacity"]}"/>')
            self.text(cx, cy + 4, with_unit(value, "short"), 11, anchor="middle")
        self.parts.append("</g>")


def draw(prometheus, seconds):
    end = time.time()
    for file in sorted(HERE.parent.glob("*.json")):
        picture = Picture(json.loads(file.read_text()), Data(prometheus, end - seconds, end))
        target = HERE / f"{file.stem}.svg"
        target.write_text(picture.svg())
        print(f"dashboards/pictures/{target.name}: {target.stat().st_size} bytes")


def with_demo(program):
    """Runs the demo, which writes its log over some minutes to have data over time, and draws at the end."""
    started = time.time()
    demo = subprocess.Popen([program], stdout=subprocess.PIPE, text=True, env=os.environ | {"DEMO_REPLAY_SECONDS": "150"})
    try:
        prometheus = None
        for line in demo.stdout:
            address = re.search(r"Prometheus +(http://[^/\s]+)/\S*alerts", line)
            prometheus = address[1] if address else prometheus
            print(line, end="")
            if re.match(r"1369 lines written, 132 requests", line):
                time.sleep(30)
                return draw(prometheus, time.time() - started)
        sys.exit("The demo exited before it had written its log.")
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate()


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--prometheus":
        draw(sys.argv[2].rstrip("/"), float(sys.argv[3]))
    elif len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        with_demo(sys.argv[1])
    else:
        sys.exit(__doc__)
