"""JSON in many spellings, and what a shipper meets next."""

import json
import re

from events import FORGED, HOSTILE

KLOG = 'I0501 10:00:01.123456      10 httplog.go:132] "HTTP" userAgent=' + json.dumps(FORGED) + " resp=403"


def text_of(data):
    return data.decode("utf-8", "surrogateescape")


def bytes_of(text):
    return text.encode("utf-8", "surrogateescape")


class Writer:
    """Writes JSON in many spellings, and chooses what comes next."""

    def __init__(self, random, truth, requests, mixed=True):
        self.random, self.truth, self.requests, self.mixed = random, truth, requests, mixed
        self.style()

    def style(self):
        """Chooses the spelling of the next record."""
        self.is_ascii = self.random.random() < 0.3
        self.keeps_halves = self.random.random() < 0.5
        self.escapes_slash = self.random.random() < 0.2
        self.escapes_some = self.random.random() < 0.1
        self.shuffles = self.random.random() < 0.3
        self.space = self.random.choice(("", "", "", " ", "\t "))

    def string(self, text):
        """A JSON string. Bytes that are not UTF-8 are passed on, or replaced where all is ASCII."""
        out = json.dumps(text, ensure_ascii=False)
        if self.is_ascii:
            # Some write halves of surrogate pairs for them.
            out = json.dumps(text if self.keeps_halves else re.sub("[\udc80-\udcff]", "\ufffd", text))
        if self.escapes_slash:
            out = out.replace("/", "\\/")
        if self.escapes_some and len(out) < 4000:
            out = re.sub(r"\\u....|\\.|[a-z:]", self._escape, out)
        return out

    def _escape(self, found):
        """Another spelling of some letters and of escaped quotes and backslashes."""
        text = found[0]
        if text[0] == "\\" and text[1] not in '"\\' or self.random.random() > 0.1:
            return text
        return f"\\u{ord(text[-1]):04x}"

    def dump(self, value, indent=None):
        """JSON text of a value; with `indent`, over many lines."""
        between, colon = "," + self.space, ":" + self.space
        inner = None if indent is None else indent + "  "
        first = last = ""
        if indent is not None:
            first, between, last = "\n" + inner, ",\n" + inner, "\n" + indent
        if isinstance(value, dict):
            items = list(value.items())
            if self.shuffles:
                self.random.shuffle(items)
            if not items:
                return "{}"
            return "{" + first + between.join(
                self.string(key) + colon + self.dump(inner_value, inner) for key, inner_value in items) + last + "}"
        if isinstance(value, (list, tuple)):
            if not value:
                return "[]"
            return "[" + first + between.join(self.dump(entry, inner) for entry in value) + last + "]"
        if isinstance(value, str):
            return self.string(value)
        return json.dumps(value)

    # What comes next: (what, text).

    def text(self, ending=""):
        """The text of an event, which may be cut off."""
        if self.mixed and self.random.random() < 0.03:
            text = text_of(self.requests.next(is_counted=False).text())
            self.truth.truncated += 1
            cut = self.random.randint(1, len(text) - 1)
            return text[:cut] + self.random.choice(("", "[Truncated...]"))
        return text_of(self.requests.next().text()) + ending

    def is_foreign(self, chance=0.1):
        """Whether another program's record comes next."""
        if not self.mixed or self.random.random() >= chance:
            return False
        self.truth.foreign += 1
        return True

    def other_text(self):
        return self.random.choice((FORGED, KLOG, self.random.choice(HOSTILE), FORGED + "\n", "x"))

    def parsed(self):
        """The members of an event, in another order."""
        members = list(self.requests.next().members.items())
        self.random.shuffle(members)
        return dict(members)
