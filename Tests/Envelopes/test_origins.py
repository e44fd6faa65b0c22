"""Who wrote a record: records of other containers and programs are foreign, and pieces are no events."""

import itertools
import json

import pytest

from cases import CLOUDWATCH, FORGED, TEXT, counted, first, read

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
    # Docker's pieces, which Fluent Bit's parser does not join.
    ("fluent-bit", {"date": 1, "log": TEXT, "stream": "stdout", "time": "t"}, 0),
    ("auto", FORGED | {"log": "{}", "stream": "stdout", "time": "t"}, 0),
    ("fluent-bit", {"date": 1, "log": TEXT + "\n", "stream": "stdout", "time": "t"}, 1),
    ("fluent-bit", {"date": 1, "log": TEXT, "stream": "stdout", "time": "t", "_p": "F"}, 1),
    ("fluent-bit", {"date": 1, "log": TEXT, "stream": "stdout"}, 1),
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
    ("journald", journal(CONTAINER_NAME="k8s_web_web-1_shop_1_0"), 0),
    ("loki", {"labels": {"unit": "session-3.scope"}, "line": TEXT, "timestamp": "t"}, 0),
    ("loki", {"labels": {"instance": "shop/kube-apiserver-1:kube-apiserver"}, "line": TEXT, "timestamp": "t"}, 0),
    ("loki", {"labels": {"instance": "10.0.0.1:9100"}, "line": TEXT, "timestamp": "t"}, 1),
    ("loki", {"labels": {"instance": "kube-system/kube-apiserver-1:kube-apiserver"}, "line": TEXT, "timestamp": "t"},
     1),
    ("loki", {"labels": {}, "structuredMetadata": {"pod": "web"}, "line": TEXT, "timestamp": "t"}, 0),
    ("loki", {"streams": [{"stream": {}, "values": [["1", TEXT, {"pod": "web"}]]}]}, 0),
    ("loki", {"streams": [{"stream": {}, "values": [["1", TEXT, {"structuredMetadata": {"pod": "web"}}]]}]}, 0),
    ("loki", {"streams": [{"stream": {}, "values": [["1", TEXT, {"trace": "x"}]]}]}, 1),
    ("fluent-bit", {"date": 1, "log": TEXT, "namespace_name": "kube-system", "pod_name": "kube-apiserver-1",
                    "container_name": "kube-apiserver"}, 1),
    ("fluent-bit", {"date": 1, "log": TEXT, "namespace_name": "shop", "container_name": "kube-apiserver"}, 0),
    ("fluent-bit", {"date": 1, "log": TEXT, "pod_name": "kube-apiserver-1"}, 0),
    ("fluent-bit", {"date": 1, "log": TEXT, "namespace": "shop", "container": "kube-apiserver"}, 0),
    ("fluent-bit", {"date": 1, "log": TEXT, "namespace": "prod"}, 1),
    ("filebeat", filebeat(systemd={"unit": "user@1000.service"}), 0),
    ("filebeat", filebeat(systemd={"user_unit": "a.service"}), 0),
    ("filebeat", filebeat(systemd={"unit": "k3s.service"}, container={"id": "a"}, namespace="prod"), 1),
    ("otlp", otlp("log.file.name", f"web_shop_web-{'0a' * 32}.log"), 0),
    ("otlp", otlp("log.file.name", f"kube-apiserver-1_kube-system_kube-apiserver-{'0a' * 32}.log"), 1),
    ("otlp", otlp("log.file.name", "kube_api_audit-1.log"), 1),
    ("otlp", otlp("log.file.path_resolved", POD_FILE), 0),
    ("otlp", {"resourceLogs": [{"scopeLogs": [{
        "scope": {"attributes": [{"key": "k8s.pod.name", "value": {"stringValue": "web"}}]},
        "logRecords": [{"body": {"stringValue": TEXT}}]}]}]}, 0)])
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
