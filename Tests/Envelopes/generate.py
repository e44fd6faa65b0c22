#!/usr/bin/env python3
"""Random samples of every form of enveloped audit events, and the truth about them. One seed, one file.

    generate.py --shape NAME [--seed N] [--requests N | --bytes N[K|M|G]] [--one-record] [--tame] --to FILE

writes FILE and FILE.truth.json, which has what reader.py prints: requests by outcome and source, events, foreign,
truncated and malformed records. `--bytes 1G` writes a file for measurements of memory, in constant memory;
`--one-record` makes one record of it where the form allows that (Event Hub, CloudWatch, arrays), and `--tame` leaves
out hostile and long strings. `--list` prints the shapes and their formats.
"""

import argparse
import json
import sys
from pathlib import Path
from random import Random

import shapes
from events import Requests, Truth
from writer import Writer


def generate(shape, seed, to, requests=None, size=None, one_record=False, tame=False, mixed=True):
    """Writes a sample to a binary file, and returns its truth."""
    random, truth = Random(f"{shape} {seed}"), Truth()
    kind = shapes.SHAPES[shape]
    source = Requests(random, truth, is_plain=kind.is_plain, is_tame=tame)
    writer = Writer(random, truth, source, mixed=mixed)
    written = 0

    def is_done():
        return written >= size if size is not None else source.number >= requests

    def put(data):
        nonlocal written
        written += len(data)
        to.write(data)

    for data in kind.write(writer, is_done, one_record):
        put(data)
    return truth.result()


def damaged(data, random):
    """The bytes with up to three random changes: another byte, bytes less, or bytes more."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(changed))
        choice = random.random()
        if choice < 0.4:
            changed[at] = random.choice(b'{}[]",:\\\n\0 x0')
        elif choice < 0.7:
            del changed[at:at + random.randint(1, 50)]
        else:
            changed[at:at] = random.choice((b"{", b"}", b'"', b"\n", b"\0", b"}{", b"[Truncated...]", b"\xff", b","))
    return bytes(changed)


def number(text):
    factors = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    return int(text[:-1]) * factors[text[-1]] if text[-1:] in factors else int(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=sorted(shapes.SHAPES))
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--bytes", type=number)
    parser.add_argument("--one-record", action="store_true")
    parser.add_argument("--tame", action="store_true")
    parser.add_argument("--to", type=Path)
    arguments = parser.parse_args()
    if arguments.list:
        for name, shape in sorted(shapes.SHAPES.items()):
            print(name, shape.format)
        return
    if not arguments.shape or not arguments.to:
        parser.error("--shape and --to are needed")
    with arguments.to.open("wb") as file:
        truth = generate(arguments.shape, arguments.seed, file, arguments.requests, arguments.bytes,
                         arguments.one_record, arguments.tame)
    truth = {"format": shapes.SHAPES[arguments.shape].format} | truth
    Path(f"{arguments.to}.truth.json").write_text(json.dumps(truth, indent=2) + "\n")
    json.dump(truth, sys.stdout)
    print()


if __name__ == "__main__":
    main()
