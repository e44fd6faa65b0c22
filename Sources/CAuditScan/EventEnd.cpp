#include "EventEnd.hpp"

#include "ContainerEnd.hpp"
#include "TornLine.hpp"

namespace audit_scan {

namespace {

constexpr std::string_view escapedHead = R"({\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/)";
constexpr std::string_view escapedKey = R"(\"stageTimestamp\":\")", time = "2006-01-02T15:04:05.000000Z";
constexpr std::string_view annotationsEnd = R"(\"}})", timeEnd = R"(\"})";

bool endsWith(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

bool isWhole(Text text) {
    if (text.isEmpty() || *text.from != '{' || text.to[-1] != '}') return false;
    bool isAsWritten = text.view().substr(0, eventHead.size()) == eventHead;
    return (isAsWritten && endsAsWritten(text.from, text.to)) || endOfContainer(text) == text.to;
}

bool holdsWhole(Text string) {
    std::string_view text = Text{string.from + 1, string.to - 1}.view();
    if (text.substr(0, escapedHead.size()) != escapedHead) return false;
    while (text.size() > 1 && text[text.size() - 2] == '\\' && std::string_view("nrt").find(text.back()) != text.npos) {
        text.remove_suffix(2);
    }
    if (endsWith(text, annotationsEnd)) return text[text.size() - annotationsEnd.size() - 1] != '\\';
    if (!endsWith(text, timeEnd)) return false;
    text.remove_suffix(timeEnd.size());
    if (text.size() < time.size()) return false;
    return endsWith(text.substr(0, text.size() - time.size()), escapedKey);
}

}  // namespace audit_scan
