"""The rules in a real Prometheus: what an evaluation of each group costs.

Two hours of samples are needed, so time is compressed: with a scale of 60 an hour of the rules is a minute, and the
scrape interval 0.25 s instead of 15 s. Each window and subquery then has as many samples and steps as in real time.
Ages in the rules that are numbers of seconds are not scaled, so all sources are new ones, the most expensive case.
"""

import json
import re
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import measure
import report
import serving

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
SCRAPE_INTERVAL = 15
RULES = measure.ROOT / "alerts/access-scanning.rules.yaml"
DURATION = r"\d+(?:ms|[smhd])"


def milliseconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|[smhd])", text).groups()
    return int(number) * UNITS[unit]


def scaled(rules, scale):
    """The rules with windows, steps and offsets divided by the scale."""

    def shorter(match):
        return f"{max(1, round(milliseconds(match[0]) / scale))}ms"

    def inside(match):
        return re.sub(DURATION, shorter, match[0])

    return re.sub(rf"\[{DURATION}(?::(?:{DURATION})?)?\]|\boffset {DURATION}", inside, rules)


def configuration(directory, exporter, interval, scale, with_rules):
    files = [str(directory / "rules.yaml")] if with_rules else []
    text = {
        "global": {
            "scrape_interval": f"{SCRAPE_INTERVAL * 1000 // scale}ms",
            "scrape_timeout": f"{SCRAPE_INTERVAL * 1000 // scale}ms",
            "evaluation_interval": f"{round(interval * 1000)}ms",
        },
        "rule_files": files,
        "scrape_configs": [
            {"job_name": "kube-audit-exporter", "static_configs": [{"targets": [f"127.0.0.1:{exporter.port}"]}]}
        ],
    }
    # JSON is YAML.
    (directory / "prometheus.yml").write_text(json.dumps(text))


class Prometheus(serving.Server):
    def __init__(self, directory, scale):
        port = serving.free_port()
        self.errors = open(directory / "prometheus.log", "ab")
        lookback = f"{300_000 // scale}ms"
        super().__init__(
            [
                "prometheus",
                f"--config.file={directory}/prometheus.yml",
                f"--storage.tsdb.path={directory}/tsdb",
                f"--web.listen-address=127.0.0.1:{port}",
                f"--query.lookback-delta={lookback}",
                "--log.level=warn",
            ],
            port,
            self.errors,
        )

    def groups(self):
        return json.loads(self.get("/api/v1/rules")[1])["data"]["groups"]

    def stop(self):
        super().stop()
        self.errors.close()


def keep_changing(exporter, sources, seconds, number):
    """A request in a hundredth of a second, of one of the sources that scan after the other; the others made one."""
    end = time.monotonic() + seconds
    with open(exporter.log, "a", buffering=1) as log:
        while time.monotonic() < end:
            log.write(serving.refused(number, serving.source(number % sources)))
            number += 1
            time.sleep(0.01)
    return number


def measure_sources(sources, scale, options):
    interval, hours, evaluations = options.rule_interval, options.rule_hours, options.evaluations
    fill, scanning = hours * 3600 / scale, min(sources, options.rule_scanning)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "rules.yaml").write_text(scaled(RULES.read_text(), scale))
        subprocess.run(["promtool", "check", "rules", directory / "rules.yaml"], check=True, capture_output=True)
        number = serving.write_sources(directory / "audit.log", sources)
        flags = ["--source.limit", str(max(sources, 10_000))]
        with serving.running(serving.Exporter(directory, *flags)) as exporter:
            exporter.wait(lambda: exporter.has_read(sources), pause=0.5)
            configuration(directory, exporter, interval, scale, with_rules=False)
            with serving.running(Prometheus(directory, scale)) as prometheus:
                prometheus.wait(lambda: prometheus.get("/-/ready")[0] == 200)
                measure.progress(f"rules: {sources:,} sources, Prometheus scrapes for {fill:.0f} s")
                number = keep_changing(exporter, scanning, fill, number)
                series = prometheus.value("prometheus_tsdb_head_series ")
                samples = prometheus.value("prometheus_tsdb_head_samples_appended_total")
                cpu, begin, before = prometheus.cpu(), time.monotonic(), prometheus.resident()
                number = keep_changing(exporter, scanning, interval * 2, number)
                rest = (prometheus.cpu() - cpu) / (time.monotonic() - begin)
                configuration(directory, exporter, interval, scale, with_rules=True)
                prometheus.process.send_signal(signal.SIGHUP)
                cpu, begin = prometheus.cpu(), time.monotonic()
                found, last, peak = {}, {}, before
                while min((len(times) for times in found.values()), default=0) < evaluations:
                    if time.monotonic() - begin > 600 + evaluations * interval * 10:
                        raise measure.Failure("Prometheus did not evaluate the rules")
                    done = min(map(len, found.values()), default=0)
                    measure.progress(f"rules: {sources:,} sources, {done} of {evaluations} evaluations")
                    number = keep_changing(exporter, scanning, interval / 4, number)
                    peak = max(peak, prometheus.resident())
                    for group in prometheus.groups():
                        times = found.setdefault(group["name"], [])
                        if group["evaluationTime"] and last.get(group["name"]) != group["lastEvaluation"]:
                            last[group["name"]] = group["lastEvaluation"]
                            times.append(group["evaluationTime"])
                        failing = [rule["lastError"] for rule in group["rules"] if rule.get("lastError")]
                        if failing:
                            raise measure.Failure(f"a rule fails: {failing[0]}")
                with_rules = (prometheus.cpu() - cpu) / (time.monotonic() - begin)
                slowest = sorted(
                    (
                        (rule["evaluationTime"], rule["name"])
                        for group in prometheus.groups()
                        for rule in group["rules"]
                    ),
                    reverse=True,
                )[:5]
    measure.progress()
    return {
        "sources": sources,
        "scanning": scanning,
        "scale": scale,
        "series": series,
        "samples": samples,
        "groups": found,
        "slowest": slowest,
        "resident_before": before,
        "peak": peak,
        "cpu_scraping": rest,
        "cpu_with_rules": with_rules,
    }


def run(options):
    results = [measure_sources(sources, scale, options) for sources, scale in options.rule_sources]
    return {
        "title": "The rules",
        "hours": options.rule_hours,
        "interval": options.rule_interval,
        "scanning": options.rule_scanning,
        "results": results,
        "versions": {"Prometheus": measure.debian_version("prometheus")},
    }


def markdown(document):
    lines = report.head(
        "sources>|series>|group|an evaluation, s>|of 30 s>|CPU of all groups, s>|Prometheus MiB: before, at most>"
    )
    for result in document["results"]:
        cpu = (result["cpu_with_rules"] - result["cpu_scraping"]) * document["interval"]
        for number, (group, times) in enumerate(sorted(result["groups"].items())):
            median = statistics.median(times)
            memory = f"{result['resident_before'] / (1 << 20):.0f}, {result['peak'] / (1 << 20):.0f}"
            evaluation = f"{median:.3f} (at most {max(times):.3f})"
            cells = [
                f"{result['sources']:,}",
                f"{result['series']:,.0f}",
                group,
                evaluation,
                f"{median / 30 * 100:.1f} %",
            ]
            # Of all groups together, in the row of the first one.
            lines.append(report.row(*cells, *(["", ""] if number else [f"{cpu:.2f}", memory])))
    for result in document["results"]:
        rules = ", ".join(f"`{name}` {seconds:.2f}" for seconds, name in result["slowest"])
        lines += report.paragraph(f"The slowest rules with {result['sources']:,} sources, in seconds: {rules}.")
    scales = ", ".join(f"{result['scale']} times for {result['sources']:,} sources" for result in document["results"])
    lines += report.paragraph(f"""
        {document["hours"]:g} hours of samples of each series, with time compressed {scales}: windows, steps,
        offsets and the scrape interval are shorter by this factor, so that each window has as many samples as in
        real time. All sources are new within the hour; {document["scanning"]} scan, and raise alerts, the others
        made one request. The rules are loaded when the samples are there, and evaluated every
        {document["interval"]:g} s while scrapes go on. Groups are evaluated at the same time. CPU is that of
        Prometheus with the rules, less that without them, for each interval.""")
    return lines
