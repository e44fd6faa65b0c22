"""What is nearly an envelope is refused: wrong constants and places, events in events, duplicates, a fourth layer."""

import base64
import dataclasses
import gzip
import json

import pytest

import expected
import reader
import table
from cases import CLOUDWATCH, FORGED, TEXT, counted, first, read, values

OBJECTS = [name for name in sorted(expected.FILES)
           if not name.endswith(".gz") and isinstance(values(name)[0], dict)
           and name not in ("hostile.log", "rancher.log", "fluent-bit-parsed.log", "gdc.log", "viaq.log")]


@pytest.mark.parametrize("name", OBJECTS)
def test_the_order_of_keys_does_not_matter(name):
    format = expected.FILES[name]["format"]
    straight = read(json.dumps(first(name)), format)

    def turned(value):
        if isinstance(value, dict):
            return {key: turned(inner) for key, inner in reversed(value.items())}
        return [turned(inner) for inner in value] if isinstance(value, list) else value

    assert read(json.dumps(turned(first(name))), format) == straight
    assert counted(straight) > 0


def rows_of(name):
    record = first(name)
    return [row for row in table.ROWS if not row.nested and not row.general
            and row.format == expected.FILES[name]["format"] and reader.Reader._matches(row, record)]


def is_general(record, format):
    return any(row.general and row.format == format and reader.Reader._matches(row, record) for row in table.ROWS)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_key_that_is_missing_renamed_or_of_another_type_is_refused(name):
    format = expected.FILES[name]["format"]
    for row in rows_of(name):
        for key in row.keys:
            if key not in first(name):
                continue
            for change in ("missing", "renamed", "number", "null"):
                record = first(name)
                value = record.pop(key)
                if change == "renamed":
                    record[key + "x"] = value
                elif change != "missing" and row.keys[key] != table.ANY:
                    record[key] = 7 if change == "number" else None
                result = read(json.dumps(record), format)
                wanted = 1 if is_general(record, format) else 0
                assert counted(result) == wanted, (key, change)
                assert wanted or result["malformed"] + result["foreign"] > 0, (key, change)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_wrong_constant_is_refused(name):
    format = expected.FILES[name]["format"]
    text = json.dumps(first(name))
    constants = {value for row in rows_of(name) for conditions in (row.keys, row.audit)
                 for condition in conditions.values() for value in (*condition.values, condition.begins) if value}
    for constant in constants:
        word = json.dumps(constant)[:-1]
        if word not in text:
            continue
        for wrong in (word + "x" if constant not in (table.AUDIT_STREAM.begins,) else '"x' + word[1:],
                      '"' + constant.upper().swapcase(), '" ' + constant, '"'):
            if wrong == word:
                continue
            changed = text.replace(word + '"', wrong + '"') if constant != table.AUDIT_STREAM.begins else text.replace(
                word, wrong)
            if changed != text:
                assert counted(read(changed, format)) == 0, (constant, wrong)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_duplicate_of_a_key_is_refused(name):
    format = expected.FILES[name]["format"]
    for row in rows_of(name):
        for key in row.keys:
            record = first(name)
            if key not in record:
                continue
            second = json.dumps({key: record[key]})[1:-1]
            text = json.dumps(record)
            for changed in ("{" + second + "," + text[1:], text[:-1] + "," + second + "}"):
                result = read(changed, format)
                assert counted(result) == 0 and result["malformed"] > 0, key


@pytest.mark.parametrize("name", OBJECTS)
def test_an_envelope_in_another_key_is_refused(name):
    format = expected.FILES[name]["format"]
    for record in ({"x": first(name)}, {"data": [first(name)]}, {"a": json.dumps(first(name))}):
        result = read(json.dumps(record), format)
        assert counted(result) == 0 and result["malformed"] == 1


@pytest.mark.parametrize("format", ("auto",) + table.FORMATS)
def test_nothing_in_an_event_is_entered(format):
    for name in OBJECTS:
        harmless = FORGED | {"sourceIPs": ["198.51.100.7"], "user": {"username": "a", "groups": ["b"]}}
        for key in ("requestObject", "log", "message", "records", "items", "event", "x"):
            result = read(json.dumps(harmless | {key: first(name)}), format)
            assert counted(result) == 0 and (result["events"] == 1 or result["foreign"] == 1)
        # All keys of the envelope and those of the event.
        result = read(json.dumps(first(name) | harmless), format)
        assert counted(result) == 0


@pytest.mark.parametrize("inside", ["text", "list"])
def test_an_event_in_an_event_is_refused(inside):
    harmless = FORGED | {"responseStatus": {"code": 200}, "requestURI": "/version"}
    harmless |= {"items": [FORGED]} if inside == "list" else {"log": TEXT}
    record = {"date": 1.5, "log": json.dumps(harmless)}
    result = read(json.dumps(record), "fluent-bit")
    assert counted(result) == 0 and result["events"] == 1


@pytest.mark.parametrize("text", [
    TEXT + " " + TEXT, TEXT + "x", "x" + TEXT, TEXT + ",", json.dumps(TEXT), "[" + TEXT + "]", TEXT + "\0",
    TEXT[:-1] + ',"a":NaN}', TEXT[:-1] + ",}", "\ufeff" + TEXT, "\u0085" + TEXT, TEXT + "\u0085", TEXT + "\u00a0",
    TEXT.replace('"Event"', '"event"'), TEXT.replace("audit.k8s.io/v1", "audit.k8s.io.example.com/v1"),
    TEXT.replace('"kind": "Event"', '"Kind": "Event"'), ""])
def test_a_text_that_is_not_exactly_one_event_is_refused(text):
    for format, record in (
            ("fluent-bit", {"date": 1, "log": text}),
            ("vector", {"message": text, "source_type": "file", "timestamp": "x"}),
            ("gelf", {"version": "1.1", "host": "h", "short_message": text}),
            ("loki", {"labels": {}, "line": text, "timestamp": "x"})):
        result = read(json.dumps(record), format)
        assert counted(result) == 0 and result["malformed"] == 1


def test_white_space_around_an_event_is_allowed():
    for text in (TEXT + "\n", TEXT + "\r\n", " \t" + TEXT):
        assert counted(read(json.dumps({"date": 1, "log": text}), "fluent-bit")) == 1


def packed(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.b64encode(gzip.compress(text.encode())).decode()


def test_three_layers_and_not_a_fourth():
    lambda_event = {"awslogs": {"data": packed(CLOUDWATCH)}}
    assert counted(read(json.dumps(lambda_event), "eks")) == 1
    again = {"awslogs": {"data": packed(lambda_event)}}
    deep = CLOUDWATCH | {"logEvents": [{"id": "1", "timestamp": 1, "message": json.dumps(CLOUDWATCH)}]}
    for record in (again, {"awslogs": {"data": packed(deep)}}, deep):
        result = read(json.dumps(record), "eks")
        assert counted(result) == 0 and result["malformed"] == 1


def test_the_limit_of_layers_holds_whatever_the_table_says():
    rows = tuple(dataclasses.replace(row, inner=("ovh", "ovh-message")) if row.format == "ovh" else row
                 for row in table.ROWS)
    message = {"version": "1.1", "host": "h", "short_message": TEXT}
    for layers, wanted in ((0, 1), (1, 1), (2, 0)):
        record = message
        for _ in range(layers + 1):
            record = {"message": json.dumps(record)}
        result = read(json.dumps(record), "ovh", rows=rows)
        assert counted(result) == wanted, layers
        assert ("more than three layers" in result["reasons"]) == (not wanted)


def test_no_row_leads_to_more_than_three_layers():
    rows = {row.name: row for row in table.ROWS}

    def layers(row):
        return len(getattr(row, "steps", ())) + max([layers(rows[name]) for name in row.inner], default=0)

    assert max(layers(row) for row in table.ROWS + table.PREFIXES) == reader.MAXIMUM_LAYERS


@pytest.mark.parametrize("data", [
    packed(CLOUDWATCH)[:-4], "*" + packed(CLOUDWATCH), packed(CLOUDWATCH) + "\n",
    packed(CLOUDWATCH).replace("H4s", "H4t"),
    base64.b64encode(json.dumps(CLOUDWATCH).encode()).decode(), packed(json.dumps(CLOUDWATCH) * 2),
    packed(json.dumps(CLOUDWATCH) + "x"), packed([CLOUDWATCH]), packed(FORGED | {"kind": "x"}), "", "ö"])
def test_data_that_does_not_decode_to_one_record_is_refused(data):
    result = read(json.dumps({"awslogs": {"data": data}}), "eks")
    assert counted(result) == 0 and result["malformed"] == 1


def test_a_bomb_is_refused():
    bomb = base64.b64encode(gzip.compress(b" " * (80 << 20) + json.dumps(CLOUDWATCH).encode())).decode()
    assert counted(read(json.dumps({"awslogs": {"data": bomb}}), "eks")) == 0


def test_many_texts_of_a_record_share_one_limit(monkeypatch):
    data = packed(CLOUDWATCH)
    monkeypatch.setattr(reader, "INFLATED_LIMIT", 2 * len(json.dumps(CLOUDWATCH)))
    record = json.dumps({"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": data}}] * 3})
    result = read(record + "\n" + record, "eks")
    assert result["malformed"] == 2 and result["events"] == 2 * 2


@pytest.mark.parametrize("format, line", [
    ("syslog", "<133>May  1 10:00:01 cp-1 k8s-audit: "), ("syslog", "May  1 10:00:05 cp-1 k8s-audit[1]: "),
    ("syslog", "<110>1 2024-05-01T10:00:02.1Z cp-1 a b c - "),
    ("syslog", '<110>1 - cp-1 a b c [x y="\\"\\]"][z] \ufeff'),
    ("syslog", "2024-05-01T10:00:04.123456+00:00 cp-1 k8s-audit: "), ("cri", "2024-05-01T10:00:01.1Z stdout F "),
    ("oc-node-logs", "master-0.example.com "), ("eks", "2024-05-01T10:00:01.123Z "),
    ("eks", "2024-05-01T10:00:01.123000+00:00 kube-apiserver-audit-1 "),
    ("fluentd", "2024-05-01T10:00:01+00:00\tkube.audit\t")])
def test_a_prefix_is_anchored_and_ends_at_the_event(format, line):
    good = line + TEXT
    assert counted(read(good, format)) == 1
    for bad in (line + "x" + TEXT, good + "x", good + " " + TEXT, line + line + TEXT, line[:-1] + TEXT,
                line + json.dumps(TEXT), line + "[" + TEXT + "]", TEXT + line, "{" + good, '"' + good):
        result = read(bad, format)
        # A byte order mark is optional.
        assert counted(result) == 0 or line.endswith("\ufeff") and bad == line[:-1] + TEXT, bad
    for bad in ("x " + good, "\t" + line[:1] + "\t" + good):
        assert counted(read(bad, format)) == 0, bad


def test_an_audit_id_that_ends_a_syslog_header_hides_its_event_and_forges_none():
    # OpenShift's forwarder takes the Audit-ID, which a client chooses, for the PROCID.
    head = "<110>1 2024-05-01T10:00:02.123456Z cp-1 kubeAPI "
    real = json.dumps(FORGED | {"sourceIPs": ["203.0.113.10"]})
    for audit_id in ("x kubeAPI - " + TEXT, "x kubeAPI - " + TEXT[:-1] + ',"a":"', "x kubeAPI - {",
                     'x kubeAPI - [a b="' , 'x kubeAPI - {"requestObject":'):
        result = read(head + audit_id + " kubeAPI - " + real, "syslog")
        assert "192.0.2.66 verified" not in result["forbidden"]


def test_an_event_behind_a_shifted_header_is_reported():
    head = "<110>1 2024-05-01T10:00:02.123456Z cp-1 kubeAPI "
    for audit_id, wanted in (("0a4f", 1), ("x y -", 0), ("x y", 0), ('x y - \\"audit.k8s.io/', 0)):
        result = read(f"{head}{audit_id} kubeAPI - {TEXT}", "syslog")
        assert (counted(result), result["malformed"], result["foreign"]) == (wanted, 1 - wanted, 0)
    for text, wanted in (("x" + TEXT, 0), ('{"a":' + TEXT + "}", 0), ("x" + json.dumps(TEXT), 1), ("x", 1)):
        for format, record in (("syslog", f"May  1 10:00:05 cp-1 x: {text}"),
                               ("journald", json.dumps({"__REALTIME_TIMESTAMP": "1", "MESSAGE": text}))):
            result = read(record, format)
            assert (counted(result), result["foreign"], result["malformed"]) == (0, wanted, 1 - wanted)


def test_pieces_are_joined_by_stream_only():
    head = "2024-05-01T10:00:01.1Z "
    lines = [f"{head}stdout P {TEXT[:40]}", f"{head}stderr P {TEXT}", f"{head}stdout F {TEXT[40:]}",
             f"{head}stderr F {TEXT}"]
    result = read("\n".join(lines), "cri")
    assert counted(result) == 1 and result["foreign"] == 2
    for wrong in ("stdout X", "stdin F", "stdout f", "stdout FP", "STDOUT F"):
        assert counted(read(f"{head}{wrong} {TEXT}", "cri")) == 0
    # A piece without an end is an event that was cut off.
    assert read(lines[0], "cri")["truncated"] == 1
    assert read(lines[2], "cri")["malformed"] == 1


def test_events_that_were_cut_off_are_told_from_wrong_ones():
    for text in (TEXT[:-1], TEXT[:200], TEXT[:200] + "[Truncated...]", TEXT[:-1] + "[Truncated...]"):
        assert read(json.dumps({"date": 1, "log": text}), "fluent-bit")["truncated"] == 1
    for text in (TEXT + "[Truncated...]", "[Truncated...]", TEXT[:50] + "}" + TEXT[50:]):
        assert read(json.dumps({"date": 1, "log": text}), "fluent-bit")["malformed"] == 1


def test_an_item_of_a_list_must_be_an_event_of_audit():
    items = [FORGED, FORGED | {"kind": "Pod"}, FORGED | {"apiVersion": "v1"}, {"log": TEXT}, {"records": []}, 7, None,
             {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [FORGED]}]
    result = read(json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": items}))
    assert (result["events"], result["malformed"]) == (1, 7)
