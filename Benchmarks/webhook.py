"""The webhook: durable events a second, with batches of 400 events on 4 connections."""

import json
import statistics
import subprocess
import tempfile
from pathlib import Path

import corpora
import measure
import report
import serving

BATCH, CONNECTIONS = 400, 4


def measure_once(sender, log, truth):
    with tempfile.TemporaryDirectory() as name:
        port = serving.free_port()
        flags = ["--webhook.listen-address", f"127.0.0.1:{port}"]
        with serving.running(serving.Exporter(Path(name), *flags, log=False)) as exporter:
            exporter.wait(exporter.is_ready)
            cpu = exporter.cpu()
            done = subprocess.run(
                [sender, str(port), log, str(BATCH), str(CONNECTIONS)], capture_output=True, text=True, timeout=600
            )
            cpu = exporter.cpu() - cpu
            if done.returncode != 0:
                raise measure.Failure(f"the sender ended with {done.returncode}: {done.stderr}")
            figures = {**json.loads(done.stdout), "exporter_cpu": cpu, "peak": exporter.peak()}
            # The response to the last batch comes after its counts were published.
            text = exporter.get()[1].decode()
            counted = exporter.value(
                serving.FORBIDDEN, "\n".join(line for line in text.splitlines() if 'origin="verified"' in line)
            )
    if (figures["events"], counted) != (truth["lines"], truth["requests"]):
        raise measure.Failure(
            f"{figures['events']} of {truth['lines']} events sent, {counted} of {truth['requests']} requests counted"
        )
    return figures


def run(options):
    sender = measure.built(options.cache, "send", "sender/send.cpp", "-std=c++20", "-O2", "-pthread")
    results = []
    for corpus, (path,), truth in corpora.make(options.cache, options.size, ["busy", "scan"]):
        rounds = []
        for number in range(options.rounds + 1):
            measure.progress(f"webhook, {corpus.title}: round {number} of {options.rounds}")
            rounds.append(measure_once(sender, path, truth))
        # The first round warms up.
        results.append({"corpus": corpus.name, "title": corpus.title, "rounds": rounds[1:]})
    measure.progress()
    return {"title": "The webhook", "rounds": options.rounds, "results": results}


def median(result, value):
    return statistics.median(value(figures) for figures in result["rounds"])


def markdown(document):
    lines = report.head(
        "events|events/s>|CPU: exporter, sender>|latency of a batch: p50, p99, worst, ms>|peak, MiB>|not accepted>"
    )
    for result in document["results"]:
        rate = median(result, lambda figures: figures["events"] / figures["seconds"])
        shares = [median(result, lambda figures: figures[key] / figures["seconds"]) for key in ("exporter_cpu", "cpu")]
        latencies = [f"{median(result, lambda figures: figures[key]) * 1000:.1f}" for key in ("p50", "p99", "worst")]
        peak = median(result, lambda figures: figures["peak"]) / (1 << 20)
        refused = median(result, lambda figures: figures["refused"])
        cpu = f"{shares[0] * 100:.0f} %, {shares[1] * 100:.0f} % of a core"
        lines.append(
            report.row(result["title"], f"{rate:,.0f}", cpu, ", ".join(latencies), f"{peak:.0f}", f"{refused:.0f}")
        )
    lines += report.paragraph(f"""
        Medians of {document["rounds"]} rounds, each with a new exporter. Batches of {BATCH} events on {CONNECTIONS}
        connections; a batch is accepted when its counts are on disk. The counts were the true ones each time. The
        sender shares the machine; it makes the bodies before the clock starts.""")
    return lines
