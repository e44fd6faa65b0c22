#ifndef CAUDITSCAN_H
#define CAUDITSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Finds wanted audit events in logs and EventLists. A scanner is used by one thread at a time; what it hands out
 * points into its own memory and holds until its next call. Nothing here throws or aborts on any input; where memory
 * runs out the line is reported as malformed. */
typedef struct audit_scanner audit_scanner;

/* UTF-8, not terminated; bytes is NULL where the field is absent, null or of another type. */
typedef struct {
    const char *bytes;
    size_t length;
} audit_string;

typedef struct {
    audit_string audit_id, stage, request_uri, verb, username, user_agent;
    audit_string response_status, response_reason, response_message;
    audit_string request_received_timestamp, stage_timestamp;
    const audit_string *groups;
    size_t group_count;
    const audit_string *source_ips; /* an entry that is no string has NULL bytes */
    size_t source_ip_count;
    int64_t response_code;
    bool has_response_code;
    size_t selector; /* the first one that matches the event, by the order in which they were added */
} audit_event;

/* The events of one analytic: those whose responseStatus.code lies in the range and whose user.groups contains `group`,
 * unless that has NULL bytes. Every such event contains `literal` in one of its strings. */
typedef struct {
    audit_string literal, group;
    int64_t lowest_code, highest_code;
} audit_selector;

typedef enum {
    AUDIT_END,       /* nothing more */
    AUDIT_EVENT,     /* event and offset are set */
    AUDIT_MALFORMED, /* reason and offset are set; go on calling */
} audit_result;

/* NULL when out of memory. */
audit_scanner *audit_scanner_create(void);
/* Adds a selector, of which a copy is kept. An event is wanted when a selector matches it. False when out of memory. */
bool audit_scanner_select(audit_scanner *scanner, audit_selector selector);
void audit_scanner_destroy(audit_scanner *scanner);

/* Lines: begin, then next until AUDIT_END. The bytes must stay until then. */
void audit_lines_begin(audit_scanner *scanner, const uint8_t *bytes, size_t length);
audit_result audit_lines_next(audit_scanner *scanner, audit_event *event, size_t *offset, const char **reason);
/* After AUDIT_END: lines that were not empty, and the last of them decoded, wanted or not; false where there is none
 * or it is malformed. */
size_t audit_lines_count(const audit_scanner *scanner);
bool audit_lines_last(audit_scanner *scanner, audit_event *event);

/* An EventList: begin says whether it is one: AUDIT_EVENT where next may be called, AUDIT_END where it has no items,
 * AUDIT_MALFORMED with a reason where it is none. next gives each item that is wanted; an item that is no object is
 * malformed, and index tells which. */
audit_result audit_list_begin(audit_scanner *scanner, const uint8_t *bytes, size_t length, const char **reason);
audit_result audit_list_next(audit_scanner *scanner, audit_event *event, size_t *index, const char **reason);
size_t audit_list_count(const audit_scanner *scanner);
bool audit_list_last(audit_scanner *scanner, audit_event *event);

#ifdef __cplusplus
}
#endif

#endif
