#ifndef EVENT_FIELDS_HPP
#define EVENT_FIELDS_HPP

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "CAuditScan.h"
#include "JSONText.hpp"
#include "MemberParser.hpp"

namespace audit_scan {

/// Reads the fields of an event, and says which selector it matches.
///
/// The whole event must be valid JSON, but only the fields that are used are parsed. What a client sent
/// (`requestObject`, `responseObject`) is checked for its structure and passed.
class EventFields {
public:
    /// The text of all used fields of an event. An API server takes a request's head of at most 1 MiB; the path and the
    /// message that repeats it, with each byte as a six-byte escape, stay below this.
    static constexpr size_t longest = 16 << 20;
    /// The values in them: addresses and groups, above all.
    static constexpr size_t mostValues = 1 << 20;

    /// Adds a selector; the bytes that it points at are copied.
    void select(const audit_selector &selector);

    /// Reads the event of a text. It holds until the next call.
    ///
    /// Returns NULL, or the reason why the event is malformed, which holds as long.
    const char *read(Text text, audit_event &event);

    /// Whether a selector matches the event read last; if so, says in the event which one.
    bool match(audit_event &event) const;

private:
    struct Selector {
        std::optional<std::string> group;
        int64_t lowestCode, highestCode;
    };

    const char *readMembers(Text text, simdjson::dom::object &fields);
    void read(simdjson::dom::object fields, audit_event &event);
    void readUser(simdjson::dom::element user, audit_event &event);
    void readResponseStatus(simdjson::dom::element status, audit_event &event);
    bool hasGroup(std::string_view group) const;

    std::vector<Selector> selectors_;
    MemberParser parser_;
    std::string reason_;
    // The lists live here, since a C struct can only point at them.
    std::vector<audit_string> groups_;
    std::vector<audit_string> sourceIPs_;
};

}  // namespace audit_scan

#endif
