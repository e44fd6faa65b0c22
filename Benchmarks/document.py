#!/usr/bin/env python3
"""Fills docs/performance.md and its pictures from Benchmarks/results, so that no figure in it is typed by hand.

Between `<!-- NAME: what the picture shows -->` and `<!-- end -->` the page has that result's picture, if there is one,
and its table. With --check nothing is written; the status is 1 if the page or a picture is not that of the results.
"""

import argparse
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import targets  # in this directory

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "Benchmarks/results"
PAGE = ROOT / "docs/performance.md"
PICTURES = ROOT / "docs/pictures"
# The page has all targets in one table.
TARGETS = re.compile(r"(?m)^" + re.escape(targets.HEAD[0]) + r"\n(?:\|.*\n)+\n?")
BLOCK = re.compile(r"(?s)(<!-- (\w+): ([^>]*) -->\n).*?(<!-- end -->)")
MISSING = "There is no result yet: run `make bench`."


def filled(page, results=RESULTS):
    """The text of the page with the results between its marks."""

    def block(match):
        begin, name, shown, end = match.groups()
        path = results / f"{name}.md"
        # The heading is the page's own.
        content = path.read_text().split("\n", 1)[1] if path.exists() else MISSING
        content = (content if name == "targets" else TARGETS.sub("", content)).strip("\n")
        if (results / f"{name}.svg").exists():
            content = f"![{shown}](pictures/performance-{name}.svg)\n\n{content}"
        return f"{begin}\n{content}\n\n{end}"

    return BLOCK.sub(block, page)


def pictures(results=RESULTS):
    """Each picture of the page, and its text."""
    return {PICTURES / f"performance-{path.name}": path.read_text() for path in sorted(results.glob("*.svg"))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; say what is not that of the results")
    options = parser.parse_args()
    wanted = {PAGE: filled(PAGE.read_text()), **pictures()}
    old = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if options.check:
        for path in old:
            print(f"{path.relative_to(ROOT)} is not that of Benchmarks/results; run Benchmarks/document.py")
        sys.exit(1 if old else 0)
    for path in old:
        path.write_text(wanted[path])
        print(f"{path.relative_to(ROOT)} written")


if __name__ == "__main__":
    main()
