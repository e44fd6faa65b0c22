#!/usr/bin/env python3
"""Compares `kube-audit-exporter scan` with the truth of random samples, and with reader.py where samples were damaged.

    differential.py BINARY [--shape NAME]... [--seeds N] [--requests N] [--damaged N]

Exits with 1 at a difference, which is printed with the file that shows it. `--damaged` changes bytes of each sample N
times. Samples of bare events are not damaged, since the exporter finds whole events in torn lines, and reader.py does
not.
"""

import argparse
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

import generate
import reader
import shapes

OUTCOMES = ("forbidden", "unauthorized", "allowed")
BARE = ("bare", "bare-parsed", "viaq", "array", "event-list", "oc-node-logs")


def counts_of(binary, path, format):
    """{outcome: {"SOURCE ORIGIN": requests}} as the exporter counts."""
    command = [binary, "scan", "--outcome", "all", "--threshold", "0", "--window", "all", "--format", "json"]
    if format != "auto":
        command += ["--audit.format", format]
    run = subprocess.run(command + [str(path)], capture_output=True, text=True, timeout=600)
    # 0 and 3 are results; 1 has a result too if some record was not read.
    found = {outcome: {} for outcome in OUTCOMES}
    if run.returncode == 1 and not run.stdout and "audit event" in run.stderr:
        # Nothing of a damaged file could be read.
        return found
    if run.returncode not in (0, 1, 3) or not run.stdout.strip():
        raise SystemExit(f"{' '.join(command)} {path}: exit {run.returncode}\n{run.stderr}")
    for source in json.loads(run.stdout):
        for outcome, count in source["outcomes"].items():
            if count:
                found[outcome][f"{source['src_ip']} {source['origin']}"] = count
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--shape", action="append", choices=sorted(shapes.SHAPES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--damaged", type=int, default=0)
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="envelopes-"))
    differences = compared = 0
    for shape in arguments.shape or sorted(shapes.SHAPES):
        format = shapes.SHAPES[shape].format
        for seed in range(arguments.seeds):
            file = io.BytesIO()
            truth = generate.generate(shape, seed, file, requests=arguments.requests)
            cases = [(f"{shape}-{seed}", file.getvalue(), truth)]
            random = Random(f"{shape} {seed}")
            for number in range(0 if shape in BARE else arguments.damaged):
                data = generate.damaged(file.getvalue(), random)
                own = reader.Reader(format)
                own.read(data)
                cases.append((f"{shape}-{seed}-{number}", data, own.result()))
            for name, data, wanted in cases:
                path = directory / name
                path.write_bytes(data)
                found = counts_of(arguments.binary, path, format)
                compared += 1
                if all(found[outcome] == wanted[outcome] for outcome in OUTCOMES):
                    path.unlink()
                    continue
                differences += 1
                print(f"{path}: with --audit.format {format}")
                for outcome in OUTCOMES:
                    for source in sorted(found[outcome].keys() | wanted[outcome].keys()):
                        pair = wanted[outcome].get(source, 0), found[outcome].get(source, 0)
                        if pair[0] != pair[1]:
                            print(f"  {outcome} {source}: expected {pair[0]}, counted {pair[1]}")
    print(f"{compared} files compared, {differences} different")
    if not differences:
        directory.rmdir()
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
