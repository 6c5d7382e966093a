/*
 * mime/outline.h - how a message was put together, kept beside what it holds.
 *
 * MAPI has bodies and a list of attachments; which multiparts they came in, in what order, with which further fields and
 * in which charset, no property says. The importer writes that down (the named property "outline" of the set
 * mime_kept_set, a PT_BINARY of text), and the exporter follows it as long as it fits what the message holds. Messages that
 * the exporter would put together the same way have none.
 *
 * One thing a line, its first character says what: '(' begins a multipart, ')' ends it, 't' is the text body, 'h' the
 * HTML body, 'a' an attachment, by its place among them. What follows on lines of their own belongs to it: 'F' a header
 * field of its entity, folds taken out; 'P' and 'E' what stands before the first and behind the last part; 'C' how the
 * body's charset was read, "name" or "name!" where undecodable bytes stand for characters of the same number, "name~" for
 * Shift_JIS' way with the backslash. Within a line \n, \r and \\ stand for an end of line, a CR and a backslash.
 */
#ifndef MIME_OUTLINE_H
#define MIME_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

#include "mime/arena.h"
#include "mime/text.h"

/* Writing; a text that ran out of memory has failed, and stays so. */
struct mime_outline {
    char *text; /* malloc'ed */
    size_t size, capacity;
    bool failed;
};

void mime_outline_line(struct mime_outline *outline, char what, const char *text);
void mime_outline_field(struct mime_outline *outline, const char *name, const char *value);
void mime_outline_charset(struct mime_outline *outline, const struct mime_charset *charset);

/* Reading. */
struct mime_outline_node {
    char what;           /* '(', 't', 'h' or 'a' */
    const char **fields; /* "Name: value", `field_count` of them */
    size_t field_count;
    const char *before, *behind; /* of a multipart, or NULL */
    const char *charset;         /* as 'C' has it, or NULL */
    size_t number;               /* of an attachment: 0 is the first */
    bool outermost;              /* its fields stand in the header of the message */
    struct mime_outline_node *children, *next;
};

/* NULL where the text is none, or memory ran out. Nodes are in the arena. */
struct mime_outline_node *mime_outline_read(struct mime_arena *arena, const char *text, size_t size);

/* How many nodes of a kind there are. */
size_t mime_outline_count(const struct mime_outline_node *node, char what);

/* The value of a field, or NULL. */
const char *mime_outline_get(const struct mime_outline_node *node, const char *name);

#endif
