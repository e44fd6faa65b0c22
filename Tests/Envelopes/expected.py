"""What each sample of Tests/Fixtures/envelopes is expected to give: `expected.json`, which tests in any language read.

Each file: the format that it needs, requests by outcome and source, and the number of other records. `auto` is what
the file gives without its flag, if it needs one: no requests, the number of malformed records, and the format that
they look like. `same` says whether its five requests are those of the other files, in every field of their identity.
"""

import json
from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "Fixtures" / "envelopes"
FILES = json.loads((HERE / "expected.json").read_text())
KEYS = ("forbidden", "unauthorized", "allowed", "events", "foreign", "truncated", "malformed")


def path(name):
    return SAMPLES / name
