"""Records begin and end where framing.py says, and text that was cut off is told from text that is wrong."""

import gzip
import json

import pytest

import expected
import framing
import jsontext

EVENT = ('{"kind":"Event","apiVersion":"audit.k8s.io/v1","n":[1,-2.5e3,true,null,{"a":{}}],'
         '"userAgent":"x \\"y\\" \\\\ \\u0085 }{ ö","code":403}')


def kinds(text):
    return [kind for kind, _ in framing.records(text)]


@pytest.mark.parametrize("text, wanted", [
    ("", []), ("\n\n\0\0\n", []), ("{}", ["object"]), ("{}\n{}\n", ["object"] * 2), ("{}{} {}", ["object"] * 3),
    ("{}\0{}", ["object"] * 2), ("{}\r\n{}\r\n", ["object"] * 2), ("[{},{}]", ["object"] * 2), ("[]", []),
    ("[\n  {},\n  {\n \"a\": 1\n}\n]\n{}", ["object"] * 3), ("{\n  \"a\": [\n    1\n  ]\n}\n{}", ["object"] * 2),
    ("{\n}{\n}\n", ["object"] * 2), ("a {}\n{}", ["text", "object"]), ("{} x\n{}", ["fault", "object"]),
    ("{}{}x", ["object", "fault"]),
    ("{\"a\":\n{}\n", ["fault", "object"]), ("{\"a\":1,\n{}", ["fault", "object"]),
    ("{\"a\":\"\n\"}\n{}", ["fault", "text", "object"]),
    ("[{},1,{}]", ["object", "fault", "object"]), ("[{},", ["object", "fault"]),
    ("[{} {}]\n{}", ["object", "fault", "object"]),
    ("{\n\"a\" 1}\n{}", ["fault", "object"]), ("\u0085{}", ["text"]), ("\ufeff{}\n\ufeff{}", ["object"] * 2),
    ("\ufeff", []), ("\ufeff\ufeff{}", ["text"]),
    ("{}\u0085{}\n{}", ["fault", "object"]),
    # White space before a record, and NUL within a line that does not begin as JSON, are another program's.
    ("\t{}\n{}", ["text", "object"]), (" [{}]\n{}", ["text", "object"]), ("\ufeff {}\n{}", ["text", "object"]),
    ("x\0{}\n{}", ["text", "object"]), ("x\0\0[{}]\0{}\n{}", ["text", "object"]), ("\t\0{}\n{}", ["text", "object"]),
    ("{}\0x\0{}\n{}", ["object", "text", "object"]), ("\0\0{}\0\0\n{}", ["object"] * 2), ("\ufeff\0{}", ["object"]),
    ("[\n\"x\0{}\n{}", ["fault", "object"]), ("[\n{\"a\0{}\n", ["fault", "object"]), ("[{}] {}\0{}", ["object"] * 3),
    ("[{}]x\0{}\n{}", ["object", "fault", "object"]), (" \t\r\n{}", ["object"]),
    ("{\n{}\n{}", ["fault", "object", "object"]), ("{\n{\n{\n{}\n{}", ["fault"] * 2 + ["object"] * 2),
    ("[\n{}\n{}\n{}", ["object", "fault", "object", "object"]), ("{\n{} x\n{}", ["fault", "object"]),
    ("{}\u2028{}\n{}", ["fault", "object"]), ("{\"a\":NaN}", ["fault"]), ("{\"a\":01}", ["fault"]),
    ("{'a':1}", ["fault"]), ("{\"a\":1,}", ["fault"]),
])
def test_records(text, wanted):
    assert kinds(text) == wanted


def items(text, monkeypatch, long=0):
    monkeypatch.setattr(framing, "LONG", long)
    return [[array[0::2] for array in value] for kind, value in framing.records(text) if kind == framing.ITEMS]


@pytest.mark.parametrize("text, wanted", [
    ('{"a":[1,{"b":2},{"c"', [("a", '{"a":[1,{"b":2}]}')]),
    ('{"a":[{}]x}', [("a", '{"a":[{}]}')]), ('{"a":[{}],"b":tru}', [("a", '{"a":[{}]}')]),
    ('{"a":{"b":[{},{}', [("a.b", '{"a":{"b":[{},{}]}}')]),
    ('{"a":{"b":[1],"c":2},"d":[3', [("a.b", '{"a":{"b":[1]}}'), ("d", '{"a":{"b":[1],"c":2},"d":[3]}')]),
    ('{"a":{"b":{"c":[1', []), ('{"a"', []), ('{\n"a":[\n{},\n{"b"\n{}\n', [("a", '{\n"a":[\n{}]}')]),
])
def test_items_before_a_fault(text, wanted, monkeypatch):
    assert items(text, monkeypatch) == ([wanted] if wanted else [[]])
    assert items(text, monkeypatch, long=1000) == []


def test_members_of_gzip_behind_each_other():
    data = gzip.compress(b"{}\n") + gzip.compress(b"") + gzip.compress(b"{}{}")
    assert framing.gunzip(data) == (b"{}\n{}{}", None)
    assert framing.gunzip(data[:-1]) == (b"{}\n{}{}", "cut off")
    assert framing.gunzip(data + b"x")[0] == b"{}\n{}{}" and framing.gunzip(data + b"x")[1]
    assert framing.gunzip(data + b"x" + data)[0] == b"{}\n{}{}" and framing.gunzip(data + b"x" + data)[1]
    for padding in (b"\n", b"\r\n", b"\0" * 1000):
        assert framing.gunzip(data + padding + data + padding) == (b"{}\n{}{}" * 2, None)


def test_gzip_is_bounded():
    found, reason = framing.gunzip(gzip.compress(b"\0" * 1000), limit=100)
    assert len(found) <= 101 and "more than" in reason


def test_every_beginning_of_an_object_ends_early():
    assert not jsontext.ends_early(EVENT)
    for length in range(1, len(EVENT)):
        assert jsontext.ends_early(EVENT[:length]), EVENT[:length]
    assert not jsontext.ends_early("")


@pytest.mark.parametrize("text", [
    '{"a" ', '{"a":1 '])
def test_white_space_at_the_end(text):
    assert jsontext.ends_early(text)


@pytest.mark.parametrize("text", [
    '{"a"}', '{"a":}', '{a', '{"a":tru}', '{"a":truex', '{"a":1,}', '{1', '{"a":[1,]', '{"a":"\n', '{"a":"\\x', '}',
    'a',
    '{"a":1}}', '{"a":1} {', '[}', '{]', '{"a":1 "b"', '{"a" 1', '{"a":"\\u12g'])
def test_wrong_text_does_not_end_early(text):
    assert not jsontext.ends_early(text)


def test_a_changed_character_is_never_an_end():
    # Whatever parses is whole; whatever does not and is no beginning is wrong. Both are decided by the same grammar.
    for at in range(len(EVENT)):
        for letter in '{}[]",:\\x0 ':
            changed = EVENT[:at] + letter + EVENT[at + 1:]
            try:
                jsontext.whole(changed)
                is_whole = True
            except jsontext.Fault:
                is_whole = False
            assert not (is_whole and jsontext.ends_early(changed))


def test_duplicate_keys_are_remembered():
    value = jsontext.whole('{"a":1,"b":{"c":1,"c":2},"a":3}')
    assert value == {"a": 3, "b": {"c": 2}} and value.duplicates == {"a"} and value["b"].duplicates == {"c"}


def test_bytes_of_clients_are_kept():
    text = framing.text_of(b'{"a":"\xff\xc3\xb6\xed\xa0\x80","b":"\\ud800"}')
    value = jsontext.whole(text)
    assert jsontext.without_surrogates(value["a"]).startswith("\ufffd\u00f6\ufffd")
    assert jsontext.without_surrogates(value["b"]) == "\ufffd"


def test_pretty_printed_samples_are_what_they_were():
    for name in ("aks-eventhub.json", "otlp.json", "loki-push.json", "eks-filter-log-events.json", "gke-read.json"):
        text = framing.text_of(expected.path(name).read_bytes())
        values = [value for _, value in framing.records(text)]
        for indent in (1, 4):
            printed = "\n".join(json.dumps(value, indent=indent) for value in values)
            assert [value for _, value in framing.records(printed)] == values
            printed = json.dumps(values, indent=indent)
            assert [value for _, value in framing.records(printed)] == values
