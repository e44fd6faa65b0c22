#include "EnvelopeTable.hpp"

namespace audit_scan {

namespace {

using std::string_view;

constexpr Type text = Type::text, object = Type::object, array = Type::array, any = Type::any;
constexpr string_view auditStream = "kube-apiserver-audit-";

// MARK: Amazon EKS

constexpr Is cloudWatchKeys[] = {
    {"messageType", text, {"DATA_MESSAGE", "CONTROL_MESSAGE"}}, {"logStream"}, {"logEvents", array},
};
constexpr string_view cloudWatchItems[] = {"logEvents[]"};
constexpr Is cloudWatchAudit[] = {{"messageType", text, {"DATA_MESSAGE"}}, {"logStream", text, {}, auditStream}};
constexpr string_view cloudWatchFirst[] = {
    "messageType", "owner", "logGroup", "logStream", "subscriptionFilters", "policyLevel", "logEvents",
};
constexpr Is messageKey[] = {{"message"}};
constexpr string_view message[] = {"message"};

constexpr Is lambdaKeys[] = {{"awslogs", object}};
constexpr string_view awslogs[] = {"awslogs"};
constexpr Is dataKey[] = {{"data"}};
constexpr string_view data[] = {"data"};

constexpr Is kinesisKeys[] = {{"Records", array}};
constexpr string_view kinesisOnly[] = {"Records"};
constexpr string_view kinesisItems[] = {"Records[]"};
constexpr Is kinesisItemKeys[] = {{"kinesis", object}, {"kinesis.data"}};
constexpr string_view kinesisData[] = {"kinesis.data"};

constexpr Is filterKeys[] = {{"events", array}};
constexpr string_view filterItems[] = {"events[]"};
constexpr Is filterItemKeys[] = {{"message"}, {"logStreamName"}};
constexpr Is filterAudit[] = {{"logStreamName", text, {}, auditStream}};

// MARK: Azure AKS

constexpr Is eventHubKeys[] = {{"records", array}};
constexpr string_view eventHubOnly[] = {"records"};
constexpr string_view eventHubItems[] = {"records[]"};
constexpr Is aksAudit[] = {{"category", text, {"kube-audit", "kube-audit-admin"}}};
constexpr Is eventHubItemKeys[] = {{"properties", object}, {"properties.log"}};
constexpr string_view propertiesLog[] = {"properties.log"};
constexpr Is storageKeys[] = {{"category"}, {"properties", object}};
constexpr Is diagnosticsKeys[] = {{"Type", text, {"AzureDiagnostics"}}, {"Category"}};
constexpr Is diagnosticsAudit[] = {{"Category", text, {"kube-audit", "kube-audit-admin"}}};
constexpr Is logColumnKey[] = {{"log_s"}};
constexpr string_view logColumn[] = {"log_s"};
constexpr Is auditTableKeys[] = {{"Type", text, {"AKSAudit", "AKSAuditAdmin"}}, {"AuditId"}, {"SourceIps", array}};

// MARK: Google GKE

constexpr Is entryKeys[] = {{"insertId"}, {"logName"}, {"resource", object}, {"timestamp"}};
constexpr Is entryAudit[] = {
    {"logName", text, {}, {}, "/logs/cloudaudit.googleapis.com%2F"},
    {"protoPayload", object}, {"protoPayload.serviceName", text, {"k8s.io"}}, {"resource.type", text, {"k8s_cluster"}},
};
constexpr Is pushKeys[] = {{"message", object}, {"subscription"}};

// MARK: Shippers

constexpr Is fluentBitKeys[] = {{"log"}, {"date", any}};
constexpr Is logKey[] = {{"log"}};
constexpr string_view log[] = {"log"};
constexpr Is vectorKeys[] = {{"message"}, {"source_type"}, {"timestamp"}};
constexpr Is filebeatKeys[] = {{"message"}, {"@timestamp"}, {"agent", object}, {"agent.type", text, {"filebeat"}}};

// MARK: Stores

constexpr Is searchKeys[] = {{"hits", object}, {"hits.hits", array}};
constexpr string_view searchItems[] = {"hits", "hits[]"};
constexpr Is sourceKey[] = {{"_source", object}};
constexpr string_view source[] = {"_source.kubernetes.audit", "_source.message"};
constexpr Is otlpKeys[] = {{"resourceLogs", array}};
constexpr string_view otlpOnly[] = {"resourceLogs"};
constexpr string_view otlpItems[] = {"resourceLogs[]", "scopeLogs[]", "logRecords[]"};
constexpr Is bodyKey[] = {{"body", object}};
constexpr string_view body[] = {"body"};
constexpr Is lokiKeys[] = {{"labels", object}, {"line"}, {"timestamp"}};
constexpr string_view line[] = {"line"};
constexpr Is streamsKeys[] = {{"streams", array}};
constexpr string_view streamsOnly[] = {"streams"};
constexpr string_view streamsItems[] = {"streams[]", "values[]"};
constexpr string_view second[] = {"1"};
constexpr Is splunkKeys[] = {{"event", any}, {"time", any}};
constexpr string_view splunkOnly[] = {"time", "host", "source", "sourcetype", "index", "event", "fields"};
constexpr string_view event[] = {"event"};
constexpr Is gelfKeys[] = {{"version", text, {"1.1"}}, {"host"}, {"short_message"}};
constexpr string_view shortMessage[] = {"short_message"};

// MARK: Hosts

constexpr Is dockerKeys[] = {{"log"}, {"stream", text, {"stdout", "stderr"}}, {"time"}};
constexpr string_view dockerOnly[] = {"log", "stream", "time", "attrs"};
constexpr Is standardOutput[] = {{"stream", text, {"stdout"}}};
constexpr Is journalKeys[] = {{"__REALTIME_TIMESTAMP"}, {"MESSAGE", any}};
constexpr string_view journalMessage[] = {"MESSAGE"};
constexpr Is viaqKeys[] = {{"log_type"}, {"log_source"}, {"openshift", object}};
constexpr Is nothing[] = {{"log_type", Type::never}};

// Fields that a row does not name keep their default.
template <class Set>
constexpr Row row(string_view name, audit_format format, Set set) {
    Row row;
    row.name = name;
    row.format = format;
    set(row);
    return row;
}

constexpr Row cloudWatch = row("eks-cloudwatch", AUDIT_FORMAT_EKS, [](Row &row) {
    row.keys = cloudWatchKeys, row.items = cloudWatchItems, row.itemKeys = messageKey;
    row.recordAudit = cloudWatchAudit, row.event = message, row.first = cloudWatchFirst, row.isAuto = true;
});
constexpr Row gkeEntry = row("gke-entry", AUDIT_FORMAT_GKE, [](Row &row) {
    row.keys = entryKeys, row.audit = entryAudit, row.schema = Schema::gke;
});
constexpr Row fluentBitRecord = row("fluent-bit-record", AUDIT_FORMAT_FLUENT_BIT, [](Row &row) {
    row.keys = logKey, row.event = log, row.isGeneral = true;
});
constexpr Row fluentdRecord = row("fluentd-record", AUDIT_FORMAT_FLUENTD, [](Row &row) {
    row.keys = messageKey, row.event = message, row.isGeneral = true;
});
constexpr Row gelf = row("gelf", AUDIT_FORMAT_GELF, [](Row &row) {
    row.keys = gelfKeys, row.event = shortMessage;
});

constexpr Row objects[] = {
    cloudWatch,
    row("eks-lambda", AUDIT_FORMAT_EKS, [](Row &row) {
        row.keys = lambdaKeys, row.only = awslogs, row.items = awslogs, row.itemKeys = dataKey, row.event = data;
        row.step = Step::base64Gzip, row.inner = &cloudWatch;
    }),
    row("eks-kinesis", AUDIT_FORMAT_EKS, [](Row &row) {
        row.keys = kinesisKeys, row.only = kinesisOnly, row.items = kinesisItems, row.itemKeys = kinesisItemKeys;
        row.event = kinesisData, row.step = Step::base64Gzip, row.inner = &cloudWatch;
    }),
    row("eks-filter-log-events", AUDIT_FORMAT_EKS, [](Row &row) {
        row.keys = filterKeys, row.items = filterItems, row.itemKeys = filterItemKeys, row.audit = filterAudit;
        row.event = message;
    }),
    row("aks-eventhub", AUDIT_FORMAT_AKS, [](Row &row) {
        row.keys = eventHubKeys, row.only = eventHubOnly, row.items = eventHubItems, row.audit = aksAudit;
        row.itemKeys = eventHubItemKeys, row.event = propertiesLog, row.isAuto = true;
    }),
    row("aks-storage", AUDIT_FORMAT_AKS, [](Row &row) {
        row.keys = storageKeys, row.audit = aksAudit, row.itemKeys = eventHubItemKeys, row.event = propertiesLog;
        row.isAuto = true;
    }),
    row("aks-azurediagnostics", AUDIT_FORMAT_AKS, [](Row &row) {
        row.keys = diagnosticsKeys, row.audit = diagnosticsAudit, row.itemKeys = logColumnKey, row.event = logColumn;
    }),
    row("aks-audit-table", AUDIT_FORMAT_AKS, [](Row &row) {
        row.keys = auditTableKeys, row.schema = Schema::aksTable;
    }),
    gkeEntry,
    row("gke-pubsub-push", AUDIT_FORMAT_GKE, [](Row &row) {
        row.keys = pushKeys, row.items = message, row.itemKeys = dataKey, row.event = data, row.step = Step::base64;
        row.inner = &gkeEntry;
    }),
    row("vector", AUDIT_FORMAT_VECTOR, [](Row &row) { row.keys = vectorKeys, row.event = message; }),
    row("filebeat", AUDIT_FORMAT_FILEBEAT, [](Row &row) { row.keys = filebeatKeys, row.event = message; }),
    row("elasticsearch", AUDIT_FORMAT_ELASTICSEARCH, [](Row &row) {
        row.keys = searchKeys, row.items = searchItems, row.itemKeys = sourceKey, row.event = source;
        row.step = Step::textOrObject, row.naming = Naming::elasticsearch;
    }),
    row("otlp", AUDIT_FORMAT_OTLP, [](Row &row) {
        row.keys = otlpKeys, row.only = otlpOnly, row.items = otlpItems, row.itemKeys = bodyKey, row.event = body;
        row.step = Step::keyValues, row.naming = Naming::otlp;
    }),
    row("loki", AUDIT_FORMAT_LOKI, [](Row &row) {
        row.keys = lokiKeys, row.event = line, row.naming = Naming::loki;
    }),
    row("loki-push", AUDIT_FORMAT_LOKI, [](Row &row) {
        row.keys = streamsKeys, row.only = streamsOnly, row.items = streamsItems, row.event = second;
        row.naming = Naming::loki;
    }),
    row("splunk-hec", AUDIT_FORMAT_SPLUNK_HEC, [](Row &row) {
        row.keys = splunkKeys, row.only = splunkOnly, row.event = event, row.step = Step::textOrObject;
        row.naming = Naming::splunk;
    }),
    gelf,
    row("ovh", AUDIT_FORMAT_OVH, [](Row &row) {
        row.keys = messageKey, row.only = message, row.event = message, row.inner = &gelf;
    }),
    row("docker", AUDIT_FORMAT_DOCKER, [](Row &row) {
        row.keys = dockerKeys, row.only = dockerOnly, row.audit = standardOutput, row.event = log, row.joins = true;
    }),
    row("fluent-bit", AUDIT_FORMAT_FLUENT_BIT, [](Row &row) {
        row.keys = fluentBitKeys, row.event = log;
    }),
    row("journald", AUDIT_FORMAT_JOURNALD, [](Row &row) {
        row.keys = journalKeys, row.event = journalMessage, row.step = Step::bytes, row.othersAreForeign = true;
    }),
    // OpenShift: records of auditd among bare events. Only foreign ones, since events are found before.
    row("viaq-other", AUDIT_FORMAT_AUTO, [](Row &row) {
        row.keys = viaqKeys, row.audit = nothing, row.isAuto = true;
    }),
    // Fluent Bit writes no date with `Format plain`, and another key to Kafka; Fluentd neither with `@type json`.
    fluentBitRecord,
    fluentdRecord,
};

constexpr Row prefixed(string_view name, audit_format format, PrefixMatch (*prefix)(string_view)) {
    Row row;
    row.name = name;
    row.format = format;
    row.prefix = prefix;
    return row;
}

template <class Set>
constexpr Row prefixed(string_view name, audit_format format, PrefixMatch (*prefix)(string_view), Set set) {
    Row row = prefixed(name, format, prefix);
    set(row);
    return row;
}

constexpr Row prefixes[] = {
    prefixed("cri", AUDIT_FORMAT_CRI, matchCRI, [](Row &row) { row.stream = "stdout", row.joins = true; }),
    prefixed("eks-tail", AUDIT_FORMAT_EKS, matchTail, [](Row &row) { row.stream = auditStream; }),
    prefixed("eks-s3-export", AUDIT_FORMAT_EKS, matchExport),
    prefixed("fluentd", AUDIT_FORMAT_FLUENTD, matchFluentd, [](Row &row) { row.inner = &fluentdRecord; }),
    prefixed("fluent-bit-out-file", AUDIT_FORMAT_FLUENT_BIT, matchOutFile, [](Row &row) {
        row.inner = &fluentBitRecord, row.holdsArray = true;
    }),
    prefixed("syslog-5424", AUDIT_FORMAT_SYSLOG, matchSyslog5424, [](Row &row) { row.othersAreForeign = true; }),
    prefixed("syslog-3164", AUDIT_FORMAT_SYSLOG, matchSyslog3164, [](Row &row) { row.othersAreForeign = true; }),
    prefixed("syslog-file", AUDIT_FORMAT_SYSLOG, matchSyslogFile, [](Row &row) { row.othersAreForeign = true; }),
    prefixed("oc-node-logs", AUDIT_FORMAT_OC_NODE_LOGS, matchNodeLogs),
};

constexpr string_view listItems[] = {"items[]"};
constexpr string_view listFirst[] = {"kind", "apiVersion", "metadata", "items"};

}  // namespace

const List<Row> objectRows = objects;
const List<Row> prefixRows = prefixes;
const Row eventListRow = row("event-list", AUDIT_FORMAT_AUTO, [](Row &row) {
    row.items = listItems, row.first = listFirst;
});

}  // namespace audit_scan
