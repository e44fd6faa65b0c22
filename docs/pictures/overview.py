#!/usr/bin/env python3
"""Draws docs/pictures/overview.png, the picture of the README: an alert, the page of its source, and the dashboard.

    make pictures
    overview.py PATH/TO/demo

All three are of one run of the demo: the alert as the demo prints it when Alertmanager delivers it, the page as Chromium
shows it, and the dashboard from Prometheus' results of its queries. Only the frames are drawn here.
"""
import html
import importlib.util
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ADDRESS = "127.0.0.6"  # the source with the most requests in the demo's log
STYLE = """
body { margin: 0; padding: 18px; background: #fff; width: 1324px; font: 15px/1.4 'DejaVu Sans', sans-serif; color: #24292e }
h2 { font-size: 16px; margin: 0 0 8px }
figure { margin: 0 0 18px; border: 1px solid #c8ccd1; border-radius: 6px; overflow: hidden; position: relative }
pre { margin: 0; padding: 14px 16px; background: #1f2430; color: #d6d9df; font: 13px/1.5 'DejaVu Sans Mono', monospace }
pre b { color: #ff8f7a }
pre i { color: #8fc7ff; font-style: normal }
img { display: block }
main { display: grid; grid-template-columns: 760px 540px; column-gap: 24px }
"""


def dashboards():
    """The module that draws the dashboards."""
    sys.path.insert(0, str(ROOT / "dashboards/pictures"))
    spec = importlib.util.spec_from_file_location("dashboards", ROOT / "dashboards/pictures/draw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def chromium(directory, target, width, height, page):
    subprocess.run(
        ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
         f"--user-data-dir={directory}/profile", f"--window-size={width},{height}", f"--screenshot={target}", page],
        check=True, capture_output=True, timeout=60)


def is_ready(page):
    with urllib.request.urlopen(page, timeout=10) as answer:
        return answer.status == 200


def alert_text(lines):
    """The alert of the source, from its first line to its runbook, as the demo prints it."""
    start = next(n for n, line in enumerate(lines) if re.match(rf"\[.*scanning from ip {ADDRESS}:", line))
    end = next(n for n in range(start, len(lines)) if not lines[n].strip())
    first = re.sub(r"^\[[^]]*\] *", "", lines[start])
    text = html.escape("\n".join([first, *(line.removeprefix(" " * 11) for line in lines[start + 1:end])]), quote=False)
    text = text.replace(html.escape(first, quote=False), f"<b>{html.escape(first, quote=False)}</b>", 1)
    return re.sub(r"(http://\S+|alerts/runbooks/\S+)", r"<i>\1</i>", text)


def draw(lines, exporter, prometheus, started, directory):
    page = f"{exporter}/sources/{ADDRESS}"
    assert is_ready(page), page
    chromium(directory, directory / "source.png", 800, 1431, page)
    module = dashboards()
    dashboard = json.loads((ROOT / "dashboards/access-scanning.json").read_text())
    (directory / "dashboard.svg").write_text(module.Picture(dashboard, module.Data(prometheus, started, time.time())).svg())
    (directory / "overview.html").write_text(f"""<!DOCTYPE html><meta charset="utf-8"><style>{STYLE}</style><main>
<section><h2>The alert</h2><figure><pre>{alert_text(lines)}</pre></figure>
<h2>The dashboard</h2><figure style="height: 712px"><img src="dashboard.svg" width="760"></figure></section>
<section><h2>The page of the source: what it did</h2><figure style="height: 966px"><img src="source.png" width="540"></figure>
</section></main>""")
    chromium(directory, HERE / "overview.png", 1360, 1050, f"file://{directory}/overview.html")
    print(f"docs/pictures/overview.png: {(HERE / 'overview.png').stat().st_size} bytes")


def main():
    started = time.time()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="overview-picture-"))
    demo = subprocess.Popen(
        [sys.argv[1]], stdout=subprocess.PIPE, text=True, env=os.environ | {"DEMO_REPLAY_SECONDS": "100"})
    lines, addresses = [], {}
    try:
        for line in demo.stdout:
            print(line, end="")
            lines.append(line.rstrip("\n"))
            if found := re.match(r" +(exporter|Prometheus) +(http://[^/\s]+)/", line):
                addresses.setdefault(found[1], found[2])
            if re.match(r"1369 lines written, 132 requests", line):
                time.sleep(20)
                return draw(lines, addresses["exporter"], addresses["Prometheus"], started, directory)
        sys.exit("The demo exited before it had written its log.")
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate()
        shutil.rmtree(directory)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main()
