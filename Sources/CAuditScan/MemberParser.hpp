#ifndef MEMBER_PARSER_HPP
#define MEMBER_PARSER_HPP

#include <simdjson.h>

#include <string>

#include "JSONText.hpp"

namespace audit_scan {

/// Parses a few members of an object, and reads them as Go's decoder does.
class MemberParser {
public:
    /// Begins with no members. `longest` is about how long the text of all of them can become.
    void begin(size_t longest);
    void add(Text key, Text value);
    size_t size() const { return text_.size(); }

    /// Parses the members. What they hold stays until the next call of `begin`.
    simdjson::error_code parse(simdjson::dom::object &object);

private:
    simdjson::error_code parse(std::string &text, simdjson::dom::object &object);

    std::string text_, rewritten_;
    simdjson::dom::parser parser_;
};

}  // namespace audit_scan

#endif
