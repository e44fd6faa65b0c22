#ifndef EVENT_FIELDS_HPP
#define EVENT_FIELDS_HPP

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "CAuditScan.h"
#include "EventTemplates.hpp"
#include "JSONText.hpp"
#include "MemberParser.hpp"

namespace audit_scan {

/// Reads the fields of an event and finds the selector that it matches.
///
/// The whole event must be valid JSON, but only the fields in use are parsed. Objects that a client sent
/// (`requestObject`, `responseObject`) are checked for their structure and skipped. An event that is like an earlier one
/// is not parsed: see `EventTemplates`.
class EventFields {
public:
    /// Maximum bytes of all used fields. An API server accepts at most 1 MiB of request head; the path, and the message
    /// and the object's name that repeat it, stay below this limit even if each byte is a six-byte escape.
    static constexpr size_t longest = 24 << 20;
    /// Maximum number of values in these fields, mainly addresses and groups.
    static constexpr size_t mostValues = 1 << 18;
    /// Maximum number of addresses. A client can write more of the shortest ones. The last ones are kept: those of proxies,
    /// and before them the address that is verified.
    static constexpr size_t mostAddresses = mostValues - 4096;

    /// Adds a selector and copies the bytes that it points at.
    void select(const audit_selector &selector);

    /// Reads the event in a text. It is valid until the next call.
    ///
    /// Returns NULL, or the reason why the event is malformed, valid as long.
    const char *read(Text text, audit_event &event);

    /// Whether the last text is an audit event: by kind and apiVersion, or, if a shipper has dropped these, by its user or
    /// auditID and its responseStatus or stage.
    bool isEvent() const { return traits_.isEvent; }

    /// Whether the last text is an audit event by kind and apiVersion.
    bool isNamed() const { return traits_.isNamed; }

    /// Whether the last event has keys that API servers do not write, and that may name a container or another program.
    bool namesOrigin() const { return traits_.namesOrigin; }

    /// Whether a selector matches the last event; if so, sets the event's selector.
    bool match(audit_event &event) const;

private:
    struct Selector {
        std::optional<std::string> group;  // none: no user
        int64_t lowestCode, highestCode;
    };

    Text lastEntries(Text array, size_t count, size_t most);
    const char *readMembers(Text text, simdjson::dom::object &fields);
    void read(simdjson::dom::object fields, audit_event &event);
    void readUser(simdjson::dom::element user, audit_event &event);
    void readResponseStatus(simdjson::dom::element status, audit_event &event);
    void readObjectReference(simdjson::dom::element reference, audit_event &event);

    std::vector<Selector> selectors_;
    EventTraits traits_;
    EventTemplates templates_;
    MemberParser parser_;
    std::string reason_, addresses_;
    // Whether a member that is not parsed may name the writer.
    bool namesWriter_ = false;
    // The lists are stored here, because a C struct can only point at them.
    std::vector<audit_string> groups_;
    std::vector<audit_string> sourceIPs_;
};

}  // namespace audit_scan

#endif
