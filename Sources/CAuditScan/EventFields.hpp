#ifndef EVENT_FIELDS_HPP
#define EVENT_FIELDS_HPP

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "CAuditScan.h"

namespace audit_scan {

/// Takes the fields out of a parsed event. The lists live here, since a C struct can only point at them.
class EventFields {
public:
    /// Fills `event`; it holds until the next call and until the parser parses again.
    void read(simdjson::dom::object object, audit_event &event);

    /// Adds a selector; the bytes that it points at are copied.
    void select(const audit_selector &selector);

    /// Whether a selector matches the event read last; if so, says in the event which one.
    bool match(audit_event &event) const;

private:
    struct Selector {
        std::optional<std::string> group;
        int64_t lowestCode, highestCode;
    };

    void readUser(simdjson::dom::element user, audit_event &event);
    void readResponseStatus(simdjson::dom::element status, audit_event &event);
    bool hasGroup(std::string_view group) const;

    std::vector<Selector> selectors_;
    std::vector<audit_string> groups_;
    std::vector<audit_string> sourceIPs_;
};

}  // namespace audit_scan

#endif
