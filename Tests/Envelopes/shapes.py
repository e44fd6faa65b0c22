"""How each shipper and cloud writes events: the other side of table.py, and independent of it."""

import base64
import gzip
from dataclasses import dataclass
from typing import Callable

from events import HOSTILE
from writer import KLOG, bytes_of, text_of

AKS = "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read"
TIME = "2024-05-01T10:00:01.123456789Z"


@dataclass
class Shape:
    format: str
    write: Callable
    # Whether it is a schema of its own, which has less.
    is_plain: bool = False


SHAPES = {}


def lines(format, record, separators=(b"\n",), is_plain=False, indented=False):
    """One record after another."""
    def write(writer, is_done, one_record):
        while not is_done():
            writer.style()
            found = record(writer)
            text = found if isinstance(found, str) else writer.dump(found, "" if indented else None)
            yield bytes_of(text) + writer.random.choice(separators)
    return Shape(format, write, is_plain)


def batches(format, head, item, tail, separators=(b"\n",), largest=20, is_plain=False):
    """Records that hold many events. Nothing but one item is held in memory."""
    def write(writer, is_done, one_record):
        while not is_done():
            writer.style()
            yield bytes_of(head(writer))
            count = writer.random.randint(0, largest)
            is_first = True
            while not is_done() if one_record else count > 0:
                count -= 1
                found = item(writer)
                yield bytes_of(("" if is_first else ",") + (found if isinstance(found, str) else writer.dump(found)))
                is_first = False
            yield bytes_of(tail(writer)) + writer.random.choice(separators)
    return Shape(format, write, is_plain)


# Bare events

SHAPES["bare"] = lines("auto", lambda writer: text_of(writer.requests.next().text()))
SHAPES["bare-parsed"] = lines("auto", lambda writer: {"date": 1.5} | writer.parsed() | {"_gdch_cluster": "example"})
SHAPES["event-list"] = batches(
    "auto", lambda writer: '{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[',
    lambda writer: text_of(writer.requests.next().text()), lambda writer: "]}")
SHAPES["array"] = batches("auto", lambda writer: "[" + writer.random.choice(("", "\n", "\n  ")),
                          lambda writer: text_of(writer.requests.next().text()), lambda writer: "]", largest=50)


def viaq(writer):
    if writer.is_foreign():
        return {"log_type": "audit", "log_source": "auditd", "message": writer.other_text(), "openshift": {}}
    names = {"log_type": "audit", "log_source": "kubeAPI", "openshift": {"sequence": 1}, "hostname": "h"}
    return names | writer.parsed()


SHAPES["viaq"] = lines("auto", viaq)

# Amazon EKS


def cloudwatch(writer, events):
    is_foreign = writer.mixed and writer.random.random() < 0.1
    stream = writer.random.choice(("authenticator-1", "kube-apiserver-1", "kube-scheduler-audit-1")) if is_foreign \
        else "kube-apiserver-audit-1"
    messages = []
    for _ in range(events):
        writer.truth.foreign += is_foreign
        messages.append({"id": "1", "timestamp": 1, "message": writer.other_text() if is_foreign else writer.text()})
    return {"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "/aws/eks/example/cluster", "logStream": stream,
            "subscriptionFilters": ["x"], "logEvents": messages}


def packed(writer):
    record = bytes_of(writer.dump(cloudwatch(writer, writer.random.randint(1, 5))))
    return base64.b64encode(gzip.compress(record, 1)).decode()


SHAPES["eks-subscription"] = batches(
    "auto", lambda writer: '{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"/aws/eks/example/cluster",'
    '"logStream":"kube-apiserver-audit-1","logEvents":[',
    lambda writer: {"id": "1", "message": writer.text(), "timestamp": 1}, lambda writer: "]}", (b"\n", b"", b" "))
SHAPES["eks-firehose"] = lines(
    "auto", lambda writer: cloudwatch(writer, writer.random.randint(1, 8)), (b"", b"", b"\n"))
SHAPES["eks-lambda"] = lines("eks", lambda writer: {"awslogs": {"data": packed(writer)}})
SHAPES["eks-kinesis"] = lines("eks", lambda writer: {"Records": [
    {"kinesis": {"data": packed(writer), "partitionKey": "x"}, "eventSource": "aws:kinesis", "awsRegion": "x"}
    for _ in range(writer.random.randint(1, 3))]})
SHAPES["eks-s3-export"] = lines("eks", lambda writer: "2024-05-01T10:00:01.123Z " + writer.text())
SHAPES["eks-tail"] = lines("eks", lambda writer: "2024-05-01T10:00:01.123000+00:00 " + (
    "authenticator-1 " + writer.other_text().replace("\n", " ").replace("\0", " ") if writer.is_foreign()
    else "kube-apiserver-audit-1 " + writer.text()))
SHAPES["eks-filter-log-events"] = lines("eks", lambda writer: {"events": [
    {"logStreamName": "kube-apiserver-1", "message": writer.other_text()} if writer.is_foreign()
    else {"logStreamName": "kube-apiserver-audit-1", "message": writer.text(), "timestamp": 1}
    for _ in range(writer.random.randint(1, 5))], "searchedLogStreams": []}, indented=True)


# Azure AKS


def aks(writer):
    category, text = writer.random.choice(("kube-audit", "kube-audit-admin")), None
    if writer.is_foreign():
        text = writer.other_text()
        category = writer.random.choice(("guard", "kube-apiserver", "AuditEvent"))
    if text is None:
        text = writer.text(writer.random.choice(("", "\n")))
    return {"category": category, "operationName": AKS, "resourceId": "/SUBSCRIPTIONS/X", "time": TIME,
            "properties": {"log": text, "stream": "stdout", "pod": "kube-apiserver-x", "containerID": "x"}}


SHAPES["aks-storage"] = lines("auto", aks, (b"\n", b"\r\n"))
SHAPES["aks-eventhub"] = batches("auto", lambda writer: '{"records":[', aks, lambda writer: "]}", (b"\n", b"", b"\n\n"))
SHAPES["aks-azurediagnostics"] = lines("aks", lambda writer: {
    "Type": "AzureDiagnostics", "Category": "kube-audit", "OperationName": AKS, "log_s": writer.text()})


def aks_table(writer):
    event = writer.requests.next().members
    return {"Type": "AKSAudit", "AuditId": event["auditID"], "Stage": event["stage"], "Verb": event["verb"],
            "RequestUri": event["requestURI"], "User": event["user"], "SourceIps": event["sourceIPs"],
            "UserAgent": event["userAgent"], "ResponseStatus": event["responseStatus"],
            "RequestReceivedTime": event["requestReceivedTimestamp"], "StageReceivedTime": event["stageTimestamp"]}


SHAPES["aks-audit-table"] = lines("aks", aks_table)

# Google GKE


def gke(writer):
    service = "container.googleapis.com" if writer.is_foreign() else "k8s.io"
    event = writer.requests.next(is_counted=service == "k8s.io").members
    code = {403: 7, 401: 16, 200: writer.random.choice((0, None)), 500: 13}[event["responseStatus"]["code"]]
    return {
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": service,
            "authenticationInfo": {"principalEmail": event["user"]["username"]} if event["user"] else {},
            "methodName": "io.k8s.core.v1.x." + event["verb"], "resourceName": event["requestURI"][1:],
            "requestMetadata": {"callerIp": event["sourceIPs"][-1], "callerSuppliedUserAgent": event["userAgent"]},
            "status": {} if code is None else {"code": code, "message": event["responseStatus"]["message"]}},
        "insertId": event["auditID"], "timestamp": event["requestReceivedTimestamp"], "labels": {},
        "resource": {"type": "k8s_cluster", "labels": {}}, "receiveTimestamp": TIME,
        "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access"}


SHAPES["gke-pubsub"] = lines("gke", gke, is_plain=True)
SHAPES["gke-read"] = batches("gke", lambda writer: "[\n", lambda writer: writer.dump(gke(writer), "  "),
                             lambda writer: "\n]", largest=200, is_plain=True)
SHAPES["gke-pubsub-push"] = lines("gke", lambda writer: {"message": {"data": base64.b64encode(
    bytes_of(writer.dump(gke(writer)))).decode(), "messageId": "1"}, "subscription": "s"}, is_plain=True)

# Shippers


def fluent_bit(writer):
    time = writer.random.choice(({"date": 1.5}, {"@timestamp": TIME}, {}))
    return time | {"log": writer.text()}


def kubernetes(writer):
    names = {"namespace_name": "kube-system", "container_name": "kube-apiserver"}
    record = {"date": 1.5, "stream": "stdout", "kubernetes": names}
    if not writer.is_foreign(0.2):
        return record | {"log": writer.text()}
    if writer.random.random() < 0.3:
        record["stream"] = "stderr"
    else:
        names[writer.random.choice(tuple(names))] = "web"
    return record | {"log": writer.other_text()}


SHAPES["fluent-bit"] = lines("fluent-bit", fluent_bit)
SHAPES["fluent-bit-http"] = batches("fluent-bit", lambda writer: "[", fluent_bit, lambda writer: "]", largest=200)
SHAPES["fluent-bit-kubernetes"] = lines("fluent-bit", kubernetes)
SHAPES["fluent-bit-out-file"] = lines(
    "fluent-bit", lambda writer: "kube.audit: [1714557601.5, " + writer.dump({"log": writer.text()}) + "]")
SHAPES["fluentd-json"] = lines("fluentd", lambda writer: {"message": writer.text()})
SHAPES["fluentd"] = lines(
    "fluentd", lambda writer: "2024-05-01T10:00:01+00:00\tkube.audit\t" + writer.dump({"message": writer.text()}))
SHAPES["vector"] = lines("vector", lambda writer: {
    "file": "/audit.log", "host": "h", "message": writer.text(), "source_type": "file", "timestamp": TIME})
SHAPES["filebeat"] = lines("filebeat", lambda writer: {
    "@timestamp": TIME, "message": writer.text(), "log": {"offset": 1}, "agent": {"type": "filebeat"}})
SHAPES["splunk-hec"] = lines("splunk-hec", lambda writer: {
    "time": 1.5, "host": "h", "event": writer.parsed() if writer.random.random() < 0.5 else writer.text()},
    (b"\n", b"", b" "))
SHAPES["gelf"] = lines("gelf", lambda writer: {
    "version": "1.1", "host": "h", "short_message": writer.text(), "_file": writer.random.choice(HOSTILE)})
SHAPES["ovh"] = lines("ovh", lambda writer: {"message": writer.dump(
    {"version": "1.1", "host": "h", "short_message": writer.text(), "_appID": "x"})})

# Stores


def hit(writer):
    audit = {"kubernetes": {"audit": writer.parsed()}} if writer.random.random() < 0.5 else {"message": writer.text()}
    return {"_index": "i", "_id": "1", "_source": {"@timestamp": TIME} | audit}


def any_value(value, random):
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [
            {"key": key, "value": any_value(inner, random)} for key, inner in value.items()]}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(entry, random) for entry in value]}}
    if isinstance(value, int):
        return random.choice(({"doubleValue": value}, {"intValue": str(value)}, {"intValue": value}))
    return {"stringValue": value}


def otlp(writer):
    is_foreign = writer.is_foreign()
    name = "web" if is_foreign else "kube-apiserver"
    body = {"stringValue": writer.other_text()} if is_foreign else any_value(writer.parsed(), writer.random) \
        if writer.random.random() < 0.5 else {"stringValue": writer.text()}
    return {"body": body, "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in (
        ("k8s.namespace.name", "kube-system"), ("k8s.container.name", name), ("x", writer.random.choice(HOSTILE)))]}


def loki_names(writer):
    if writer.is_foreign():
        return {"namespace": "shop", "container": "web"}
    return writer.random.choice(({"job": "audit"}, {"namespace": "kube-system", "container": "kube-apiserver"}))


def loki(writer):
    before = writer.truth.foreign
    labels = loki_names(writer)
    return {"labels": labels, "line": writer.other_text() if writer.truth.foreign > before else writer.text(),
            "timestamp": TIME}


SHAPES["elasticsearch"] = batches("elasticsearch", lambda writer: '{"took":3,"hits":{"total":{"value":5},"hits":[', hit,
                                  lambda writer: "]}}")
SHAPES["otlp"] = batches("otlp", lambda writer: '{"resourceLogs":[{"resource":{},"scopeLogs":[{"logRecords":[', otlp,
                         lambda writer: "]}]}]}")
SHAPES["loki"] = lines("loki", loki)
SHAPES["loki-push"] = batches("loki", lambda writer: '{"streams":[{"stream":{"job":"a"},"values":[', lambda writer: [
    "1", writer.text()] + writer.random.choice(([], [{"trace": "x"}])), lambda writer: "]}]}")

# Hosts


def one_line(text):
    return text.replace("\n", " ").replace("\0", " ")


def syslog(writer):
    if writer.is_foreign():
        # A text that holds an event as it is written is no other program's.
        return "May  1 10:00:06 cp-1 sshd[99]: x" + one_line(writer.other_text()).replace('"audit.k8s.io/', '"k8s.io/')
    return writer.random.choice((
        "<133>May  1 10:00:01 cp-1 k8s-audit: ", "<110>1 2024-05-01T10:00:02.123456Z cp-1 kubeAPI id kubeAPI - ",
        '<134>1 2024-05-01T10:00:03+00:00 cp-1 a 1 - [m@1 e="p" n="a \\"b\\" {c\\]"] \ufeff',
        "2024-05-01T10:00:04.123456+00:00 cp-1 k8s-audit: ", "May  1 10:00:05 cp-1 k8s-audit[1417]: ")) + writer.text()


def journald(writer):
    record = {"__CURSOR": "s=0", "__REALTIME_TIMESTAMP": "1", "_SYSTEMD_UNIT": "kube-apiserver.service"}
    if writer.is_foreign():
        return record | {"MESSAGE": writer.random.choice((None, KLOG))}
    text = writer.text()
    data = bytes_of(text)
    is_text = all(letter >= " " and letter != "\x7f" and not "\ud800" <= letter <= "\udfff" for letter in text)
    return record | {"MESSAGE": text if is_text and writer.random.random() < 0.8 else list(data)}


def pieces(writer, data):
    """A text in pieces, cut anywhere, also within a character."""
    if writer.random.random() < 0.6:
        return [data]
    cuts = sorted(writer.random.randint(0, len(data)) for _ in range(writer.random.randint(1, 4)))
    return [data[start:end] for start, end in zip([0] + cuts, cuts + [len(data)])]


def write_pieces(line):
    def write(writer, is_done, one_record):
        while not is_done():
            writer.style()
            found = pieces(writer, bytes_of(writer.text()))
            for number, piece in enumerate(found):
                while writer.is_foreign(0.15):
                    yield line(writer, "stderr", bytes_of(one_line(writer.other_text())), True)
                yield line(writer, "stdout", piece, number == len(found) - 1)
    return write


def cri(writer, stream, piece, is_last):
    return f"{TIME} {stream} {'F' if is_last else 'P'} ".encode() + piece + b"\n"


def docker(writer, stream, piece, is_last):
    text = text_of(piece) + ("\n" if is_last else "")
    return bytes_of(writer.dump({"log": text, "stream": stream, "time": TIME})) + b"\n"


SHAPES["syslog"] = lines("syslog", syslog)
SHAPES["journald"] = lines("journald", journald)
SHAPES["cri"] = Shape("cri", write_pieces(cri))
SHAPES["docker"] = Shape("docker", write_pieces(docker))
SHAPES["oc-node-logs"] = lines("oc-node-logs", lambda writer: writer.random.choice(
    ("master-0.example.com ", "master-1 ")) + writer.text())
