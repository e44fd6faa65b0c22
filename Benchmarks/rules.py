"""The rules in a real Prometheus: what an evaluation of each group and of each rule costs, and the dashboards' queries.

The exporter counts requests of many sources. Its series are written into Prometheus with two hours of past samples, one
every 15 s as if it had been scraped, and then really scraped. Every counter rose within the last hour, in which the
exporter created it; that takes as long as with old counters.
"""

import http.client
import json
import re
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

import measure
import remotewrite
import report
import serving

SCRAPE_INTERVAL = 15
RULES = measure.ROOT / "alerts/access-scanning.rules.yaml"
DASHBOARDS = measure.ROOT / "dashboards"
# Panels that take longer are printed, in seconds.
SLOW = 1
# The number of rules that are printed, the most expensive first.
PRINTED_RULES = 5
SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def configuration(directory, exporter, interval, is_complete):
    """At first without targets and rules, while samples of the past are written."""
    targets = [f"127.0.0.1:{exporter.port}"] if is_complete else []
    text = {
        "global": {
            "scrape_interval": f"{SCRAPE_INTERVAL}s",
            "scrape_timeout": f"{SCRAPE_INTERVAL}s",
            "evaluation_interval": f"{round(interval * 1000)}ms",
        },
        "rule_files": [str(RULES)] if is_complete else [],
        "scrape_configs": [{"job_name": "kube-audit-exporter", "static_configs": [{"targets": targets}]}],
    }
    # JSON is YAML.
    (directory / "prometheus.yml").write_text(json.dumps(text))


class Prometheus(serving.Server):
    def __init__(self, directory):
        port = serving.free_port()
        self.errors = open(directory / "prometheus.log", "ab")
        super().__init__(
            [
                "prometheus",
                f"--config.file={directory}/prometheus.yml",
                f"--storage.tsdb.path={directory}/tsdb",
                f"--web.listen-address=127.0.0.1:{port}",
                "--web.enable-remote-write-receiver",
                "--log.level=warn",
            ],
            port,
            self.errors,
        )

    def post(self, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def write(self, body):
        status, answer = self.post(
            "/api/v1/write", body, {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
        )
        if status // 100 != 2:
            raise measure.Failure(f"Prometheus did not take samples: {status} {answer[:200]!r}")

    def query(self, path, **parameters):
        """Seconds, and the answer's data or its error."""
        body = urllib.parse.urlencode(parameters)
        begin = time.monotonic()
        _, answer = self.post(path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        seconds, document = time.monotonic() - begin, json.loads(answer)
        return seconds, document.get("data"), document.get("error")

    def groups(self):
        return json.loads(self.get("/api/v1/rules")[1])["data"]["groups"]

    def stop(self):
        super().stop()
        self.errors.close()


def unauthorized(line):
    """The line of a request that was answered 401, from that of a refused one."""
    user = '"user":{"username":"system:anonymous","groups":["system:unauthenticated"]}'
    return line.replace(user, '"user":{}').replace('"Forbidden","code":403', '"Unauthorized","code":401')


def allowed(line):
    return line.replace('"status":"Failure","reason":"Forbidden","code":403', '"code":200')


def write_log(path, sources, outcomes, scanning):
    """Two requests of each source in each outcome; more than the threshold of those that scan."""
    number = 0
    with open(path, "a") as log:
        for change in [str, unauthorized, allowed][:outcomes]:
            for source in range(sources):
                for _ in range(8 if source < scanning else 2):
                    log.write(change(serving.refused(number, serving.source(source))))
                    number += 1
    return number


def past(text, port, count):
    """The exporter's series as Prometheus has them after a scrape; counters begin at 1 and rise within the last hour."""
    target = {"job": "kube-audit-exporter", "instance": f"127.0.0.1:{port}"}
    series = [(remotewrite.labels({"__name__": "up", **target}), [(0, 1.0)])]
    for line in text.splitlines():
        match = SAMPLE.fullmatch(line)
        if line.startswith("#") or not match:
            continue
        name, labels, value = match[1], dict(LABEL.findall(match[2] or "")), float(match[3])
        values = [(0, value)]
        if name.endswith("_total") and ("src_ip" in labels or "network" in labels) and value > 1:
            # At different times, all within the hour.
            step = max(0, count - 230) + len(series) * 7 % 200
            values = [(0, 1.0), (step, value)] if step else values
        series.append((remotewrite.labels({"__name__": name, **labels, **target}), values))
    return series


def fill(prometheus, exporter, hours):
    count = max(2, round(hours * 3600 / SCRAPE_INTERVAL))
    series = past(exporter.get()[1].decode(), exporter.port, count)
    now = int(time.time() * 1000)
    times = [now - (count - 1 - index) * SCRAPE_INTERVAL * 1000 for index in range(count)]
    written = 0

    def progress():
        nonlocal written
        written += 1
        measure.progress(f"rules: {len(series):,} series, request {written} with past samples")

    for body in remotewrite.messages(series, times, progress):
        prometheus.write(body)


def evaluate(prometheus, evaluations, interval):
    """Durations of each group and of each rule, by name, and the highest memory meanwhile."""
    groups, rules, last, peak = {}, {}, {}, prometheus.resident()
    begin = time.monotonic()
    while min((len(times) for times in groups.values()), default=0) < evaluations:
        if time.monotonic() - begin > 600 + evaluations * interval * 10:
            raise measure.Failure("Prometheus did not evaluate the rules")
        time.sleep(interval / 4)
        peak = max(peak, prometheus.resident())
        for group in prometheus.groups():
            times = groups.setdefault(group["name"], [])
            if group["evaluationTime"] and last.get(group["name"]) != group["lastEvaluation"]:
                last[group["name"]] = group["lastEvaluation"]
                times.append(group["evaluationTime"])
                for number, rule in enumerate(group["rules"]):
                    key = f"{number} {rule['name']}"
                    rules.setdefault(group["name"], {}).setdefault(key, []).append(rule["evaluationTime"])
                    if rule.get("lastError"):
                        raise measure.Failure(f"a rule fails: {rule['lastError']}")
        measure.progress(f"rules: {min(map(len, groups.values()), default=0)} of {evaluations} evaluations")
    return groups, rules, peak


def panels():
    """Queries of the dashboards, for all exporters: dashboard, panel, expression, and whether it is a graph."""
    for file in sorted(DASHBOARDS.glob("*.json")):
        waiting = list(json.loads(file.read_text())["panels"])
        while waiting:
            panel = waiting.pop(0)
            waiting[:0] = panel.get("panels", [])
            for target in panel.get("targets", []):
                expression = re.sub(r"\$(cluster|job|instance)\b", ".*", target["expr"])
                expression = expression.replace("$__interval_ms", "30000").replace("$__rate_interval", "60s")
                expression = expression.replace("$__interval", "30s").replace("$__range", "2h")
                yield file.stem, panel["title"], expression, not target.get("instant")


def ask(prometheus):
    found = []
    now = time.time()
    for dashboard, panel, expression, is_graph in panels():
        measure.progress(f"rules: queries of {dashboard}, {panel}")
        if is_graph:
            path, parameters = "/api/v1/query_range", {"start": now - 7200, "end": now, "step": 30}
        else:
            path, parameters = "/api/v1/query", {"time": now}
        seconds, _, error = prometheus.query(path, query=expression, **parameters)
        found.append({"dashboard": dashboard, "panel": panel, "seconds": seconds, "error": error})
    return found


def measure_sources(sources, outcomes, options):
    interval, scanning = options.rule_interval, min(sources, options.rule_scanning)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        lines = write_log(directory / "audit.log", sources, outcomes, scanning)
        flags = ["--source.limit", str(max(sources, 10_000))]
        with serving.running(serving.Exporter(directory, *flags)) as exporter:
            exporter.wait(lambda: exporter.has_read(lines), pause=0.5)
            configuration(directory, exporter, interval, is_complete=False)
            with serving.running(Prometheus(directory)) as prometheus:
                prometheus.wait(lambda: prometheus.get("/-/ready")[0] == 200)
                fill(prometheus, exporter, options.rule_hours)
                before = prometheus.resident()
                # Targets without rules, for the CPU time of scrapes; its rules have no group yet.
                configuration(directory, exporter, interval, is_complete=True)
                series = prometheus.value("prometheus_tsdb_head_series ")
                samples = prometheus.value("prometheus_tsdb_head_samples_appended_total")
                prometheus.process.send_signal(signal.SIGHUP)
                cpu, begin = prometheus.cpu(), time.monotonic()
                groups, rules, peak = evaluate(prometheus, options.evaluations, interval)
                seconds = time.monotonic() - begin
                used = (prometheus.cpu() - cpu) / seconds
                # Evaluations that take longer than the interval are fewer.
                between = max(interval, seconds / min(map(len, groups.values())))
                created = prometheus.value("prometheus_tsdb_head_series ") - series
                queries = ask(prometheus) if options.rule_panels else []
    measure.progress()
    return {
        "sources": sources,
        "outcomes": outcomes,
        "scanning": scanning,
        "series": series,
        "samples": samples,
        "series_created": created,
        "groups": groups,
        "rules": rules,
        "resident_before": before,
        "peak": peak,
        "cpu": used * between,
        "panels": queries,
    }


def run(options):
    subprocess.run(["promtool", "check", "rules", RULES], check=True, capture_output=True)
    results = [measure_sources(sources, outcomes, options) for sources, outcomes in options.rule_sources]
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
        "sources>|outcomes>|series>|created by rules>|group|an evaluation, s>|of 30 s>|CPU of all groups, s>"
        "|Prometheus MiB: before, at most>"
    )
    for result in document["results"]:
        for number, (group, times) in enumerate(sorted(result["groups"].items())):
            median = statistics.median(times)
            memory = f"{result['resident_before'] / (1 << 20):.0f}, {result['peak'] / (1 << 20):.0f}"
            cells = [
                f"{result['sources']:,}",
                str(result["outcomes"]),
                f"{result['series']:,.0f}",
                f"{result['series_created']:,.0f}",
                group,
                f"{median:.3f} (at most {max(times):.3f})",
                f"{median / 30 * 100:.1f} %",
            ]
            # Of all groups together, in the row of the first one.
            lines.append(report.row(*cells, *(["", ""] if number else [f"{result['cpu']:.2f}", memory])))
    for result in document["results"]:
        title = f"{result['sources']:,} sources, outcomes: {result['outcomes']}"
        lines += ["", *report.head(f"rule ({title})|an evaluation, s>")]
        durations = [
            (statistics.median(times), name.split(" ", 1)[1])
            for rules in result["rules"].values()
            for name, times in rules.items()
        ]
        expensive = sorted(durations, reverse=True)[:PRINTED_RULES]
        lines += [report.row(f"`{name}`", f"{seconds:.3f}") for seconds, name in expensive]
        slow = [panel for panel in result["panels"] if panel["seconds"] > SLOW]
        if slow:
            lines += ["", *report.head(f"panel, over {SLOW} s ({title})|s>")]
            for panel in sorted(slow, key=lambda panel: -panel["seconds"]):
                name = f"{panel['dashboard']}: {panel['panel']}" + (f" ({panel['error']})" if panel["error"] else "")
                lines.append(report.row(name, f"{panel['seconds']:.1f}"))
        elif result["panels"]:
            lines += report.paragraph(f"{title}: each query of the dashboards takes less than {SLOW} s.")
    lines += report.paragraph(f"""
        {document["hours"]:g} hours of samples of each series, one every {SCRAPE_INTERVAL} s. Each counter rose within
        the last hour; {document["scanning"]} sources scan, and raise alerts. Rules are evaluated every
        {document["interval"]:g} s while scrapes go on; groups are evaluated at the same time. CPU is that of
        Prometheus from one evaluation to the next one, scrapes included. With three outcomes, each source has an
        allowed request and so an alert.""")
    return lines
