#include "RecordShape.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "TornLine.hpp"

namespace audit_scan {

namespace {

/// The members of an object that tell what it is, as bits of a set.
enum Name : uint64_t {
    log = 1 << 0, stream = 1 << 1, time = 1 << 2, date = 1 << 3, kubernetes = 1 << 4, message = 1 << 5,
    timestamp = 1 << 6, cursor = 1 << 7, journal = 1 << 8, event = 1 << 9, shortMessage = 1 << 10, logEvents = 1 << 11,
    awslogs = 1 << 12, records = 1 << 13, kinesis = 1 << 14, events = 1 << 15, category = 1 << 16, properties = 1 << 17,
    logColumn = 1 << 18, auditIdColumn = 1 << 19, protoPayload = 1 << 20, insertId = 1 << 21, subscription = 1 << 22,
    hits = 1 << 23, resourceLogs = 1 << 24, streams = 1 << 25, line = 1 << 26, auditID = 1 << 27, requestURI = 1 << 28,
    logStream = 1 << 29, logType = 1 << 30,
};

struct Member {
    std::string_view name;
    Name bit;
};

constexpr Member members[] = {
    {"log", log}, {"stream", stream}, {"time", time}, {"date", date}, {"kubernetes", kubernetes},
    {"message", message}, {"@timestamp", timestamp}, {"__REALTIME_TIMESTAMP", journal}, {"MESSAGE", journal},
    {"event", event}, {"short_message", shortMessage}, {"logEvents", logEvents}, {"messageType", logEvents},
    {"awslogs", awslogs}, {"Records", kinesis}, {"records", records}, {"events", events}, {"category", category},
    {"Category", category}, {"properties", properties}, {"log_s", logColumn}, {"AuditId", auditIdColumn},
    {"protoPayload", protoPayload}, {"insertId", insertId}, {"subscription", subscription}, {"hits", hits},
    {"resourceLogs", resourceLogs}, {"streams", streams}, {"line", line}, {"auditID", auditID},
    {"requestURI", requestURI}, {"logStreamName", logStream}, {"log_type", logType},
};

/// What the members of an object say about it.
struct Contents {
    uint64_t names = 0;
    bool isList = false;
    bool isComplete = false;

    /// Reads the members up to the first that is no valid JSON.
    explicit Contents(Text object) {
        Members each(object);
        while (each.next()) {
            for (const Member &member : members) {
                if (spells(each.key, member.name)) names |= member.bit;
            }
            if (spells(each.key, "kind")) isList = each.value.size() > 1 && spells(each.value, "EventList");
        }
        isComplete = each.isComplete();
    }

    bool hasAny(uint64_t wanted) const { return (names & wanted) != 0; }
    bool hasAll(uint64_t wanted) const { return (names & wanted) == wanted; }
};

audit_shape shapeOfObject(Text object) {
    Contents found(object);
    if (found.isList) return AUDIT_SHAPE_EVENT_LIST;
    if (found.hasAny(logEvents | awslogs | kinesis | events | logStream)) return AUDIT_SHAPE_EKS;
    if (found.hasAny(logColumn | auditIdColumn | records)) return AUDIT_SHAPE_AKS;
    if (found.hasAll(category | properties)) return AUDIT_SHAPE_AKS;
    if (found.hasAny(protoPayload | insertId) || found.hasAll(message | subscription)) return AUDIT_SHAPE_GKE;
    if (found.hasAny(hits | resourceLogs | streams | line)) return AUDIT_SHAPE_STORE;
    if (found.hasAny(journal)) return AUDIT_SHAPE_JOURNALD;
    bool isShipped = found.hasAny(date | kubernetes | timestamp);
    if (found.hasAll(log | stream | time) && !isShipped) return AUDIT_SHAPE_DOCKER;
    // OpenShift mixes bare events with records of auditd.
    if (found.hasAny(logType)) return AUDIT_SHAPE_OTHER_PROGRAM;
    bool isWrapped = found.hasAny(log | message | shortMessage | event | timestamp | kubernetes);
    if (isWrapped && !found.hasAny(auditID | requestURI)) return AUDIT_SHAPE_SHIPPER;
    return found.isComplete ? AUDIT_SHAPE_OTHER_PROGRAM : AUDIT_SHAPE_UNKNOWN;
}

bool isDigit(char letter) { return letter >= '0' && letter <= '9'; }

/// Whether a text begins as a pattern; 0 stands for a digit, a for a letter.
bool begins(std::string_view text, std::string_view pattern) {
    if (text.size() < pattern.size()) return false;
    return std::equal(pattern.begin(), pattern.end(), text.begin(), [](char wanted, char letter) {
        bool isLetter = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
        return wanted == '0' ? isDigit(letter) : wanted == 'a' ? isLetter : wanted == letter;
    });
}

/// The text behind the first word, and the word.
std::string_view behindWord(std::string_view text, std::string_view &word) {
    size_t space = std::min(text.find(' '), text.size());
    word = text.substr(0, space);
    return text.substr(std::min(space + 1, text.size()));
}

audit_shape shapeOfText(std::string_view text) {
    if (text.front() == '[') {
        size_t object = std::min(text.find_first_not_of(" \t", 1), text.size());
        if (object == text.size()) return AUDIT_SHAPE_PRETTY;
        if (text[object] != '{') return AUDIT_SHAPE_UNKNOWN;
        const uint8_t *from = reinterpret_cast<const uint8_t *>(text.data());
        audit_shape found = shapeOfObject({from + object, from + text.size()});
        return found == AUDIT_SHAPE_OTHER_PROGRAM ? AUDIT_SHAPE_ARRAY : found;
    }
    if (text.front() == '"' || text.front() == '}' || text.front() == ']') return AUDIT_SHAPE_PRETTY;
    if (text.front() == '<' && text.size() > 1 && isDigit(text[1])) return AUDIT_SHAPE_SYSLOG;
    if (begins(text, "aaa 00 00:00:00 ") || begins(text, "aaa  0 00:00:00 ")) return AUDIT_SHAPE_SYSLOG;
    if (begins(text, "a0000 00:00:00.")) return AUDIT_SHAPE_KLOG;
    bool hasTime = begins(text, "0000-00-00T00:00:00");
    if (hasTime && text.find("\t{") != std::string_view::npos) return AUDIT_SHAPE_FLUENTD;
    std::string_view word;
    std::string_view rest = behindWord(text, word);
    if (hasTime) {
        std::string_view stream = rest.substr(0, 7);
        if (stream == "stdout " || stream == "stderr ") return AUDIT_SHAPE_CRI;
        if (!rest.empty() && rest.front() == '{') return AUDIT_SHAPE_EKS;
        rest = behindWord(rest, word);
        // A host, a tag with a colon: syslog. The name of a stream alone: aws logs tail.
        return !rest.empty() && rest.front() == '{' ? AUDIT_SHAPE_EKS : AUDIT_SHAPE_SYSLOG;
    }
    if (!word.empty() && word.back() == ':' && !rest.empty() && rest.front() == '[') return AUDIT_SHAPE_SHIPPER;
    return !rest.empty() && rest.front() == '{' ? AUDIT_SHAPE_PREFIXED : AUDIT_SHAPE_UNKNOWN;
}

}  // namespace

audit_shape shape(Text record) {
    if (*record.from != '{') return shapeOfText(record.view());
    // A part of an event.
    if (record.view().substr(0, eventHead.size()) == eventHead) return AUDIT_SHAPE_UNKNOWN;
    if (record.view() == "{") return AUDIT_SHAPE_PRETTY;
    return shapeOfObject(record);
}

bool isOtherRecord(Text object) {
    static constexpr std::string_view group = "audit.k8s.io/";
    if (object.view().substr(0, eventHead.size()) == eventHead) return false;
    if (memmem(object.from, object.size(), group.data(), group.size())) return false;
    Contents found(object);
    if (found.hasAny(auditID | requestURI)) return false;
    return found.hasAny(awslogs | kinesis | protoPayload | journal | records | logEvents)
        || found.hasAll(message | subscription);
}

}  // namespace audit_scan
