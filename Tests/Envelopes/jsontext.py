"""JSON as strict as the exporter's: the grammar of RFC 8259, any bytes within strings, duplicate keys remembered."""

import json
import re

SPACE = " \t\r\n"


class Object(dict):
    """An object. The last of duplicate keys is its value, as in Go's decoder; `duplicates` names them."""

    duplicates = frozenset()
    # A whole record: the text that it is in, its beginning and its end.
    place = None

    def text(self):
        """The text of a record; of an object in it, one that is about as long."""
        if self.place is None:
            return json.dumps(self, ensure_ascii=False, separators=(",", ":"))
        text, start, end = self.place
        return text[start:end]


def _object(pairs):
    value = Object(pairs)
    if len(value) != len(pairs):
        seen, twice = set(), set()
        for key, _ in pairs:
            (twice if key in seen else seen).add(key)
        value.duplicates = frozenset(twice)
    return value


def _constant(name):
    raise ValueError(f"{name} is no JSON")


def _integer(digits):
    return int(digits) if len(digits) <= 20 else float(digits)


class Decimal(float):
    """A number with a fraction or an exponent, and how it is spelled."""

    def __new__(cls, spelling):
        value = super().__new__(cls, spelling)
        value.spelling = spelling
        return value


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=Decimal,
    strict=True)


class Fault(Exception):
    """Text that is no JSON value; `position` is near the fault."""

    def __init__(self, reason, position=0):
        super().__init__(reason)
        self.position = position


def value_at(text, start):
    """The value that begins exactly at `start`, and its end."""
    try:
        value, end = _decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise Fault(error.msg, error.pos) from None
    except (ValueError, RecursionError) as error:
        raise Fault(str(error) or "nested too deep", start) from None
    if isinstance(value, Object):
        value.place = text, start, end
    return value, end


def whole(text):
    """The one value that `text` is, with white space around it."""
    start = skip_space(text, 0)
    value, end = value_at(text, start)
    if skip_space(text, end) != len(text):
        raise Fault("text behind the value", end)
    return value


def skip_space(text, at, space=SPACE):
    while at < len(text) and text[at] in space:
        at += 1
    return at


def without_surrogates(text):
    """As Go reads a string: a byte that is not UTF-8, and half of a surrogate pair, is U+FFFD."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


_TOKEN = re.compile(
    r'[ \t\r\n]*(?:(?P<mark>[{}\[\]:,])'
    r'|(?P<string>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")'
    r'|(?P<scalar>true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9.eE+-])))')
_CUT = re.compile(
    r'[ \t\r\n]*(?:"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*(?:\\(?:u[0-9a-fA-F]{0,3})?)?'
    r'|t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|-?(?:[0-9][0-9.eE+-]*)?)?\Z')


def ends_early(text):
    """Whether `text` is the beginning of an object, and ends before it: no fault in its grammar, but no end."""
    stack, expected, at = [], "value", 0
    while True:
        token = _TOKEN.match(text, at)
        if token is None:
            # White space, or a string or word that is cut off where one may be.
            may_begin = expected in ("value", "key", "first")
            return bool(stack) and bool(text[at:].strip(SPACE) == "" or may_begin and _CUT.match(text, at))
        at = token.end()
        mark = token["mark"]
        if token["string"] and expected in ("key", "first") and stack[-1] == "{":
            expected = "colon"
        elif mark == ":" and expected == "colon":
            expected = "value"
        elif mark in ("{", "[") and (expected == "value" or expected == "first" and stack[-1] == "["):
            stack.append(mark)
            expected = "first"
        elif mark == "}" and expected in ("comma", "first") and stack[-1] == "{":
            stack.pop()
            expected = "comma"
        elif mark == "]" and expected in ("comma", "first") and stack[-1] == "[":
            stack.pop()
            expected = "comma"
        elif mark == "," and expected == "comma":
            expected = "key" if stack[-1] == "{" else "value"
        elif mark is None and (expected == "value" or expected == "first" and stack[-1] == "["):
            expected = "comma"
        else:
            return False
        if not stack:
            return False
