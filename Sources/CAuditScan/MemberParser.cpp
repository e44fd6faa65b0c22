#include "MemberParser.hpp"

#include <algorithm>

namespace audit_scan {

namespace {

// An invalid byte becomes three, those of U+FFFD.
constexpr size_t longestRewritten = 4 << 20;

}  // namespace

void MemberParser::begin(size_t longest) {
    if (text_.capacity() > 4 * ordinary && longest <= ordinary) std::string().swap(text_);
    if (rewritten_.capacity() > 4 * ordinary) std::string().swap(rewritten_);
    text_.assign(1, '{');
    // Reserved at once: growing would store the text twice, and reserved memory that is not written costs nothing.
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
    // The reader of the members has checked the depth, and simdjson must accept all of it.
    if (auto error = prepare(text.size(), JSONReader::maximumDepth + 1)) return error;
    // simdjson reads, but does not use, a few bytes beyond the end.
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    return parser_.parse(text.data(), text.size(), false).get(object);
}

simdjson::error_code MemberParser::parse(Text text, simdjson::dom::object &object) {
    // simdjson does not count empty arrays and objects as a level, so with one more it would accept too much.
    if (auto error = prepare(text.size(), JSONReader::maximumDepth)) return error;
    return parser_.parse(text.from, text.size(), true).get(object);
}

// Memory for a huge text is freed at the next ordinary one.
simdjson::error_code MemberParser::prepare(size_t size, size_t depth) {
    bool isOversized = parser_.capacity() > 4 * ordinary && size <= ordinary;
    if (parser_.capacity() > 0 && !isOversized) {
        return parser_.max_depth() == depth ? simdjson::SUCCESS : parser_.allocate(parser_.capacity(), depth);
    }
    parser_ = simdjson::dom::parser();
    return parser_.allocate(ordinary, depth);
}

}  // namespace audit_scan
