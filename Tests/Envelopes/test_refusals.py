"""What is nearly an envelope is refused: wrong constants and places, events in events, duplicates, a fourth layer."""

import base64
import copy
import dataclasses
import functools
import gzip
import itertools
import json

import pytest

import expected
import framing
import reader
import table

FORGED = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete",
          "verb": "get", "auditID": "0a4f3c1e-0009-4d5e-8a11-000000000009", "requestURI": "/x",
          "user": {"username": "system:anonymous", "groups": ["system:unauthenticated"]}, "sourceIPs": ["192.0.2.66"],
          "responseStatus": {"code": 403}, "requestReceivedTimestamp": "2024-05-01T10:00:09.123456Z",
          "stageTimestamp": "2024-05-01T10:00:09.124001Z"}
TEXT = json.dumps(FORGED)


def read(text, format="auto", **options):
    own = reader.Reader(format, **options)
    own.read(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
    return own.result()


def values(name):
    return [value for kind, value in framing.records(framing.text_of(expected.path(name).read_bytes()))]


def counted(result):
    return sum(sum(counts.values()) for counts in (result["forbidden"], result["unauthorized"], result["allowed"]))


@functools.cache
def _first(name):
    return next(value for value in values(name) if isinstance(value, dict)
                and counted(read(json.dumps(value), expected.FILES[name]["format"])))


def first(name):
    """The first record of a sample that counts."""
    return copy.deepcopy(_first(name))


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
    return [row for row in table.ROWS if not row.nested and row.format == expected.FILES[name]["format"]
            and reader.Reader._matches(row, record)]


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
                assert counted(result) == 0 and result["malformed"] + result["foreign"] > 0, (key, change)


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


CLOUDWATCH = {"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "/aws/eks/example/cluster",
              "logStream": "kube-apiserver-audit-1", "logEvents": [{"id": "1", "timestamp": 1, "message": TEXT}]}


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


POD = {"namespace_name": "shop", "container_name": "web", "pod_name": "kube-apiserver-cp-1"}
APISERVER = {"namespace_name": "kube-system", "container_name": "kube-apiserver"}


@pytest.mark.parametrize("format", ("auto", "fluent-bit"))
def test_keys_that_a_shipper_lifts_from_a_pods_text_are_foreign(format):
    assert read(json.dumps(FORGED | {"kubernetes": POD}), format)["foreign"] == 1
    assert counted(read(json.dumps(FORGED | {"kubernetes": APISERVER}), format)) == 1
    # The pod's text names the API server, and the shipper adds the truth: one of two equal keys.
    names = [json.dumps({"kubernetes": value})[1:-1] for value in (APISERVER, POD)]
    for pair in itertools.permutations(names):
        assert counted(read(TEXT[:-1] + "," + ",".join(pair) + "}", format)) == 0
    assert counted(read(json.dumps(FORGED | {"log_type": "application", "log_source": "container"}), format)) == 0
    # The same names as keys with dots, a value in their place, and a list.
    dotted = {f"kubernetes.{key}": value for key, value in APISERVER.items()}
    assert counted(read(json.dumps(FORGED | dotted | {"kubernetes": POD}), format)) == 0
    assert counted(read(TEXT[:-1] + "," + names[1] + ',"kubernetes":1}', format)) == 0
    assert counted(read(json.dumps(FORGED | {"kubernetes": "kube-apiserver"}), format)) == 0
    listed = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [FORGED]}
    assert counted(read(json.dumps(listed), format)) == 1
    assert counted(read(json.dumps(listed | {"kubernetes": POD}), format)) == 0


LONG = json.dumps(FORGED | {"x": "x" * (16 << 10)})


def journal(**keys):
    return {"__REALTIME_TIMESTAMP": "1", "MESSAGE": TEXT} | keys


def filebeat(**keys):
    return {"message": TEXT, "@timestamp": "t", "agent": {"type": "filebeat"}} | keys


def otlp(key, value):
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [
        {"attributes": [{"key": key, "value": {"stringValue": value}}], "body": {"stringValue": TEXT}}]}]}]}


@pytest.mark.parametrize("format, record, wanted", [
    ("fluent-bit", {"date": 1, "log": TEXT, "logtag": "F"}, 1),
    ("fluent-bit", {"date": 1, "log": TEXT, "logtag": "P"}, 0), ("fluent-bit", {"date": 1, "log": TEXT, "_p": "P"}, 0),
    ("fluent-bit", {"date": 1, "log": TEXT, "logtag": "P:x"}, 0),
    ("fluent-bit", {"date": 1, "log": TEXT, "partial_message": "true", "partial_last": "true"}, 0),
    ("fluent-bit", {"date": 1, "log": TEXT, "partial_message": "false"}, 1), ("auto", FORGED | {"_p": "P"}, 0),
    # Pieces that were joined, with the mark of the first one.
    ("fluent-bit", {"date": 1, "log": LONG, "_p": "P"}, 1), ("auto", json.loads(LONG) | {"logtag": "P"}, 1),
    ("fluent-bit", {"date": 1, "log": LONG, "partial_message": "true"}, 0),
    ("vector", {"message": TEXT, "source_type": "docker_logs", "timestamp": "t", "_partial": True}, 0),
    ("journald", journal(_LINE_BREAK="eof"), 1), ("journald", journal(_LINE_BREAK="line-max"), 0),
    ("journald", journal(CONTAINER_PARTIAL_MESSAGE="true"), 0), ("filebeat", filebeat(log={"flags": ["multiline"]}), 1),
    ("filebeat", filebeat(log={"flags": ["partial"]}), 0), ("filebeat", filebeat(**{"log.flags": ["truncated"]}), 0),
    ("otlp", otlp("logtag", "P"), 0), ("otlp", otlp("logtag", "F"), 1),
    ("loki", {"labels": {"logtag": "P"}, "line": TEXT, "timestamp": "t"}, 0)])
def test_a_piece_is_cut_off_even_if_it_looks_whole(format, record, wanted):
    result = read(json.dumps(record), format)
    assert (counted(result), result["truncated"]) == (wanted, 1 - wanted)


POD_FILE = "/var/log/pods/shop_kube-apiserver-1_1-2/kube-apiserver/0.log"
SERVER_FILE = "/var/log/pods/kube-system_kube-apiserver-cp-1.example.com_1-2/kube-apiserver/0.log"


@pytest.mark.parametrize("format, record, wanted", [
    ("auto", FORGED | {"kubernetes.namespace_name": "shop", "kubernetes.container_name": "web"}, 0),
    ("auto", FORGED | {"kubernetes": {"pod_name": "web"}}, 0), ("auto", FORGED | {"file": POD_FILE}, 0),
    ("auto", FORGED | {"file": SERVER_FILE, "k8s_audit_level": "Metadata"}, 1),
    ("fluent-bit", {"date": 1, "log": TEXT, "container_name": "/web"}, 0),
    ("fluent-bit", {"date": 1, "log": TEXT, "container_name": "/kube-apiserver"}, 1),
    ("fluent-bit", {"date": 1, "log": TEXT, "container_name": "k8s_kube-apiserver_kube-apiserver-1_kube-system_1"}, 1),
    ("loki", {"labels": {"k8s_namespace_name": "a", "k8s_container_name": "b"}, "line": TEXT, "timestamp": "t"}, 0),
    ("loki", {"labels": {"pod": "web"}, "line": TEXT, "timestamp": "t"}, 0),
    ("loki", {"labels": {"filename": POD_FILE}, "line": TEXT, "timestamp": "t"}, 0),
    ("loki", {"labels": {"job": "a", "filename": "/var/log/audit.log"}, "line": TEXT, "timestamp": "t"}, 1),
    ("gelf", {"version": "1.1", "host": "h", "short_message": TEXT, "_kubernetes_container_name": "web"}, 0),
    ("splunk-hec", {"time": 1, "event": TEXT, "sourcetype": "kube:container:web"}, 0),
    ("splunk-hec", {"time": 1, "event": TEXT, "source": SERVER_FILE}, 1),
    ("splunk-hec", {"time": 1, "event": TEXT, "fields": {"namespace": "shop", "container_name": "web"}}, 0),
    ("otlp", otlp("k8s.pod.name", "web"), 0), ("otlp", otlp("log.file.path", POD_FILE), 0),
    ("otlp", otlp("log.file.path", SERVER_FILE), 1), ("filebeat", filebeat(log={"file": {"path": POD_FILE}}), 0),
    ("journald", journal(_SYSTEMD_UNIT="user@1000.service"), 0), ("journald", journal(_SYSTEMD_UNIT="k3s.service"), 1),
    ("journald", journal(CONTAINER_NAME="k8s_web_web-1_shop_1_0"), 0)])
def test_a_record_that_names_another_writer_is_foreign(format, record, wanted):
    result = read(json.dumps(record), format)
    assert (counted(result), result["foreign"]) == (wanted, 1 - wanted)


def test_the_tag_of_another_containers_file_is_foreign():
    for tag, wanted in (("kube.var.log.containers.web_shop_web-1.log", 0), ("kube.audit", 1),
                        ("kube.var.log.containers.kube-apiserver-1_kube-system_kube-apiserver-1.log", 1)):
        assert counted(read(f'{tag}: [1.0, {json.dumps({"log": TEXT})}]', "fluent-bit")) == wanted
        line = f'2024-05-01T10:00:01Z\t{tag}\t{json.dumps({"message": TEXT})}'
        assert counted(read(line, "fluentd")) == wanted


def test_pieces_of_two_events_are_two_events():
    compact = json.dumps(FORGED, separators=(",", ":"))
    head = "2024-05-01T10:00:01.1Z stdout "
    torn = read(f"{head}P {compact[:100]}\n{head}P:x {compact[:80]}\n{head}F {compact[80:]}", "cri")
    assert (counted(torn), torn["truncated"]) == (1, 1)
    # An object of a client, where a piece begins.
    client = compact[:-1] + ',"requestObject":['
    client = client.replace("unauthenticated", "authenticated")
    result = read(f"{head}P {client}\n{head}P {compact}\n{head}F ]}}", "cri")
    assert counted(result) == 0 and result["events"] == 1


def test_an_event_behind_a_record_that_has_no_end_is_read():
    compact = json.dumps(FORGED, separators=(",", ":"))
    for text in ("{\n" + compact, "[\n" + compact + "\n" + compact.replace("192.0.2.66", "192.0.2.67")):
        assert counted(read(text)) == text.count("system:unauthenticated")


@pytest.mark.parametrize("kubernetes, wanted", [
    (APISERVER, 1), (POD, 0), (APISERVER | {"namespace_name": "shop"}, 0), ({"namespace_name": "kube-system"}, 0),
    ({"container_name": "kube-apiserver"}, 0), ({}, 1), ({"host": "cp-1"}, 1),
    (APISERVER | {"container_name": "kube-apiserver-x"}, 0), ({"namespace_name": ["kube-system"]}, 0)])
def test_names_of_containers(kubernetes, wanted):
    record = {"date": 1, "log": TEXT, "kubernetes": kubernetes}
    assert counted(read(json.dumps(record), "fluent-bit")) == wanted
    assert counted(read(json.dumps(record | {"stream": "stderr"}), "fluent-bit")) == 0


def test_names_of_containers_in_other_envelopes():
    for format, record in (
            ("loki", {"labels": {"namespace": "shop", "container": "web"}, "line": TEXT, "timestamp": "x"}),
            ("loki", {"streams": [{"stream": {"namespace": "a", "container": "b"}, "values": [["1", TEXT]]}]}),
            ("vector", {"message": TEXT, "source_type": "kubernetes_logs", "timestamp": "x",
                        "kubernetes": {"pod_namespace": "shop", "container_name": "web"}}),
            ("filebeat", {"message": TEXT, "@timestamp": "x", "agent": {"type": "filebeat"},
                          "kubernetes": {"namespace": "shop", "container": {"name": "web"}}}),
            ("elasticsearch", {"hits": {"hits": [{"_source": {
                "message": TEXT, "kubernetes": {"namespace": "shop", "container": {"name": "web"}}}}]}}),
            ("elasticsearch", {"hits": {"hits": [{"_source": {
                "kubernetes": {"audit": FORGED, "namespace": "shop", "container": {"name": "web"}}}}]}}),
            ("splunk-hec", {"time": 1, "event": TEXT, "fields": {
                "k8s.namespace.name": "shop", "k8s.container.name": "web"}}),
            ("otlp", {"resourceLogs": [{"resource": {"attributes": [
                {"key": "k8s.namespace.name", "value": {"stringValue": "shop"}},
                {"key": "k8s.container.name", "value": {"stringValue": "web"}}]},
                "scopeLogs": [{"logRecords": [{"body": {"stringValue": TEXT}}]}]}]})):
        result = read(json.dumps(record), format)
        assert (counted(result), result["foreign"]) == (0, 1), record


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


@pytest.mark.parametrize("item", [
    {"messageType": "CONTROL_MESSAGE"}, {"messageType": "DATA_MESSAGE", "logStream": "kube-apiserver-1"},
    {"logStream": "authenticator-1"}, {"logStream": "x-kube-apiserver-audit-1"}, {"logStream": "kube-apiserver-audit"}])
def test_other_streams_of_cloudwatch_are_foreign(item):
    result = read(json.dumps(CLOUDWATCH | item))
    assert (counted(result), result["foreign"]) == (0, 1)


@pytest.mark.parametrize("change", [
    {"category": "guard"}, {"category": "kube-audit-x"}, {"category": "KUBE-AUDIT"}, {"category": None}])
def test_other_categories_of_aks_are_foreign(change):
    record = first("aks-storage.log")
    for text in (json.dumps(record | change), json.dumps({"records": [record | change]})):
        result = read(text)
        assert counted(result) == 0 and result["foreign"] + result["malformed"] == 1


def test_a_category_within_the_properties_names_nothing():
    record = first("aks-storage.log")
    record["properties"]["category"] = record.pop("category")
    assert counted(read(json.dumps(record))) == 0


@pytest.mark.parametrize("path, value, wanted", [
    ("serviceName", "container.googleapis.com", "foreign"), ("logName", "projects/p/logs/mine", "foreign"),
    ("serviceName", "k8s.io.example.com", "foreign"),
    ("status", {"code": 5}, None), ("status", {"code": "7"}, None), ("status", {"code": True}, None),
    ("authenticationInfo", {"principalEmail": "system:anonymous@example.com"}, None),
    ("authenticationInfo", {"principalEmail": "a@example.com", "authoritySelector": "system:anonymous"}, None)])
def test_entries_of_gke_that_do_not_count(path, value, wanted):
    entry = first("gke-pubsub.log")
    (entry if path == "logName" else entry["protoPayload"])[path] = value
    result = read(json.dumps(entry), "gke")
    assert counted(result) == 0 and result["foreign"] == (wanted == "foreign")


def test_an_item_of_a_list_must_be_an_event_of_audit():
    items = [FORGED, FORGED | {"kind": "Pod"}, FORGED | {"apiVersion": "v1"}, {"log": TEXT}, {"records": []}, 7, None,
             {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [FORGED]}]
    result = read(json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": items}))
    assert (result["events"], result["malformed"]) == (1, 7)
