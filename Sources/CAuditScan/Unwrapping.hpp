#ifndef UNWRAPPING_HPP
#define UNWRAPPING_HPP

#include <initializer_list>
#include <string>

#include "CandidateSearch.hpp"
#include "Lookup.hpp"
#include "Origin.hpp"

namespace audit_scan {

/// Iterates over the audit events in one record: an envelope of the table, an EventList, or the text behind a prefix.
///
/// An envelope is opened only if its row says so, from the record inwards, so no more than three layers are decoded.
/// Nothing inside an event is entered, and nothing that no row names is searched.
class Unwrapping {
public:
    enum class Result {
        end,
        event,      // `event` is set: a text that names itself an audit event, or says the same as one
        unread,     // an event that no selector can match; `event` is its text if that is not embedded
        foreign,    // another program's record
        truncated,  // an event that was cut off
        malformed,  // `reason` is set
    };

    /// Begins an envelope or an EventList.
    ///
    /// - Parameters:
    ///   - record: Its members, which stay valid.
    ///   - search: Tells which embedded texts may be selected; none if the record is not part of the searched bytes.
    void begin(const Row &row, Text record, CandidateSearch *search);
    /// Begins a text that is embedded in a line or in joined pieces.
    void begin(const Row &row, std::string_view text, CandidateSearch *search);
    /// Finds the next one. What `event` points at is valid until the next call.
    Result next(Text &event, const char *&reason);

    void end() {
        depth_ = 0;
        isTextPending_ = false;
        unread_ = {};
    }
    /// The size of the buffers, in bytes.
    size_t memory() const;
    /// Frees large buffers. What was decoded is not valid any more.
    ///
    /// - Parameters:
    ///   - kept: A text that stays valid, unless it is huge: then it becomes empty.
    ///   - others: Buffers of the scanner that may hold it.
    void release(Text &kept, std::initializer_list<std::string *> others = {});
    /// Whether the last event's ID is unique by itself.
    bool hasUniqueID() const { return depth_ > 0 && frames_[depth_ - 1].row->schema == Schema::gke; }
    bool isActive() const { return depth_ > 0 || isTextPending_; }
    /// Reads the last unread text after all, for the time of its event.
    bool readLast(Text &event);

private:
    /// Texts up to this size are not cut off: the smallest limit of a platform is 16 KiB.
    static constexpr size_t shorterThanLimits = 8 << 10;
    // A row inside a row, and its EventList.
    static constexpr size_t deepest = 3, mostLevels = 3;
    static constexpr const char *tooManyKeys = "more keys than an envelope has";

    /// One array of items.
    struct Level {
        ObjectIndex holder;
        Entries entries;
        Text single;
        bool isSingle = false;
        Origin origin = Origin::audit;
    };

    struct Frame {
        const Row *row = nullptr;
        Text record;
        bool isOneItem = false;
        bool isForeign = false, isTwice = false;
        Level levels[mostLevels];
        size_t level = 0;
        /// The decoded text of an item.
        std::string decoded;
    };

    enum class Item { end, found, malformed };

    void begin(CandidateSearch *search);
    const char *push(const Row &row, Text record);
    const char *open(Frame &frame, Text holder);
    Item nextItem(Frame &frame, Text &item);
    Result take(Frame &frame, Text item, Text &event, const char *&reason);
    Result takeListItem(Text item, const char *&reason);
    Result decode(Frame &frame, Found found, Text &event, const char *&reason);
    Result embedded(const Row &row, Text text, Text &event, const char *&reason);
    Result inside(const Row &row, Text object, Text &event, const char *&reason);
    bool mayBeSelected(Text value);
    Result leaveUnread(Text string, Text &event);

    Frame frames_[deepest];
    size_t depth_ = 0;
    ObjectIndex item_;
    std::string attributes_, inflated_, last_;
    CandidateSearch *search_ = nullptr;
    // The bytes that compressed texts of the record may still hold.
    size_t budget_ = 0;
    // Whether the text of the item is a piece, and whether it is one if it is not longer than pieces are.
    bool isPiece_ = false, isTagged_ = false;
    // A text behind a prefix.
    bool isTextPending_ = false;
    Text text_;
    const Row *textRow_ = nullptr;
    // A text that was passed over, as it is spelled.
    Text unread_;
};

}  // namespace audit_scan

#endif
