#ifndef PREFIX_HPP
#define PREFIX_HPP

#include <string_view>

namespace audit_scan {

/// What is known of a line that has its event behind a prefix.
struct PrefixMatch {
    bool isFound = false;
    /// The text behind the prefix.
    std::string_view text = {};
    /// The stream that the prefix names; empty if it names none.
    std::string_view stream = {};
    /// The tag that a shipper gives to the records of one file.
    std::string_view tag = {};
    /// Whether the text goes on in the next line of the same stream.
    bool isPiece = false;
};

// Each matches a line from its beginning, up to the event, and nothing else.

/// A container runtime: `TIME STREAM F `, or P for a piece.
PrefixMatch matchCRI(std::string_view line);
/// `aws logs tail`: `TIME STREAM `, the time with six digits and a zone.
PrefixMatch matchTail(std::string_view line);
/// CloudWatch's export to S3: `TIME `, the time with three digits and Z.
PrefixMatch matchExport(std::string_view line);
/// `TIME TAB TAG TAB `
PrefixMatch matchFluentd(std::string_view line);
/// Fluent Bit, format out_file: `TAG: ` before an array.
PrefixMatch matchOutFile(std::string_view line);
/// RFC 5424, with structured data and a byte order mark, or without.
PrefixMatch matchSyslog5424(std::string_view line);
/// RFC 3164: `<PRI>Mmm dd hh:mm:ss HOST TAG: `
PrefixMatch matchSyslog3164(std::string_view line);
/// rsyslog's files: `TIME HOST TAG: `
PrefixMatch matchSyslogFile(std::string_view line);
/// `oc adm node-logs`: `NODE ` before an object.
PrefixMatch matchNodeLogs(std::string_view line);

}  // namespace audit_scan

#endif
