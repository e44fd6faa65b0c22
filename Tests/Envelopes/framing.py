"""Cuts a file into records.

- A line that begins with `{` holds one object, or objects behind each other. With other text behind it an object is no
  record. A line never goes on in the next one, except if it is nothing but `{`: that object is printed over many lines.
- A line that begins with `[` begins an array, which ends at its bracket, on whatever line. Its items are records.
- Any other line is a record by itself: one with a prefix. So is a line with white space before its `{`: other programs
  print it before the lines of a text.
- A byte order mark at the beginning of a line is skipped.

So a line that was cut off never takes its neighbours with it: a printed object or an array that has a fault ends there, if
the next line begins as an event, or is an object by itself. The exporter reads a long record before its end is there, so
of an object with a fault, far from its beginning, the items before the fault count. Lines end at a line feed, and those
that begin with `{` or `[` at NUL too. They end nowhere else: not at U+0085, U+2028 or a carriage return.
"""

import itertools
import re
import zlib

import jsontext

_LINE_END = re.compile("[\n\0]")
BYTE_ORDER_MARK = "\ufeff"
_ENDS = "\n\0"

OBJECT, TEXT, FAULT = "object", "text", "fault"
# The arrays of an object that has a fault, each as (path, the object with the array empty, the object with its items).
ITEMS = "items"

EVENT_HEAD = '{"kind":"Event","apiVersion":"audit.k8s.io/'
MEMBERS_LIMIT = 64 << 20
# Keys behind the items may name another writer, so the items of a short record are not read without its end.
LONG = 2 << 20
LONGEST_HEAD, MOST_ARRAYS, DEEPEST = 64 << 10, 16, 2


def text_of(data):
    """Bytes as text; those that are not UTF-8 become halves of surrogate pairs."""
    return data.decode("utf-8", "surrogateescape")


def gunzip(data, limit=MEMBERS_LIMIT):
    """All gzip members behind each other: their bytes up to the first fault or the limit, and the reason or None.

    Zeros and line ends between and behind them are padding.
    """
    out, size = [], 0
    while data:
        if out:
            data = data.lstrip(b"\0\r\n")
            if not data:
                break
        member = zlib.decompressobj(wbits=31)
        try:
            out.append(member.decompress(data, limit - size + 1))
        except zlib.error as error:
            return b"".join(out), str(error)
        size += len(out[-1])
        if size > limit:
            return b"".join(out), f"more than {limit} bytes"
        if not member.eof:
            return b"".join(out), "cut off"
        data = member.unused_data
    return b"".join(out), None


def records(text):
    """Yields (kind, value): an object, a line's text, a fault and its reason, or before it the arrays that it is in."""
    at = 0
    while True:
        at = jsontext.skip_space(text, at, _ENDS)
        if at == len(text):
            return
        end = _line_end(text, at)
        at += text[at] == BYTE_ORDER_MARK
        if text.startswith("{", at):
            at = yield from _objects(text, at)
        elif text.startswith("[", at):
            at = yield from _array(text, at)
        else:
            # A piece of a container's text may be empty, or end in white space.
            if text[at:end].strip(jsontext.SPACE):
                yield TEXT, text[at:end]
            at = end


def _line_end(text, start):
    """The end of the line that begins at `start`."""
    found = _LINE_END.search(text, start)
    if found and found[0] == "\0" and text[start:found.start()].removeprefix(BYTE_ORDER_MARK)[:1] not in ("", "{", "["):
        found = re.compile("\n").search(text, start)
    return found.start() if found else len(text)


def _end_of_line(text, place):
    """The end of the line that has a place in it."""
    at = text.rfind("\n", 0, place) + 1
    while True:
        at = min(jsontext.skip_space(text, at, "\0"), place)
        end = _line_end(text, at)
        if end >= place:
            return end
        at = end


def _begins_record(text, at):
    """Whether a line begins here, as an event or as a whole object."""
    if text[at - 1:at] not in ("\n", "\0"):
        return False
    if text.startswith(EVENT_HEAD, at):
        return True
    try:
        return isinstance(jsontext.whole(text[at:_line_end(text, at)]), dict) and text[at] == "{"
    except jsontext.Fault:
        return False


def _behind_fault(text, at, fault):
    """The line behind a fault, or the fault itself if an event begins there: a torn record takes no other with it."""
    fault = max(at, min(fault, len(text)))
    return fault if _begins_record(text, fault) else _end_of_line(text, fault)


def _fault(text, start, position, reason):
    """A fault in the object that begins at `start`, or behind it."""
    if len(text[start:position].encode("utf-8", "surrogateescape")) >= LONG:
        yield ITEMS, itertools.islice(_arrays(text, start, start, (), "", 0), MOST_ARRAYS)
    yield FAULT, reason


def _arrays(text, start, at, path, closers, level):
    if not text.startswith("{", at):
        return
    at, closers = at + 1, "}" + closers
    while True:
        try:
            at = jsontext.skip_space(text, at)
            begin = at
            key, at = jsontext.value_at(text, at)
            name = text[begin + 1:at - 1]
            at = jsontext.skip_space(text, at)
            if not isinstance(key, str) or not text.startswith(":", at):
                return
            at = jsontext.skip_space(text, at + 1)
            if at - start > LONGEST_HEAD:
                return
            if text.startswith("[", at):
                whole = text[start:at + 1], text[at + 1:_items_end(text, at + 1)]
                yield ".".join((*path, name)), f"{whole[0]}]{closers}", "".join(whole) + "]" + closers
            elif level + 1 < DEEPEST:
                yield from _arrays(text, start, at, (*path, name), closers, level + 1)
            at = jsontext.skip_space(text, jsontext.value_at(text, at)[1])
        except jsontext.Fault:
            return
        if not text.startswith(",", at):
            return
        at += 1


def _items_end(text, at):
    """Behind the last complete item."""
    end = at
    while True:
        try:
            end = at = jsontext.value_at(text, jsontext.skip_space(text, at))[1]
        except jsontext.Fault:
            return end
        at = jsontext.skip_space(text, at)
        if not text.startswith(",", at):
            return end
        at += 1


def _objects(text, at):
    end = _line_end(text, at)
    if text[at:end].strip(jsontext.SPACE) == "{":
        try:
            value, at = jsontext.value_at(text, at)
        except jsontext.Fault as fault:
            yield from _fault(text, at, fault.position, str(fault))
            return _behind_fault(text, at, fault.position)
        yield OBJECT, value
        return (yield from _rest(text, at))
    line = text[at:end]
    place = 0
    while place < len(line):
        try:
            start = place
            value, place = jsontext.value_at(line, place)
        except jsontext.Fault as fault:
            yield from _fault(line, start, fault.position, str(fault))
            break
        place = jsontext.skip_space(line, place)
        if place < len(line) and line[place] != "{":
            # Then it is not known what the object before it is either.
            yield from _fault(line, start, place, "text behind the record")
            break
        yield OBJECT, value
    return end


def _rest(text, at):
    """The line behind a value that was read over many lines."""
    at = jsontext.skip_space(text, at, " \t\r")
    if text[at:at + 1] in ("", "\n", "\0", "{", "["):
        return at
    yield FAULT, "text behind the record"
    return _line_end(text, at)


def _array(text, at):
    at += 1
    is_first = True
    while True:
        at = jsontext.skip_space(text, at)
        if text.startswith("]", at) and is_first:
            at += 1
            break
        try:
            value, at = jsontext.value_at(text, at)
        except jsontext.Fault as fault:
            yield FAULT, str(fault)
            return at if _begins_record(text, at) else _behind_fault(text, at, fault.position)
        yield (OBJECT, value) if isinstance(value, dict) else (FAULT, "an item that is no object")
        is_first = False
        at = jsontext.skip_space(text, at)
        if text.startswith(",", at):
            at += 1
        elif text.startswith("]", at):
            at += 1
            break
        else:
            yield FAULT, "an array that has no end"
            return _behind_fault(text, at, at)
    return (yield from _rest(text, at))
