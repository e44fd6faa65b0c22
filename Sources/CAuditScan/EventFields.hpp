#ifndef EVENT_FIELDS_HPP
#define EVENT_FIELDS_HPP

#include <simdjson.h>

#include <string_view>
#include <vector>

#include "CAuditScan.h"

namespace audit_scan {

/// Takes the fields out of a parsed event. The lists live here, since a C struct can only point at them.
class EventFields {
public:
    /// Fills `event`; it holds until the next call and until the parser parses again.
    void read(simdjson::dom::object object, audit_event &event);

    /// Whether the event last read is of a user in `group` and was answered with `code`.
    bool match(const audit_event &event, std::string_view group, int64_t code) const;

private:
    void readUser(simdjson::dom::element user, audit_event &event);
    void readResponseStatus(simdjson::dom::element status, audit_event &event);

    std::vector<audit_string> groups_;
    std::vector<audit_string> sourceIPs_;
};

}  // namespace audit_scan

#endif
