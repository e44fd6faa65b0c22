"""The targets of the benchmarks, and whether the results meet them."""

import json
import os
import statistics
from dataclasses import dataclass

import report

MIB = 1 << 20


@dataclass(frozen=True)
class Row:
    """One target and its measured value."""

    what: str
    limit: float
    value: float
    unit: str = ""
    is_minimum: bool = False

    @property
    def is_met(self):
        return self.value >= self.limit if self.is_minimum else self.value <= self.limit

    def figures(self):
        return {**self.__dict__, "is_met": self.is_met}

    def cells(self):
        target = f"{'at least' if self.is_minimum else 'at most'} {number(self.limit)}{self.unit}"
        return self.what, target, f"{number(self.value)}{self.unit}", "yes" if self.is_met else "**no**"


def number(value):
    """Three digits, more of large numbers: a value on the wrong side of its limit is not rounded to it."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


# MARK: The benchmarks


def scan(document):
    for result in document["results"]:
        yield from scan_of(result)


def scan_of(result):
    """The targets of one log. Ratios of wall time are medians of the rounds' ratios."""
    runs, title = {row["tool"]: row["runs"] for row in result["rows"]}, result["title"]
    ours = runs["scan"]

    def to_others(tool):
        return statistics.median(our["wall"] / other["wall"] for our, other in zip(ours, runs[tool]))

    def times_as_fast(tool):
        return statistics.median(other["wall"] / our["wall"] for our, other in zip(ours, runs[tool]))

    name = result["corpus"]
    if name in ("busy", "quiet"):
        if "ripgrep -c" in runs:
            yield Row(f"{title}: wall time, to ripgrep's", 1, to_others("ripgrep -c"))
        for tool, least in (("jq", 100), ("mtail", 100), ("DuckDB", 6)):
            if tool in runs:
                yield Row(f"{title}: times as fast as {tool}", least, times_as_fast(tool), is_minimum=True)
    if name == "scan" and "simdjson" in runs:
        yield Row(f"{title}: wall time, to simdjson's", 1, to_others("simdjson"))
    if name == "objects" and "ripgrep -c" in runs:
        yield Row(f"{title}: wall time, to ripgrep's", 1.25, to_others("ripgrep -c"))
    cat = {"busy-gz": "zcat", "busy-zst": "zstdcat"}.get(name)
    if cat and "zcat/zstdcat" in runs:
        yield Row(f"{title}: wall time, to {cat}'s", 1.05, to_others("zcat/zstdcat"))
    if name == "two-gz":
        cores = statistics.median((run["user"] + run["system"]) / run["wall"] for run in ours)
        yield Row(f"{title}: cores in use", 0.9 * min(2, os.cpu_count() or 1), cores, is_minimum=True)
    yield Row(f"{title}: peak memory", 48, max(run["peak"] for run in ours) / MIB, " MiB")


def scrape(document):
    import scraping

    for result in document["results"]:
        ours, theirs, size = result["exporter"], result["client_golang"], result["sources"]

        def cpu(figures, kind):
            return scraping.median(figures, kind, "cpu")

        if size == 10_000:
            for kind, words in (("first", "first"), ("unchanged", "unchanged"), ("changed", "one source changed")):
                share = cpu(ours, kind) / cpu(theirs, kind)
                yield Row(f"{size:,} sources, {words}: CPU, to client_golang's", 0.5, share)
            yield Row(
                f"{size:,} sources: resident memory, to client_golang's", 0.5, ours["resident"] / theirs["resident"]
            )
            share = cpu(ours, "changed") / cpu(ours, "first")
            yield Row(f"{size:,} sources, one changed: CPU, to the first scrape's", 0.1, share)
        if size == 100_000:
            for kind in ("first", "unchanged", "changed"):
                wall = scraping.median(ours, kind, "wall") * 1000
                yield Row(f"{size:,} sources, {kind}: wall time", 100, wall, " ms")
            yield Row(f"{size:,} sources: peak memory of scrapes", 128, ours["peak"] / MIB, " MiB")


def webhook(document):
    import webhook as benchmark

    for result in document["results"]:
        if result["corpus"] == "busy":
            rate = benchmark.median(result, lambda figures: figures["events"] / figures["seconds"])
            yield Row(f"{result['title']}: events a second, sender included", 700_000, rate, is_minimum=True)
            p99 = benchmark.median(result, lambda figures: figures["p99"]) * 1000
            yield Row(f"{result['title']}: latency of a batch, p99", 100, p99, " ms")


def follow(document):
    import following

    for figures in document["rates"]:
        if figures["rate"] == 100_000:
            yield Row("100,000 events/s: CPU, of a core", 25, figures["cpu"] * 100, " %")
            reached = figures["reached"] / figures["rate"] * 100
            yield Row("100,000 events/s: appended at that rate", 98, reached, " %", is_minimum=True)
    for figures in document["latencies"]:
        p99 = following.quantile(figures["latencies"], 0.99) * 1000
        yield Row(f"{figures['rate']:,} events/s: visible after, p99", 300, p99, " ms")
    for figures in document["rest"]:
        what = f"At rest, {figures['sources']:,} sources"
        yield Row(f"{what}: CPU, of a core", 0.1, figures["cpu"] * 100, " %")
        yield Row(f"{what}: wake-ups a second", 2, figures["wakeups"])
        if "flushes" in figures:
            # A time stamp a minute; the database may flush its log and its file for it.
            yield Row(f"{what}: flushes a minute", 2, figures["flushes"] * 60)


def start(document):
    for result in document["results"]:
        limit = {0: 50, 100_000: 500}.get(result["sources"])
        if limit:
            ready = statistics.median(figures["ready"] for figures in result["rounds"]) * 1000
            what = f"{result['sources']:,} sources with evidence" if result["sources"] else "Empty state"
            yield Row(f"{what}: ready after", limit, ready, " ms")


def rules(document):
    for result in document["results"]:
        if result["sources"] == 10_000:
            what = f"{result['sources']:,} sources, outcomes: {result['outcomes']}: CPU of an evaluation, of 30 s"
            yield Row(what, 10, result["cpu"] / 30 * 100, " %")


BENCHMARKS = {
    "scan": scan,
    "scrape": scrape,
    "webhook": webhook,
    "follow": follow,
    "start": start,
    "rules": rules,
}


# MARK: The table


def rows(name, document):
    return list(BENCHMARKS[name](document))


HEAD = report.head("|target>|measured>|met")


def table(found):
    return [*HEAD, *(report.row(*row.cells()) for row in found)]


def summary(directory):
    """The targets of all results in a directory, as the lines of one table; and how many are missed."""
    lines, missed, count, places = list(HEAD), [], 0, {}
    for name in BENCHMARKS:
        path = directory / f"{name}.json"
        if not path.exists():
            continue
        document = json.loads(path.read_text())
        where = document["machine"]
        # In the order of the results, each once.
        places[f"{where['date'][:10]} on {where['cpu']}, {where['cores']} cores (revision {where['revision']})"] = True
        for row in rows(name, document):
            what, *others = row.cells()
            lines.append(report.row(f"`{name}`: {what}", *others))
            count += 1
            if not row.is_met:
                missed.append(row)
    lines += report.paragraph(f"""
        {count - len(missed)} of {count} targets are met. Measured {"; ".join(places)}.""")
    return lines, missed
