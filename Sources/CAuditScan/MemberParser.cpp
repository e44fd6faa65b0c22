#include "MemberParser.hpp"

#include <algorithm>

namespace audit_scan {

namespace {

// The size up to which buffers are kept for the next event.
constexpr size_t ordinary = 1 << 20;
// A byte can become three.
constexpr size_t longestRewritten = 4 << 20;

}  // namespace

void MemberParser::begin(size_t longest) {
    if (text_.capacity() > 4 * ordinary && longest <= ordinary) std::string().swap(text_);
    if (rewritten_.capacity() > 4 * ordinary) std::string().swap(rewritten_);
    text_.assign(1, '{');
    // Reserved at once: growing would hold the text twice, and memory that is not written costs nothing.
    if (longest > ordinary) text_.reserve(longest + simdjson::SIMDJSON_PADDING);
}

void MemberParser::add(Text key, Text value) {
    if (text_.size() > 1) text_.push_back(',');
    text_.append(key.view());
    text_.push_back(':');
    text_.append(value.view());
}

simdjson::error_code MemberParser::parse(simdjson::dom::object &object) {
    text_.push_back('}');
    simdjson::error_code error = parse(text_, object);
    if (error == simdjson::SUCCESS || text_.size() > longestRewritten) return error;
    rewriteAsUnderstoodByGo(text_, rewritten_);
    return parse(rewritten_, object);
}

simdjson::error_code MemberParser::parse(std::string &text, simdjson::dom::object &object) {
    bool isOversized = parser_.capacity() > 4 * ordinary && text.size() <= ordinary;
    if (parser_.capacity() == 0 || isOversized) {
        parser_ = simdjson::dom::parser();
        if (auto error = parser_.allocate(ordinary, JSONReader::maximumDepth + 1)) return error;
    }
    // simdjson reads, but does not use, a few bytes beyond the end.
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    return parser_.parse(text.data(), text.size(), false).get(object);
}

}  // namespace audit_scan
