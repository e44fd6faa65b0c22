#!/usr/bin/env python3
"""The strict reference reader of enveloped audit events: slow, plain, and independent of the exporter.

It knows the table (table.py) and nothing else. The exporter must count what this counts.

    reader.py [--format NAME|auto] FILE...

prints JSON: requests by outcome, source and origin, and how many records were events, foreign, truncated, malformed.
Several files are read as one input, so that a request that arrives twice counts once. `NAME:PATH` names a file's own
format.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import counting
import framing
import jsontext
import table
from decoding import BUILDERS, DECODERS, Foreign, Malformed, Truncated, look, otlp_body
from origin import WHOLE, check, check_duplicates, check_metadata, is_piece, names_other_log

MAXIMUM_LAYERS = 3
JOINED_LIMIT = 16 << 20
# What the compressed texts of a record may hold together.
INFLATED_LIMIT = 128 << 20
TRUNCATION_MARKS = ("[Truncated...]",)
# What every event holds, and no text within a text.
_HELD = re.compile(r'(?<!\\)"audit\.k8s\.io/')


def holds(value, conditions):
    return all(condition.accepts(*look(value, path)) for path, condition in conditions.items())


def is_event(value):
    version = value.get("apiVersion")
    return value.get("kind") == "Event" and isinstance(version, str) and version.startswith("audit.k8s.io/")


def is_list(value):
    return value.get("kind") == "EventList" and value.get("apiVersion") in (
        "audit.k8s.io/v1", "audit.k8s.io/v1beta1")


class Reader:
    """Reads inputs of one format after each other."""

    def __init__(self, format="auto", rows=table.ROWS, prefixes=table.PREFIXES):
        if format != "auto" and format not in table.FORMATS:
            raise ValueError(f"unknown format {format}")
        self.format = format
        self._all = rows
        self._rows = {row.name: row for row in rows}
        self._prefixes = [prefix for prefix in prefixes if prefix.format == format]
        self._top = [row for row in rows if not row.nested
                     and (row.auto and format == "auto" or row.format == format)]
        self._every_prefix = prefixes
        self._pieces = {}
        self._piece = WHOLE
        self._inflated = 0
        self.requests = counting.Requests()
        self.events = self.foreign = self.truncated = self.malformed = 0
        self.reasons, self.looks_like = {}, {}

    # Inputs

    def read(self, data):
        """Reads one input to its end."""
        if data[:2] == b"\x1f\x8b":
            data, reason = framing.gunzip(data)
            if reason:
                self._fault(f"gzip: {reason}")
        self._pieces = {}
        for kind, value in framing.records(framing.text_of(data)):
            if kind == framing.OBJECT:
                self._try(self._record, value)
            elif kind == framing.TEXT:
                self._try(self._line, value)
            elif kind == framing.ITEMS:
                self._items_before_fault(value)
            else:
                self._fault(value)
        for pieces in self._pieces.values():
            # The end of the last event is not here yet, or never was written.
            self.truncated += bool("".join(pieces))

    def result(self):
        """Everything that was found, as JSON has it."""
        return self.requests.counts() | {
            "events": self.events, "foreign": self.foreign, "truncated": self.truncated, "malformed": self.malformed,
            "reasons": dict(sorted(self.reasons.items())), "looks_like": dict(sorted(self.looks_like.items()))}

    def _try(self, step, *arguments):
        """One record, or one item of a record."""
        try:
            step(*arguments)
        except Foreign:
            self.foreign += 1
        except Truncated:
            self.truncated += 1
        except Malformed as fault:
            self._fault(str(fault))

    def _fault(self, reason):
        self.malformed += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    # Records

    def _record(self, value):
        self._inflated = 0
        if self._event_or_list(value):
            return
        for row in self._top:
            if self._matches(row, value):
                return self._envelope(row, value, 0)
        self._not_ours(value)

    def _items_before_fault(self, arrays):
        for path, empty, items in arrays:
            if items != empty and self._may_open(path, jsontext.whole(empty)):
                return self._try(self._record, jsontext.whole(items))

    def _may_open(self, path, record):
        """Whether the items of a record can be read without its end."""
        if is_event(record):
            return False
        if is_list(record):
            try:
                self._check_origin(record)
            except (Foreign, Malformed, Truncated):
                return False
            return path == "items" and set(record) <= set(table.LIST_KEYS)
        return any(self._matches(row, record) and (not row.first or set(record) <= set(row.first))
                   and ".".join(row.items).startswith(path + "[]") for row in self._top)

    def _not_ours(self, value):
        for row in self._all:
            if not (row.nested or row.general) and self._matches(row, value):
                self.looks_like[row.format] = self.looks_like.get(row.format, 0) + 1
                raise Malformed(f"an envelope of {row.format}")
        raise Malformed("not an audit event")

    @staticmethod
    def _matches(row, value):
        return holds(value, row.keys) and (not row.only or set(value) <= set(row.only))

    def _line(self, text):
        for prefix in self._prefixes:
            found = prefix.pattern.match(text)
            if found is None:
                continue
            if not holds(found.groupdict(), prefix.audit):
                raise Foreign(prefix.name)
            if names_other_log(found.groupdict().get("tag") or ""):
                raise Foreign("another container's file")
            text = found["text"]
            if prefix.joined_by:
                text = self._join(found[prefix.joined_by], text, found["piece"] == "F")
            self._piece = WHOLE
            return None if text is None else self._embedded(text, prefix, 0)
        for prefix in self._every_prefix:
            if prefix.pattern.match(text):
                self.looks_like[prefix.format] = self.looks_like.get(prefix.format, 0) + 1
                raise Malformed(f"a line of {prefix.format}")
        raise Malformed("not a JSON object")

    def _join(self, stream, text, is_last):
        """The whole text of joined pieces; None if more must come."""
        pieces = self._pieces.setdefault(stream, [])
        pieces.append(text)
        if sum(map(len, pieces)) > JOINED_LIMIT:
            # What follows up to the last piece belongs to it.
            self._pieces[stream] = pieces = [None]
        if not is_last:
            if pieces[0] is None:
                del pieces[1:]
            return None
        self._pieces.pop(stream)
        if pieces[0] is None:
            raise Malformed("longer than 16 MiB")
        return self._last_event(pieces)

    def _last_event(self, pieces):
        """The event of the last pieces, if the container ended before it had written the one before."""
        starts = [0] + [at for at in range(1, len(pieces)) if pieces[at].startswith(framing.EVENT_HEAD)][:4]
        for start in starts if len(starts) > 1 else ():
            text = "".join(pieces[start:])
            try:
                jsontext.whole(text)
            except jsontext.Fault:
                continue
            self.truncated += start > 0
            return text
        return "".join(pieces)

    # Envelopes

    def _envelope(self, row, record, layers):
        check_duplicates(record, row.keys)
        check_duplicates(record, [path[1:] for path in row.audit if path.startswith("^")])
        for item in self._items(record, row.items, ()):
            self._try(self._item, row, record, item, layers)

    def _items(self, value, steps, parents):
        if not steps:
            yield parents + (value,)
            return
        if isinstance(value, jsontext.Object):
            check_duplicates(value, [steps[0].removesuffix("[]")])
        found, is_there = look(value, steps[0].removesuffix("[]"))
        if steps[0].endswith("[]"):
            if not isinstance(found, list):
                self._fault(f"{steps[0]} is no array")
                return
            for entry in found:
                yield from self._items(entry, steps[1:], parents + (value,))
        elif is_there:
            yield from self._items(found, steps[1:], parents + (value,))

    def _item(self, row, record, path, layers):
        item = path[-1]
        if not isinstance(item, (dict, list)):
            raise Malformed("an item that is no object")
        check_duplicates(item, [key for key in (*row.audit, *row.item_keys, *row.event) if key[0] != "^"])
        for key, condition in row.audit.items():
            at = record if key[0] == "^" else item
            if not condition.accepts(*look(at, key.removeprefix("^"))):
                raise Foreign(row.name)
        piece = max([check(level, row.format) for level in path if isinstance(level, dict)], default=WHOLE)
        if isinstance(item, list) and row.format == "loki":
            piece = max(piece, check_metadata(item))
        if not holds(item, row.item_keys):
            raise Malformed(f"{row.name} without its event")
        if row.build:
            return self._take(BUILDERS[row.build](item))
        found = next((value for value, is_there in (look(item, path) for path in row.event) if is_there), None)
        if row.joined_by:
            found = self._join(item[row.joined_by], found, found.endswith("\n"))
            if found is None:
                return
        self._piece = piece
        self._unwrap(found, row, layers)

    def _unwrap(self, value, row, layers):
        for step in row.steps:
            if step in ("text?", "bytes", "otlp") and isinstance(value, dict):
                break
            layers += 1
            if layers > MAXIMUM_LAYERS:
                raise Malformed("more than three layers")
            value = DECODERS[step](value)
            if step == "gzip":
                self._inflated += len(value)
                if self._inflated > INFLATED_LIMIT:
                    raise Malformed(f"gzip: more than {INFLATED_LIMIT} bytes in a record")
        if isinstance(value, bytes):
            value = framing.text_of(value)
        if isinstance(value, dict):
            if row.steps[0] == "otlp":
                layers, value = layers + 1, otlp_body(value)
            if isinstance(value, dict):
                return self._inside(value, row, layers)
        if value is None:
            raise Foreign("no text")
        self._embedded(value, row, layers)

    def _embedded(self, text, row, layers):
        """A text that is exactly one JSON value."""
        text = text.strip(jsontext.SPACE)
        wanted = "[" if isinstance(row, table.Prefix) and row.holds == "array" else "{"
        if not text.startswith(wanted):
            raise self._other(row, text)("not a JSON object")
        # Pieces are cut at a fixed length, so a client can make one that looks whole.
        if is_piece(self._piece, text):
            raise Truncated
        try:
            value = jsontext.whole(text)
        except jsontext.Fault as fault:
            if jsontext.ends_early(text) or any(
                    text.endswith(mark) and jsontext.ends_early(text[:-len(mark)]) for mark in TRUNCATION_MARKS):
                raise Truncated from None
            raise Malformed(str(fault)) from None
        if wanted == "[":
            if len(value) != 2 or not table.NUMBER.accepts(value[0], True) or not isinstance(value[1], dict):
                raise Malformed("not a time and a record")
            value = value[1]
        self._inside(value, row, layers)

    def _inside(self, value, row, layers):
        if self._event_or_list(value):
            return
        for name in row.inner:
            inner = self._rows[name]
            if self._matches(inner, value):
                return self._envelope(inner, value, layers)
        raise self._other(row, value.text())("not an audit event")

    @staticmethod
    def _other(row, text):
        """What a text is that is no event: another program's only if it holds no event behind a shifted header."""
        return Foreign if row.other == "foreign" and not _HELD.search(text) else Malformed

    # Events

    def _event_or_list(self, value):
        if is_event(value):
            self._check_origin(value)
            self._take(value)
            return True
        if is_list(value):
            self._check_origin(value)
            items = value.get("items")
            if items is not None and not isinstance(items, list):
                raise Malformed("items is no array")
            for item in items or ():
                self._try(self._list_item, item)
            return True
        return False

    @staticmethod
    def _check_origin(value):
        piece = check(value)
        check_duplicates(value, table.LOG_TYPE)
        if any(key in value and value[key] not in wanted for key, wanted in table.LOG_TYPE.items()):
            raise Foreign("another program's event")
        if piece and is_piece(piece, value.text()):
            raise Truncated

    def _list_item(self, item):
        # Items of old API servers have no kind and no apiVersion; those that have some must have the right ones.
        if not isinstance(item, dict) or ("kind" in item or "apiVersion" in item) and not is_event(item):
            raise Malformed("an item that is no audit event")
        if not isinstance(item.get("stage"), str) and "auditID" not in item:
            raise Malformed("an item that is no audit event")
        self._take(item)

    def _take(self, event):
        self.events += 1
        self.requests.add(event)


def read_files(files, format="auto"):
    """The result of files that are one input, each PATH or NAME:PATH."""
    readers, requests = [], counting.Requests()
    for file in files:
        name, colon, path = str(file).partition(":")
        own = colon and (name in table.FORMATS or name == "auto")
        reader = Reader(name if own else format)
        reader.requests = requests
        reader.read(Path(path if own else file).read_bytes())
        readers.append(reader)
    result = readers[0].result()
    for reader in readers[1:]:
        for key in ("events", "foreign", "truncated", "malformed"):
            result[key] += getattr(reader, key)
        for key in ("reasons", "looks_like"):
            for word, count in getattr(reader, key).items():
                result[key][word] = result[key].get(word, 0) + count
    return result | requests.counts()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--format", default="auto", choices=("auto",) + table.FORMATS)
    parser.add_argument("files", nargs="+", metavar="FILE")
    arguments = parser.parse_args()
    json.dump(read_files(arguments.files, arguments.format), sys.stdout, indent=2, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
