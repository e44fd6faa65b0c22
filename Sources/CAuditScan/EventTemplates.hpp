#ifndef EVENT_TEMPLATES_HPP
#define EVENT_TEMPLATES_HPP

#include <memory>
#include <string>
#include <vector>

#include "CAuditScan.h"
#include "JSONText.hpp"

namespace audit_scan {

/// What is known of an event besides its fields.
struct EventTraits {
    bool isEvent = false, isNamed = false, namesOrigin = false;
};

/// Recognises events that differ from an earlier one in their ID, addresses and times only.
///
/// Scanners, probes and broken clients send the same requests over and over, and an API server writes its events with the
/// keys always in the same order. So most events are, byte for byte, an earlier event with other texts in four gaps:
///
/// ```
/// {…"auditID":"▢","stage":…,"sourceIPs":[▢],"userAgent":…,"requestReceivedTimestamp":"▢","stageTimestamp":"▢"…}
/// ```
///
/// If the bytes around the gaps are equal, and plain strings are in the gaps, then the event is valid JSON because the
/// earlier one was, and its other fields are those of the earlier one. A comparison of bytes replaces the parser.
///
/// The number of templates is bounded. A client that never sends the same request twice makes no templates: one is made of
/// the second event with the same bytes.
class EventTemplates {
public:
    /// The number of templates at a time. The hash of an event chooses between a few of them.
    static constexpr size_t slots = AUDIT_TEMPLATE_SLOTS;
    static constexpr size_t ways = 4;
    /// Longer events are always parsed.
    static constexpr size_t longest = 4096;

    /// Reads an event that is equal to a template except for the gaps. It points into the template, and is valid until
    /// the next call of a method.
    ///
    /// `sourceIPs` stores the list to which the event points. False if there is no template.
    bool read(Text text, audit_event &event, EventTraits &traits, std::vector<audit_string> &sourceIPs);

    /// Notes an event that was parsed strictly, after `read` has found no template for the same text.
    void learn(Text text, const audit_event &event, const EventTraits &traits);

private:
    /// The four gaps; the addresses are those between the brackets.
    struct Gaps {
        Text auditID, addresses, received, reached;
    };
    struct Template {
        uint64_t hash;
        std::string bytes, texts;
        /// The offsets of the gaps in the bytes.
        size_t auditIDFrom, auditIDTo, addressesFrom, addressesTo, receivedFrom, receivedTo, reachedFrom, reachedTo;
        std::vector<audit_string> groups;
        audit_event event;
        EventTraits traits;
    };

    const uint8_t *findID(Text text);
    const Template *guess(Text text, Gaps &gaps, std::vector<audit_string> &sourceIPs);
    void noteGuess(const Template &known);
    bool find(Text text, Gaps &gaps, std::vector<audit_string> *sourceIPs);
    static uint64_t hash(Text text, const Gaps &gaps);
    static std::unique_ptr<Template> make(Text text, const Gaps &gaps, const audit_event &event);
    static bool isEqual(const Template &known, Text text, const Gaps &gaps);
    static bool isAlone(Text text, const Gaps &gaps);

    /// Where the ID begins in most events.
    size_t idOffset_ = 0;
    /// The hash of the last text without a template; zero if it has no gaps.
    uint64_t hash_ = 0;
    Gaps gaps_;
    std::vector<std::unique_ptr<Template>> templates_ = std::vector<std::unique_ptr<Template>>(slots);
    /// The slots of templates that were found last, by the bytes behind the ID, and by those behind the addresses too.
    std::vector<uint16_t> guessesByRequest_ = std::vector<uint16_t>(slots), guesses_ = std::vector<uint16_t>(slots);
    /// The hash of the bytes by which a template was guessed last.
    uint64_t guess_ = 0, guessByRequest_ = 0;
    /// The hashes of events that were seen once.
    std::vector<uint64_t> seen_ = std::vector<uint64_t>(slots);
    /// The number of templates that were made, which chooses the next one to be replaced.
    size_t made_ = 0;
};

}  // namespace audit_scan

#endif
