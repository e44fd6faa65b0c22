#include "EventTemplates.hpp"

#include <atomic>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace audit_scan {

namespace {

constexpr std::string_view idKey = "\"auditID\":\"";
constexpr std::string_view addressesKey = ",\"sourceIPs\":[\"";
constexpr std::string_view receivedKey = ",\"requestReceivedTimestamp\":\"";
constexpr std::string_view reachedKey = "\",\"stageTimestamp\":\"";

/// A byte of a string that stands for itself in JSON and in UTF-8.
bool isPlain(uint8_t byte) { return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\'; }

/// The first byte that is not plain; the end if there is none.
const uint8_t *behindPlain(const uint8_t *at, const uint8_t *end) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(0x20);
    for (; end - at >= 16; at += 16) {
        __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i *>(at));
        __m128i special = _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash));
        // Signed, so that bytes from 0x80 on are less than a space too.
        int mask = _mm_movemask_epi8(_mm_or_si128(special, _mm_cmplt_epi8(block, space)));
        if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
    }
#endif
    while (at < end && isPlain(*at)) at++;
    return at;
}

/// The end of the first occurrence of a word of at least 14 bytes; NULL if there is none.
const uint8_t *behindWord(const uint8_t *at, const uint8_t *end, std::string_view word) {
#if defined(__SSE2__)
    // Two letters that are seldom so far apart.
    const __m128i first = _mm_set1_epi8(word[2]), second = _mm_set1_epi8(word[8]);
    for (; end - at >= 64; at += 16) {
        __m128i near = _mm_loadu_si128(reinterpret_cast<const __m128i *>(at + 2));
        __m128i far = _mm_loadu_si128(reinterpret_cast<const __m128i *>(at + 8));
        int mask = _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(near, first), _mm_cmpeq_epi8(far, second)));
        for (; mask != 0; mask &= mask - 1) {
            const uint8_t *start = at + __builtin_ctz(static_cast<unsigned>(mask));
            if (memcmp(start, word.data(), word.size()) == 0) return start + word.size();
        }
    }
#endif
    const void *found = memmem(at, static_cast<size_t>(end - at), word.data(), word.size());
    return found ? static_cast<const uint8_t *>(found) + word.size() : nullptr;
}

bool hasWord(const uint8_t *at, const uint8_t *end, std::string_view word) {
    return static_cast<size_t>(end - at) >= word.size() && memcmp(at, word.data(), word.size()) == 0;
}

/// Finds the end of a list of plain strings behind its first quote: the bracket.
const uint8_t *endOfList(const uint8_t *at, const uint8_t *end, std::vector<audit_string> *entries) {
    while (true) {
        const uint8_t *from = at;
        at = behindPlain(at, end);
        if (end - at < 3 || *at != '"') return nullptr;
        if (entries) entries->push_back({reinterpret_cast<const char *>(from), static_cast<size_t>(at - from)});
        at++;
        if (*at == ']') return at;
        if (at[0] != ',' || at[1] != '"') return nullptr;
        at += 2;
    }
}

uint64_t word(const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/// The bytes by which a template is guessed.
constexpr size_t guessed = 128;

constexpr uint64_t factor = 0x9E3779B97F4A7C15;

uint64_t mixed(uint64_t hash) { return (hash ^ hash >> 32) * factor; }

/// Not keyed: whoever finds collisions makes templates displace each other, which costs the time of the parser.
uint64_t hashOf(Text text) {
    uint64_t lanes[4] = {text.size(), 1, 2, 3};
    const uint8_t *at = text.from;
    for (; text.to - at >= 32; at += 32) {
        for (int lane = 0; lane < 4; lane++) lanes[lane] = mixed(lanes[lane] ^ word(at + 8 * lane));
    }
    for (; text.to - at >= 8; at += 8) lanes[0] = mixed(lanes[0] ^ word(at));
    uint64_t rest = 0;
    memcpy(&rest, at, static_cast<size_t>(text.to - at));
    return mixed(mixed(lanes[0] ^ rest) ^ mixed(lanes[1]) ^ mixed(lanes[2] + factor) ^ (lanes[3] << 1));
}

size_t firstWay(uint64_t hash) {
    return (hash >> 32 & (EventTemplates::slots - 1)) / EventTemplates::ways * EventTemplates::ways;
}

audit_string textFrom(Text text) { return {reinterpret_cast<const char *>(text.from), text.size()}; }

/// Copies the bytes of a string to the end of a text that has room for them.
void store(audit_string &string, std::string &texts) {
    if (string.bytes == nullptr) return;
    const char *copy = texts.data() + texts.size();
    texts.append(string.bytes, string.length);
    string.bytes = copy;
}

/// Different for all templates of the process, so that what is stored for a template is never taken for another.
std::atomic<uint64_t> templateCount{0};

}  // namespace

bool EventTemplates::read(
    Text text, audit_event &event, EventTraits &traits, std::vector<audit_string> &sourceIPs
) {
    hash_ = 0;
    if (text.size() > longest) return false;
    const Template *known = guess(text, gaps_, sourceIPs);
    if (!known) {
        if (!find(text, gaps_, &sourceIPs)) return false;
        // Zero means that there is none.
        hash_ = hash(text, gaps_) | 1;
        const std::unique_ptr<Template> *way = &templates_[firstWay(hash_)];
        for (size_t index = 0; index < ways && !known; index++) {
            if (way[index] && way[index]->hash == hash_ && isEqual(*way[index], text, gaps_)) known = way[index].get();
        }
        if (!known) return false;
        noteGuess(*known);
    }
    event = known->event;
    traits = known->traits;
    event.audit_id = textFrom(gaps_.auditID);
    event.request_received_timestamp = textFrom(gaps_.received);
    event.stage_timestamp = textFrom(gaps_.reached);
    event.source_ip_list = textFrom(gaps_.addresses);
    event.source_ips = sourceIPs.data();
    event.source_ip_count = sourceIPs.size();
    return true;
}

void EventTemplates::learn(Text text, const audit_event &event, const EventTraits &traits) {
    if (hash_ == 0) return;
    uint64_t &seen = seen_[hash_ >> 32 & (slots - 1)];
    if (seen != hash_) {
        seen = hash_;
        return;
    }
    if (!isAlone(text, gaps_)) return;
    size_t slot = firstWay(hash_) + made_++ % ways;
    auto known = make(text, gaps_, event);
    known->hash = hash_;
    known->traits = traits;
    known->event.template_slot = slot;
    known->event.template_id = templateCount.fetch_add(1, std::memory_order_relaxed) + 1;
    templates_[slot] = std::move(known);
}

std::unique_ptr<EventTemplates::Template> EventTemplates::make(
    Text text, const Gaps &gaps, const audit_event &event
) {
    auto known = std::make_unique<Template>();
    known->bytes = std::string(text.view());
    auto offset = [text](const uint8_t *at) { return static_cast<size_t>(at - text.from); };
    known->auditIDFrom = offset(gaps.auditID.from), known->auditIDTo = offset(gaps.auditID.to);
    known->addressesFrom = offset(gaps.addresses.from), known->addressesTo = offset(gaps.addresses.to);
    known->receivedFrom = offset(gaps.received.from), known->receivedTo = offset(gaps.received.to);
    known->reachedFrom = offset(gaps.reached.from), known->reachedTo = offset(gaps.reached.to);
    known->event = event;
    audit_event &stored = known->event;
    known->groups.assign(event.groups, event.groups + event.group_count);
    stored.groups = known->groups.data();
    std::vector<audit_string *> strings = {
        &stored.stage, &stored.request_uri, &stored.verb, &stored.username, &stored.user_agent,
        &stored.response_status, &stored.response_reason, &stored.response_message, &stored.resource,
        &stored.api_group, &stored.subresource,
    };
    for (audit_string &group : known->groups) strings.push_back(&group);
    size_t length = 0;
    for (const audit_string *string : strings) length += string->length;
    // At once, so that no pointer moves.
    known->texts.reserve(length);
    for (audit_string *string : strings) store(*string, known->texts);
    return known;
}

/// The first byte of the ID; NULL if there is none.
const uint8_t *EventTemplates::findID(Text text) {
    const uint8_t *at = text.from + idOffset_;
    bool isThere = idOffset_ > 0 && idOffset_ < text.size();
    if (isThere && memcmp(at - idKey.size(), idKey.data(), idKey.size()) == 0) return at;
    const void *found = memmem(text.from, text.size(), idKey.data(), idKey.size());
    if (!found) return nullptr;
    at = static_cast<const uint8_t *>(found) + idKey.size();
    idOffset_ = static_cast<size_t>(at - text.from);
    return at;
}

/// The template of a text, found by few of its bytes, so that no other is searched for the gaps. NULL if the template that
/// was found last for these bytes is not equal, which says nothing about others.
const EventTemplates::Template *EventTemplates::guess(
    Text text, Gaps &gaps, std::vector<audit_string> &sourceIPs
) {
    guess_ = guessByRequest_ = 0;
    const uint8_t *end = text.to, *at = findID(text);
    if (!at) return nullptr;
    gaps.auditID.from = at;
    gaps.auditID.to = at = behindPlain(at, end);
    if (static_cast<size_t>(end - at) < guessed) return nullptr;
    guessByRequest_ = hashOf({at, at + guessed});
    const Template *known = templates_[guessesByRequest_[guessByRequest_ & (slots - 1)]].get();
    if (!known) return nullptr;
    // All bytes are compared at the end. Here it is likely that the template has the same request.
    size_t length = known->addressesFrom - known->auditIDTo;
    if (static_cast<size_t>(end - at) <= length) return nullptr;
    gaps.addresses.from = at += length;
    if (!hasWord(at + 1 - addressesKey.size(), end, addressesKey)) return nullptr;
    sourceIPs.clear();
    at = endOfList(at + 1, end, &sourceIPs);
    if (!at) return nullptr;
    gaps.addresses.to = at;
    if (static_cast<size_t>(end - at) < guessed) return nullptr;
    guess_ = guessByRequest_ ^ hashOf({at, at + guessed / 2});
    known = templates_[guesses_[guess_ & (slots - 1)]].get();
    if (!known) return nullptr;
    length = known->receivedFrom - known->addressesTo;
    if (static_cast<size_t>(end - at) <= length) return nullptr;
    gaps.received.from = at += length;
    gaps.received.to = at = behindPlain(at, end);
    if (!hasWord(at, end, reachedKey)) return nullptr;
    gaps.reached.from = at += reachedKey.size();
    gaps.reached.to = at = behindPlain(at, end);
    return at < end && *at == '"' && isEqual(*known, text, gaps) ? known : nullptr;
}

/// Notes the template of the text for which `guess` was called last.
void EventTemplates::noteGuess(const Template &known) {
    uint16_t slot = static_cast<uint16_t>(known.event.template_slot);
    if (guessByRequest_ != 0) guessesByRequest_[guessByRequest_ & (slots - 1)] = slot;
    if (guess_ != 0) guesses_[guess_ & (slots - 1)] = slot;
}

/// Finds texts that may be the gaps. They may be wrong, as in an object of a client: then the bytes around them are equal
/// to no template's.
bool EventTemplates::find(Text text, Gaps &gaps, std::vector<audit_string> *sourceIPs) {
    const uint8_t *end = text.to, *at = findID(text);
    if (!at) return false;
    gaps.auditID.from = at;
    gaps.auditID.to = at = behindPlain(at, end);
    if (at == end || *at != '"') return false;
    at = behindWord(at, end, addressesKey);
    if (!at) return false;
    sourceIPs->clear();
    gaps.addresses.from = at - 1;
    at = endOfList(at, end, sourceIPs);
    if (!at) return false;
    gaps.addresses.to = at;
    at = behindWord(at, end, receivedKey);
    if (!at) return false;
    gaps.received.from = at;
    gaps.received.to = at = behindPlain(at, end);
    if (!hasWord(at, end, reachedKey)) return false;
    gaps.reached.from = at += reachedKey.size();
    gaps.reached.to = at = behindPlain(at, end);
    return at < end && *at == '"';
}

uint64_t EventTemplates::hash(Text text, const Gaps &gaps) {
    // The path, and the user agent with the first part of what follows it; the rest differs seldom alone.
    Text before = {gaps.auditID.to, gaps.addresses.from}, behind = {gaps.addresses.to, gaps.received.from};
    uint64_t lengths = static_cast<uint64_t>(text.to - gaps.reached.to) << 32 | behind.size();
    if (behind.size() > 160) behind.to = behind.from + 160;
    return mixed(hashOf(before) ^ mixed(hashOf(behind) + lengths));
}

bool EventTemplates::isEqual(const Template &known, Text text, const Gaps &gaps) {
    const uint8_t *bytes = reinterpret_cast<const uint8_t *>(known.bytes.data());
    auto isSame = [bytes](const uint8_t *from, const uint8_t *to, size_t knownFrom, size_t knownTo) {
        size_t length = static_cast<size_t>(to - from);
        return length == knownTo - knownFrom && memcmp(from, bytes + knownFrom, length) == 0;
    };
    return isSame(text.from, gaps.auditID.from, 0, known.auditIDFrom)
        && isSame(gaps.auditID.to, gaps.addresses.from, known.auditIDTo, known.addressesFrom)
        && isSame(gaps.addresses.to, gaps.received.from, known.addressesTo, known.receivedFrom)
        && isSame(gaps.received.to, gaps.reached.from, known.receivedTo, known.reachedFrom)
        && isSame(gaps.reached.to, text.to, known.reachedTo, known.bytes.size());
}

/// Whether the gaps are the values of the event's own members, and the only ones of their keys.
bool EventTemplates::isAlone(Text text, const Gaps &gaps) {
    size_t ids = 0, addresses = 0, received = 0, reached = 0;
    bool areSame = true;
    auto note = [&areSame](size_t &count, Text value, const uint8_t *from, const uint8_t *to) {
        count++;
        areSame &= value.from + 1 == from && value.to - 1 == to;
    };
    Members members(text);
    while (members.next()) {
        Text key = members.key, value = members.value;
        if (spells(key, "auditID")) note(ids, value, gaps.auditID.from, gaps.auditID.to);
        else if (spells(key, "sourceIPs")) note(addresses, value, gaps.addresses.from, gaps.addresses.to);
        else if (spells(key, "requestReceivedTimestamp")) note(received, value, gaps.received.from, gaps.received.to);
        else if (spells(key, "stageTimestamp")) note(reached, value, gaps.reached.from, gaps.reached.to);
    }
    return members.isComplete() && areSame && ids == 1 && addresses == 1 && received == 1 && reached == 1;
}

}  // namespace audit_scan
