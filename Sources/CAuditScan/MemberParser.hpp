#ifndef MEMBER_PARSER_HPP
#define MEMBER_PARSER_HPP

#include <simdjson.h>

#include <string>

#include "JSONText.hpp"

namespace audit_scan {

/// Parses objects: a whole one strictly, or a few members of one as Go's decoder reads them.
class MemberParser {
public:
    /// The size up to which an object is parsed as a whole. A parser takes up to twelve times the text.
    static constexpr size_t ordinary = 1 << 20;

    /// Parses a whole object. It is valid until the next call.
    simdjson::error_code parse(Text text, simdjson::dom::object &object);

    /// Begins an object without members. `longest` is the approximate length of all members to be added.
    void begin(size_t longest);
    void add(Text key, Text value);
    size_t size() const { return text_.size(); }

    /// Parses the members. They are valid until the next call of another method.
    simdjson::error_code parse(simdjson::dom::object &object);

private:
    simdjson::error_code parse(std::string &text, simdjson::dom::object &object);
    simdjson::error_code prepare(size_t size, size_t depth);

    std::string text_, rewritten_;
    simdjson::dom::parser parser_;
};

}  // namespace audit_scan

#endif
