#include "Schemas.hpp"

namespace audit_scan {

namespace {

constexpr std::string_view head = R"({"kind":"Event","apiVersion":"audit.k8s.io/v1")";

void add(std::string_view key, std::string_view value, std::string &into) {
    into.append(",\"").append(key).append("\":").append(value);
}

void add(std::string_view key, const Found &found, std::string &into) {
    if (found.isThere) add(key, found.value.view(), into);
}

/// A string, with its quotes, that begins with `first` and goes on with a part of another one.
std::string quoted(std::string_view first, std::string_view rest) {
    return std::string("\"").append(first).append(rest);
}

// MARK: GKE

/// The HTTP status of a gRPC code; 0 if there is none. https://cloud.google.com/apis/design/errors
int statusCode(std::string_view code) {
    struct Pair {
        std::string_view code;
        int status;
    };
    static constexpr Pair pairs[] = {
        {"0", 200}, {"3", 400}, {"5", 404}, {"6", 409}, {"7", 403}, {"8", 429}, {"9", 400}, {"10", 409},
        {"13", 500}, {"14", 503}, {"16", 401},
    };
    for (const Pair &pair : pairs) {
        if (pair.code == code) return pair.status;
    }
    return 0;
}

/// A LogEntry has one entry a request, one address, and no groups.
void writeGKE(const ObjectIndex &entry, std::string &into) {
    Text payload = entry.look("protoPayload").value;
    add("auditID", entry.look("insertId"), into);
    add("requestReceivedTimestamp", entry.look("timestamp"), into);
    add("stageTimestamp", entry.look("timestamp"), into);
    add("stage", R"("ResponseComplete")", into);
    Found address = look(payload, "requestMetadata.callerIp");
    add("sourceIPs", address.isThere ? "[" + std::string(address.value.view()) + "]" : "[null]", into);
    add("userAgent", look(payload, "requestMetadata.callerSuppliedUserAgent"), into);
    Found method = look(payload, "methodName"), resource = look(payload, "resourceName");
    if (method.isText()) {
        std::string_view name = method.value.view();
        size_t dot = name.rfind('.');
        add("verb", quoted("", name.substr(dot == std::string_view::npos ? 1 : dot + 1)), into);
    }
    if (resource.isText()) add("requestURI", quoted("/", resource.value.view().substr(1)), into);
    Found principal = look(payload, "authenticationInfo.principalEmail");
    std::string user = R"({"username":)";
    user.append(principal.isText() ? principal.value.view() : R"("")");
    if (principal.spells("system:anonymous")) user += R"(,"groups":["system:unauthenticated"])";
    add("user", user + "}", into);
    Found status = look(payload, "status"), code;
    if (status.isObject()) code = look(status.value, "code");
    bool isOther = status.isThere && !status.isObject() && status.value.view() != "null";
    int number = isOther ? 0 : statusCode(code.isThere ? code.value.view() : "0");
    if (number > 0) add("responseStatus", R"({"code":)" + std::to_string(number) + "}", into);
}

// MARK: AKS

struct Column {
    std::string_view name, field;
};

constexpr Column columns[] = {
    {"AuditId", "auditID"}, {"SourceIps", "sourceIPs"}, {"User", "user"}, {"ResponseStatus", "responseStatus"},
    {"Verb", "verb"}, {"RequestUri", "requestURI"}, {"UserAgent", "userAgent"}, {"Stage", "stage"},
    {"RequestReceivedTime", "requestReceivedTimestamp"}, {"StageReceivedTime", "stageTimestamp"},
};

}  // namespace

void writeEvent(Schema schema, const ObjectIndex &record, std::string &into) {
    into.assign(head);
    if (schema == Schema::gke) {
        writeGKE(record, into);
    } else {
        for (const Column &column : columns) add(column.field, record.look(column.name), into);
    }
    into += '}';
}

}  // namespace audit_scan
