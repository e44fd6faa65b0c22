"""Writes a benchmark's results: NAME.json with every figure, and NAME.md with the table."""

import json
import textwrap


def head(columns):
    """The head of a table: names of columns between bars; numbers are aligned to the right, where a name ends in >."""
    names = columns.split("|")
    return [
        row(*(name.rstrip(">") for name in names)),
        row(*("---:" if name.endswith(">") else "---" for name in names)),
    ]


def row(*cells):
    return f"| {' | '.join(cells)} |"


def paragraph(text):
    """A paragraph behind a table or another one, in lines that fit."""
    return ["", *textwrap.wrap(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)]


def write(directory, name, document, lines):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    (directory / f"{name}.md").write_text("\n".join([f"## {document['title']}", "", *lines, *machine(document)]) + "\n")


def machine(document):
    """The paragraph that says on which machine, when, and with which versions."""
    where = document["machine"]
    versions = ", ".join(
        f"{name} {version}" for name, version in document.get("versions", {}).items() if name != "scan"
    )
    program = where["exporter"].removesuffix(".")
    lines = paragraph(
        f"Measured {where['date']} on {where['cpu']}, {where['cores']} cores, {where['memory_gib']} GiB, Linux "
        f"{where['kernel']}, {where['system']}; load {where['load']} before the start. {program}; scripts of revision "
        f"{where['revision']}." + (f" Versions: {versions}." if versions else "")
    )
    return [*lines, *paragraph(f"Repeat it: `{document['command']}`")]
