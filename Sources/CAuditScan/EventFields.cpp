#include "EventFields.hpp"

#include <algorithm>
#include <iterator>

#include "Origin.hpp"

namespace audit_scan {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

namespace {

constexpr std::string_view group = "audit.k8s.io/";

/// Without data if the value is no string.
std::string_view text(element value) {
    std::string_view view;
    return value.get(view) == simdjson::SUCCESS ? view : std::string_view();
}

audit_string string(element value) {
    std::string_view view;
    if (value.get(view) != simdjson::SUCCESS) return {nullptr, 0};
    return {view.data(), view.size()};
}

void strings(element value, std::vector<audit_string> &into) {
    into.clear();
    array list;
    if (value.get(list) != simdjson::SUCCESS) return;
    for (element entry : list) into.push_back(string(entry));
}

/// JSON has one kind of number: 403 and 403.0 are equal, and shippers write both.
bool integer(element value, int64_t &into) {
    if (value.get(into) == simdjson::SUCCESS) return true;
    double number;
    if (value.get(number) != simdjson::SUCCESS) return false;
    if (!(number > -1e15 && number < 1e15) || number != static_cast<double>(static_cast<int64_t>(number))) return false;
    into = static_cast<int64_t>(number);
    return true;
}

bool hasGroup(const audit_event &event, std::string_view group) {
    for (size_t index = 0; index < event.group_count; index++) {
        const audit_string &entry = event.groups[index];
        if (entry.bytes != nullptr && std::string_view(entry.bytes, entry.length) == group) return true;
    }
    return false;
}

bool isAuditSource(std::string_view source) { return source == "kubeAPI" || source == "openshiftAPI"; }

/// Whether a member is used.
bool isUsed(Text key) {
    static constexpr std::string_view used[] = {
        "auditID", "stage", "requestURI", "verb", "user", "sourceIPs", "userAgent", "responseStatus",
        "objectRef", "requestReceivedTimestamp", "stageTimestamp", "kind", "apiVersion",
        "log_type", "log_source",
    };
    return std::any_of(std::begin(used), std::end(used), [key](std::string_view name) { return spells(key, name); });
}

}  // namespace

void EventFields::select(const audit_selector &selector) {
    std::optional<std::string> group;
    if (selector.group.bytes != nullptr) group.emplace(selector.group.bytes, selector.group.length);
    selectors_.push_back({std::move(group), selector.lowest_code, selector.highest_code});
}

const char *EventFields::read(Text text, audit_event &event) {
    if (templates_.read(text, event, traits_, sourceIPs_)) return nullptr;
    object fields;
    // Almost every event is strictly valid, so that it is parsed as a whole.
    bool isRead = text.size() <= MemberParser::ordinary && parser_.parse(text, fields) == simdjson::SUCCESS;
    if (!isRead) {
        if (const char *reason = readMembers(text, fields)) return reason;
    }
    read(fields, event);
    traits_.namesOrigin |= !isRead && namesWriter_;
    if (isRead) templates_.learn(text, event, traits_);
    return nullptr;
}

/// The last `most` of `count` entries of an array, as an array.
Text EventFields::lastEntries(Text array, size_t count, size_t most) {
    Entries entries;
    entries.begin(array);
    Text entry = array;
    for (size_t index = 0; index + most <= count && entries.next(entry);) index++;
    addresses_.assign(1, '[');
    addresses_.append(Text{entry.from, array.to}.view());
    return textOf(addresses_);
}

const char *EventFields::readMembers(Text text, object &fields) {
    parser_.begin(std::min(text.size(), longest));
    namesWriter_ = false;
    size_t values = 0;
    Members members(text);
    for (size_t before = 0; members.next(); before = members.reader.values) {
        if (!isUsed(members.key)) {
            namesWriter_ |= mayNameWriter(members.key);
            continue;
        }
        size_t count = members.reader.values - before;
        Text value = members.value;
        if (count > mostAddresses && spells(members.key, "sourceIPs")) {
            value = lastEntries(value, count - 1, mostAddresses);
            count = mostAddresses;
        }
        values += count;
        if (parser_.size() + members.key.size() + value.size() > longest) return "its fields are too long";
        if (values > mostValues) return "its fields hold too many values";
        parser_.add(members.key, value);
    }
    if (!members.isComplete()) {
        reason_ = "invalid JSON at byte " + std::to_string(members.reader.at - text.from) + " of the event";
        return reason_.c_str();
    }
    auto error = parser_.parse(fields);
    return error ? simdjson::error_message(error) : nullptr;
}

void EventFields::read(object fields, audit_event &event) {
    event = audit_event{};
    groups_.clear();
    sourceIPs_.clear();
    bool hasRequest = false, hasOutcome = false;
    traits_ = EventTraits{};
    size_t types = 0, sources = 0;
    std::string_view kind, version;
    // The last of duplicate keys is used, as in Go's decoder and most others.
    for (auto field : fields) {
        std::string_view key = field.key;
        hasRequest |= key == "user" || key == "auditID";
        hasOutcome |= key == "responseStatus" || key == "stage";
        if (key == "auditID") event.audit_id = string(field.value);
        else if (key == "stage") event.stage = string(field.value);
        else if (key == "requestURI") event.request_uri = string(field.value);
        else if (key == "verb") event.verb = string(field.value);
        else if (key == "user") readUser(field.value, event);
        else if (key == "sourceIPs") strings(field.value, sourceIPs_);
        else if (key == "userAgent") event.user_agent = string(field.value);
        else if (key == "responseStatus") readResponseStatus(field.value, event);
        else if (key == "objectRef") readObjectReference(field.value, event);
        else if (key == "requestReceivedTimestamp") event.request_received_timestamp = string(field.value);
        else if (key == "stageTimestamp") event.stage_timestamp = string(field.value);
        else if (key == "kind") kind = text(field.value);
        else if (key == "apiVersion") version = text(field.value);
        // OpenShift names the program in each event. Twice, it may be a client's.
        else if (key == "log_type") traits_.namesOrigin |= types++ > 0 || text(field.value) != "audit";
        else if (key == "log_source") traits_.namesOrigin |= sources++ > 0 || !isAuditSource(text(field.value));
        else if (!traits_.namesOrigin) traits_.namesOrigin = mayNameWriter(key);
    }
    traits_.isNamed = kind == "Event" && version.substr(0, group.size()) == group;
    traits_.isEvent = traits_.isNamed || (hasRequest && hasOutcome);
    event.groups = groups_.data();
    event.group_count = groups_.size();
    event.source_ips = sourceIPs_.data();
    event.source_ip_count = sourceIPs_.size();
}

void EventFields::readUser(element user, audit_event &event) {
    event.username = {nullptr, 0};
    groups_.clear();
    object fields;
    if (user.get(fields) != simdjson::SUCCESS) return;
    for (auto field : fields) {
        if (field.key == "username") event.username = string(field.value);
        else if (field.key == "groups") strings(field.value, groups_);
    }
}

void EventFields::readResponseStatus(element status, audit_event &event) {
    event.has_response_code = false;
    event.response_status = event.response_reason = event.response_message = {nullptr, 0};
    object fields;
    if (status.get(fields) != simdjson::SUCCESS) return;
    for (auto field : fields) {
        if (field.key == "code") event.has_response_code = integer(field.value, event.response_code);
        else if (field.key == "status") event.response_status = string(field.value);
        else if (field.key == "reason") event.response_reason = string(field.value);
        else if (field.key == "message") event.response_message = string(field.value);
    }
}

void EventFields::readObjectReference(element reference, audit_event &event) {
    event.resource = event.api_group = event.subresource = {nullptr, 0};
    object fields;
    if (reference.get(fields) != simdjson::SUCCESS) return;
    for (auto field : fields) {
        if (field.key == "resource") event.resource = string(field.value);
        else if (field.key == "apiGroup") event.api_group = string(field.value);
        else if (field.key == "subresource") event.subresource = string(field.value);
    }
}

bool EventFields::match(audit_event &event) const {
    if (!event.has_response_code || !traits_.isEvent) return false;
    for (size_t index = 0; index < selectors_.size(); index++) {
        const Selector &selector = selectors_[index];
        if (event.response_code < selector.lowestCode || event.response_code > selector.highestCode) continue;
        if (selector.group ? !hasGroup(event, *selector.group) : event.username.length > 0) continue;
        event.selector = index;
        return true;
    }
    return false;
}

}  // namespace audit_scan
