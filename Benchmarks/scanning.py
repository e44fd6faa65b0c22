"""Searching old logs: `scan` and the other tools, each as a whole process, in turn, with a warm page cache."""

import statistics

import corpora
import measure
import peers
import profiling
import report
import targets


def reason(count, truth):
    """Why a tool has another number than the truth, in words."""
    if count == truth["requests"]:
        return ""
    difference = f"{count - truth['requests']:+,}"
    if count == truth["events"]:
        return f"{difference}: requests that are logged in two stages count twice"
    if count == truth["lines_with_text"]:
        return f"{difference}: lines that have the text anywhere"
    if count > truth["events"]:
        return f"{difference}: text in other fields that looks like the ones to count"
    return f"{difference}: missed"


def measure_corpus(cache, tools, corpus, paths, truth, options):
    """The rows of a corpus: for each tool all counted rounds. A warm-up round comes first."""
    rounds, runs = options.rounds, {}
    for path in paths:
        measure.read_into_cache(path)
    commands = [(tool, tool.command(corpus, paths)) for tool in tools]
    commands = [(tool, command) for tool, command in commands if command]
    for round_number in range(rounds + 1):
        for tool, command in commands:
            measure.progress(f"scan, {corpus.title}: round {round_number} of {rounds}, {tool.name}")
            result = measure.run(cache, command, tool.statuses, to_nowhere=tool.count is None)
            if round_number > 0:
                runs.setdefault(tool.name, []).append(result)
            elif tool.name == "scan" and peers.sources_of_scan(result.output) != truth["sources"]:
                raise measure.Failure(f"scan's counts of {corpus.name} are not the true ones, source by source")
    measure.progress()
    rows = []
    for tool, command in commands:
        counts = {tool.count(result.output) for result in runs[tool.name]} if tool.count else {None}
        if len(counts) > 1:
            raise measure.Failure(f"{tool.name} counted differently each time: {sorted(counts)}")
        count = counts.pop()
        rows.append(
            {
                "tool": tool.name,
                "command": " ".join(map(str, command)),
                "count": count,
                "difference": "" if count is None else reason(count, truth),
                "runs": [result.figures() for result in runs[tool.name]],
            }
        )
    result = {
        "corpus": corpus.name,
        "title": corpus.title,
        "file_bytes": sum(path.stat().st_size for path in paths),
        "truth": {key: value for key, value in truth.items() if key != "sources"},
        "rows": rows,
        "profile": [],
    }
    # A missed target is explained.
    if options.profile or not all(row.is_met for row in targets.scan_of(result)):
        result["profile"] = profiling.of(commands[0][1], tools[0].statuses)
    return result


def summary(rows):
    """Medians of each tool, and the ratio to scan: the median of the rounds' ratios."""

    def cpu(result):
        return result["user"] + result["system"]

    ours = next(row["runs"] for row in rows if row["tool"] == "scan")
    found = []
    for row in rows:
        pairs = list(zip(row["runs"], ours))
        found.append(
            {
                "tool": row["tool"],
                "count": row["count"],
                "difference": row["difference"],
                "wall": statistics.median(result["wall"] for result in row["runs"]),
                "fastest": min(result["wall"] for result in row["runs"]),
                "slowest": max(result["wall"] for result in row["runs"]),
                "cpu": statistics.median(map(cpu, row["runs"])),
                "peak": statistics.median(result["peak"] for result in row["runs"]),
                "wall_ratio": statistics.median(other["wall"] / our["wall"] for other, our in pairs),
                "cpu_ratio": statistics.median(cpu(other) / max(cpu(our), 1e-6) for other, our in pairs),
                "peak_ratio": statistics.median(other["peak"] / our["peak"] for other, our in pairs),
            }
        )
    return found


def run(options):
    tools = [tool for tool in peers.tools(options.cache) if not options.tools or tool.name in ("scan", *options.tools)]
    made = corpora.make(options.cache, options.size, options.corpora)
    results = [measure_corpus(options.cache, tools, *corpus, options) for corpus in made]
    return {
        "title": "Searching old logs",
        "rounds": options.rounds,
        "size": options.size,
        "versions": {tool.name: tool.version for tool in tools},
        "results": results,
    }


def markdown(document):
    lines = []
    for result in document["results"]:
        truth = result["truth"]
        lines += [
            f"### {result['title']}",
            "",
            f"{result['file_bytes'] / 1e6:.0f} MB, {truth['lines']:,} lines, {truth['requests']:,} requests count "
            f"({truth['events']:,} events).",
            "",
            *report.head("tool|wall, s>|to scan>|CPU, s>|to scan>|peak, MiB>|to scan>|count>|difference"),
        ]
        for row in summary(result["rows"]):
            count = "" if row["count"] is None else f"{row['count']:,}"
            wall = f"{row['wall']:.3f} ({row['fastest']:.3f} to {row['slowest']:.3f})"
            cpu, peak = f"{row['cpu']:.3f}", f"{row['peak'] / (1 << 20):.0f}"
            ratios = [f"{row[key]:.2f}" for key in ("wall_ratio", "cpu_ratio", "peak_ratio")]
            cells = [wall, ratios[0], cpu, ratios[1], peak, ratios[2], count, row["difference"]]
            lines.append(report.row(row["tool"], *cells))
        if result["profile"]:
            functions = ", ".join(f"`{name}` {share:.1f} % ({where})" for share, where, name in result["profile"])
            lines += report.paragraph(f"The functions of scan with the most samples: {functions}.")
        lines.append("")
    lines = lines[:-1] + report.paragraph(f"""
        Medians of {document["rounds"]} rounds after one that does not count, page cache warm; the fastest and the
        slowest in parentheses. The ratio to scan is the median of the rounds' ratios; over 1 is slower than scan.
        CPU is user and system time. Peak memory includes the pages of a mapped file, which the kernel can drop.""")
    return lines
