"""The table of envelopes: one row a shape. `Tests/Fixtures/envelopes/README.md` has the source of each.

A row says which keys make a record this envelope, the path to the event, how it is embedded, and which constants name
the API server's audit. A key that is not in a row is not looked at. Adding a shape is adding a row and a sample.
"""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Is:
    """What a value must be."""

    type: str  # text, number, object, array, any, never
    values: tuple = ()
    begins: str = ""
    contains: str = ""

    def accepts(self, value, is_there):
        if not is_there:
            return False
        if self.type == "text":
            return (isinstance(value, str) and (not self.values or value in self.values)
                    and value.startswith(self.begins) and self.contains in value)
        if self.type == "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        if self.type == "object":
            return isinstance(value, dict)
        if self.type == "array":
            return isinstance(value, list)
        return self.type == "any"


TEXT, NUMBER, OBJECT, ARRAY, ANY, NEVER = (
    Is(type) for type in ("text", "number", "object", "array", "any", "never"))


def const(*values):
    return Is("text", values)


def begins(text):
    return Is("text", begins=text)


@dataclass(frozen=True)
class Row:
    """An object that holds events."""

    name: str
    # The word of --audit.format.
    format: str
    # Keys of the record, or paths with dots, that make it this envelope.
    keys: dict
    # Where the items are: keys, with [] for each entry of an array. Empty: the record is the one item.
    items: tuple = ()
    # In an item: keys that must be there for an event; an item without them is malformed.
    item_keys: dict = field(default_factory=dict)
    # In an item, or with ^ in the record: what names the API server's audit. Otherwise the item is foreign.
    audit: dict = field(default_factory=dict)
    # The path to the event in an item. Several: the first that is there.
    event: tuple = ()
    # Steps of decoding: text, base64, gzip, bytes. Each is a layer, and there are at most three.
    steps: tuple = ()
    # The rows that may be inside. None: the event itself.
    inner: tuple = ()
    # Another schema, whose fields make an event.
    build: str = ""
    # What an embedded text is that is no JSON object: another program's, or a fault.
    other: str = "malformed"
    # Keys besides which there are no others.
    only: tuple = ()
    # Keys besides which there are no others before the items of a record that has a fault behind them, if there are any.
    first: tuple = ()
    # Pieces are joined by this key until a text ends in a line feed.
    joined_by: str = ""
    # Recognised without a flag.
    auto: bool = False
    # Only inside another row.
    nested: bool = False
    # Any program may write such records, so that they look like nothing.
    general: bool = False


@dataclass(frozen=True)
class Prefix:
    """A line that has the event behind an anchored prefix. Groups: text, and those that `audit` tests."""

    name: str
    format: str
    pattern: re.Pattern
    audit: dict = field(default_factory=dict)
    # object, or array: [TIME, RECORD].
    holds: str = "object"
    inner: tuple = ()
    other: str = "malformed"
    # Pieces marked P are joined by this group.
    joined_by: str = ""


def line(pattern):
    return re.compile(pattern + r"(?P<text>.*)\Z", re.ASCII | re.DOTALL)


_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_ZONE = r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
_BSD = r"[A-Z][a-z]{2} [ 0-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}"
_TAG = r"[^ :\[\]{}\"\\]{1,64}(?:\[[0-9]{1,10}\])?: "
_SD = r'(?:-|(?:\[[^ =\]"]{1,32}(?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\.)*")*\])+)'

AKS_CATEGORIES = const("kube-audit", "kube-audit-admin")
AUDIT_STREAM = begins("kube-apiserver-audit-")
GKE_LOG = Is("text", contains="/logs/cloudaudit.googleapis.com%2F")

ROWS = (
    # Amazon EKS
    Row("eks-cloudwatch", "eks", auto=True,
        keys={"messageType": const("DATA_MESSAGE", "CONTROL_MESSAGE"), "logStream": TEXT,
              "logEvents": ARRAY},
        items=("logEvents[]",), item_keys={"message": TEXT},
        audit={"^messageType": const("DATA_MESSAGE"), "^logStream": AUDIT_STREAM},
        first=("messageType", "owner", "logGroup", "logStream", "subscriptionFilters", "policyLevel", "logEvents"),
        event=("message",), steps=("text",)),
    Row("eks-lambda", "eks", keys={"awslogs": OBJECT}, items=("awslogs",), item_keys={"data": TEXT},
        event=("data",), steps=("base64", "gzip"), inner=("eks-cloudwatch",), only=("awslogs",)),
    Row("eks-kinesis", "eks", keys={"Records": ARRAY}, items=("Records[]",),
        item_keys={"kinesis": OBJECT, "kinesis.data": TEXT},
        event=("kinesis.data",), steps=("base64", "gzip"), inner=("eks-cloudwatch",), only=("Records",)),
    Row("eks-filter-log-events", "eks", keys={"events": ARRAY}, items=("events[]",),
        item_keys={"message": TEXT, "logStreamName": TEXT}, audit={"logStreamName": AUDIT_STREAM},
        event=("message",), steps=("text",)),
    # Azure AKS
    Row("aks-eventhub", "aks", auto=True, keys={"records": ARRAY}, items=("records[]",), only=("records",),
        audit={"category": AKS_CATEGORIES},
        item_keys={"properties": OBJECT, "properties.log": TEXT}, event=("properties.log",), steps=("text",)),
    Row("aks-storage", "aks", auto=True,
        keys={"category": TEXT, "properties": OBJECT}, audit={"category": AKS_CATEGORIES},
        item_keys={"properties": OBJECT, "properties.log": TEXT}, event=("properties.log",), steps=("text",)),
    Row("aks-azurediagnostics", "aks", keys={"Type": const("AzureDiagnostics"), "Category": TEXT},
        audit={"Category": AKS_CATEGORIES},
        item_keys={"log_s": TEXT}, event=("log_s",), steps=("text",)),
    Row("aks-audit-table", "aks",
        keys={"Type": const("AKSAudit", "AKSAuditAdmin"), "AuditId": TEXT, "SourceIps": ARRAY}, build="aks-table"),
    # Google GKE
    Row("gke-entry", "gke", keys={"insertId": TEXT, "logName": TEXT, "resource": OBJECT, "timestamp": TEXT},
        audit={"logName": GKE_LOG, "protoPayload": OBJECT, "protoPayload.serviceName": const("k8s.io"),
               "resource.type": const("k8s_cluster")},
        build="gke"),
    Row("gke-pubsub-push", "gke", keys={"message": OBJECT, "subscription": TEXT}, items=("message",),
        item_keys={"data": TEXT}, event=("data",), steps=("base64",), inner=("gke-entry",)),
    # Shippers
    Row("fluent-bit", "fluent-bit", keys={"log": TEXT, "date": ANY}, event=("log",), steps=("text",)),
    # Without a date with `Format plain`, and with another key to Kafka.
    Row("fluent-bit-record", "fluent-bit", general=True, keys={"log": TEXT}, event=("log",), steps=("text",)),
    Row("fluentd-record", "fluentd", general=True, keys={"message": TEXT}, event=("message",), steps=("text",)),
    Row("vector", "vector", keys={"message": TEXT, "source_type": TEXT, "timestamp": TEXT},
        event=("message",), steps=("text",)),
    Row("filebeat", "filebeat",
        keys={"message": TEXT, "@timestamp": TEXT, "agent": OBJECT, "agent.type": const("filebeat")},
        event=("message",), steps=("text",)),
    # Stores
    Row("elasticsearch", "elasticsearch", keys={"hits": OBJECT, "hits.hits": ARRAY}, items=("hits", "hits[]"),
        item_keys={"_source": OBJECT}, event=("_source.kubernetes.audit", "_source.message"), steps=("text?",)),
    Row("otlp", "otlp", keys={"resourceLogs": ARRAY}, only=("resourceLogs",),
        items=("resourceLogs[]", "scopeLogs[]", "logRecords[]"), item_keys={"body": OBJECT},
        event=("body",), steps=("otlp",)),
    Row("loki", "loki", keys={"labels": OBJECT, "line": TEXT, "timestamp": TEXT}, event=("line",), steps=("text",)),
    Row("loki-push", "loki", keys={"streams": ARRAY}, only=("streams",), items=("streams[]", "values[]"),
        event=("1",), steps=("text",)),
    Row("splunk-hec", "splunk-hec", keys={"event": ANY, "time": ANY}, event=("event",), steps=("text?",),
        only=("time", "host", "source", "sourcetype", "index", "event", "fields")),
    Row("gelf", "gelf", keys={"version": const("1.1"), "host": TEXT, "short_message": TEXT},
        event=("short_message",), steps=("text",)),
    Row("ovh", "ovh", keys={"message": TEXT}, only=("message",), event=("message",), steps=("text",),
        inner=("ovh-message",)),
    Row("ovh-message", "ovh", nested=True, keys={"version": const("1.1"), "host": TEXT, "short_message": TEXT},
        event=("short_message",), steps=("text",)),
    # Hosts
    Row("docker", "docker", keys={"log": TEXT, "stream": const("stdout", "stderr"), "time": TEXT},
        only=("log", "stream", "time", "attrs"), audit={"stream": const("stdout")},
        event=("log",), steps=("text",), joined_by="stream"),
    Row("journald", "journald", keys={"__REALTIME_TIMESTAMP": TEXT, "MESSAGE": ANY}, event=("MESSAGE",),
        steps=("bytes",), other="foreign"),
    # OpenShift: records of auditd among bare events.
    Row("viaq-other", "openshift", auto=True, keys={"log_type": TEXT, "log_source": TEXT, "openshift": OBJECT},
        audit={"log_type": NEVER}),
)

# The same of an EventList.
LIST_KEYS = ("kind", "apiVersion", "metadata", "items")

PREFIXES = (
    Prefix("eks-tail", "eks", line(rf"{_TIME}\.[0-9]{{6}}[+-][0-9]{{2}}:[0-9]{{2}} (?P<stream>[^ {{]+) "),
           audit={"stream": AUDIT_STREAM}),
    Prefix("eks-s3-export", "eks", line(rf"{_TIME}\.[0-9]{{3}}Z ")),
    Prefix("oc-node-logs", "oc-node-logs", line(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252} (?=\{)")),
    Prefix("fluent-bit-out-file", "fluent-bit", line(r'(?P<tag>[^ \t:{}\[\]"\\]{1,256}): (?=\[)'), holds="array",
           inner=("fluent-bit-record",)),
    Prefix("fluentd", "fluentd", line(rf"{_TIME}(?:\.[0-9]+)?{_ZONE}\t(?P<tag>[^\t{{]{{0,256}})\t"),
           inner=("fluentd-record",)),
    Prefix("cri", "cri",
           line(rf"{_TIME}(?:\.[0-9]{{1,9}})?{_ZONE} (?P<stream>stdout|stderr)"
                r" (?P<piece>[FP])(?::[!-z|}~]{1,255})? "),
           audit={"stream": const("stdout")}, joined_by="stream"),
    Prefix("syslog-5424", "syslog",
           line(rf"<[0-9]{{1,3}}>1 (?:-|{_TIME}(?:\.[0-9]{{1,6}})?{_ZONE}) [!-~]{{1,255}} [!-~]{{1,48}} [!-~]{{1,128}}"
                rf" [!-~]{{1,32}} {_SD} (?:\ufeff)?"), other="foreign"),
    Prefix("syslog-3164", "syslog", line(rf"<[0-9]{{1,3}}>{_BSD} [!-~]{{1,255}} {_TAG}"), other="foreign"),
    Prefix("syslog-file", "syslog", line(rf"(?:{_BSD}|{_TIME}(?:\.[0-9]{{1,6}})?{_ZONE}) [!-~]{{1,255}} {_TAG}"),
           other="foreign"),
)

# A record that says which container wrote it is read only if it names the API server's, since any pod can write a
# perfect event. This holds for bare events too: shippers lift the keys of a pod's JSON into their records.
# An API server writes audit events to its standard output, and its own log to standard error.
NAMES = {
    "namespace": ("kubernetes.namespace_name", "kubernetes.pod_namespace", "kubernetes.namespace",
                  "kubernetes_namespace_name", "kubernetes_namespace", "k8s.namespace.name", "k8s_namespace_name",
                  "_kubernetes_namespace_name", "_kubernetes_namespace", "_k8s_namespace_name", "namespace_name"),
    "container": ("kubernetes.container_name", "kubernetes.container.name", "kubernetes_container_name",
                  "k8s.container.name", "k8s_container_name", "_kubernetes_container_name", "_k8s_container_name"),
    "pod": ("kubernetes.pod_name", "kubernetes.pod.name", "kubernetes_pod_name", "k8s.pod.name", "k8s_pod_name",
            "_kubernetes_pod_name", "_k8s_pod_name", "pod_name"),
    "stream": ("stream", "_stream", "log.iostream", "source"),
    "file": ("log.file.path", "log_file_path", "_log_file_path", "file", "_file", "filename", "filepath", "path",
             "source", "tag", "_tag", "log.file.path_resolved"),
    "file name": ("log.file.name", "log.file.name_resolved"),
    "runtime name": ("container_name", "_container_name", "CONTAINER_NAME", "container.name"),
    "source type": ("sourcetype",),
    "unit": ("_SYSTEMD_UNIT", "systemd.unit"),
    "user unit": ("_SYSTEMD_USER_UNIT", "systemd.user_unit"),
    # A container runtime cuts long lines. P is a piece, F the last one.
    "tag": ("logtag", "_logtag", "_p"),
    "partial": ("partial_message", "_partial_message", "_partial", "CONTAINER_PARTIAL_MESSAGE",
                "container_partial_message", "container.partial"),
    "line break": ("_LINE_BREAK",),
    "flags": ("log.flags",),
}
# The same among labels and fields, in place of the runtime's name.
LABELS = {"namespace": ("namespace", "namespace_name"), "container": ("container", "container_name"),
          "pod": ("pod", "pod_name"), "runtime name": (), "instance": ("instance",), "unit": ("unit",)}
# The same among the keys of a record, if at least two of them are there, each with a text.
PLAIN = {"namespace": "namespace", "pod": "pod", "container": "container"}
# Where a format has objects that name the writer, and whether they are labels.
HOLDERS = {"elasticsearch": (("_source", False),), "loki": (("labels", True), ("stream", True), ("structuredMetadata", True)),
           "splunk-hec": (("fields", True),)}
# Shippers that join pieces keep the mark of the first one. A longer text is no piece.
LONGEST_PIECE = 16 << 10
# OpenShift's records of other programs.
LOG_TYPE = {"log_type": ("audit",), "log_source": ("kubeAPI", "openshiftAPI")}

FORMATS = ("eks", "aks", "gke", "cri", "docker", "fluent-bit", "fluentd", "vector", "filebeat", "elasticsearch",
           "otlp", "loki", "syslog", "journald", "splunk-hec", "gelf", "ovh", "oc-node-logs")
