/*
 * mime/tnef.h - reading TNEF, MAPI's own encapsulation of what other formats have no place for (winmail.dat).
 *
 * A stream of attributes: level, identifier, size, content, checksum. The attributes of an attachment follow the one that
 * begins it. Properties come in blocks of their own form. Whatever is damaged ends the reading; what came before counts.
 */
#ifndef MIME_TNEF_H
#define MIME_TNEF_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

#include "mime/arena.h"

enum mime_tnef_attribute {
    TNEF_OEM_CODEPAGE = 0x00069007,
    TNEF_MESSAGE_PROPS = 0x00069003,
    TNEF_RECIPIENTS = 0x00069004,
    TNEF_ATTACHMENT_BEGINS = 0x00069002,
    TNEF_ATTACHMENT_TITLE = 0x00018010,
    TNEF_ATTACHMENT_DATA = 0x0006800F,
    TNEF_ATTACHMENT_PROPS = 0x00069005,
};

struct mime_tnef_reader {
    const unsigned char *at, *end;
};

/* Begins; false where it is no TNEF. */
bool mime_tnef_begin(struct mime_tnef_reader *reader, const void *bytes, size_t size);

/* The next attribute: its identifier and content; false at the end or where it is damaged. */
bool mime_tnef_next(struct mime_tnef_reader *reader, ULONG *attribute, const unsigned char **content, size_t *size);

/* One property. Strings are UTF-16, whatever they were; of a PT_OBJECT value.bin is the content, the interface's
 * identifier before it, among the bytes that are read. Where `set` is not NULL the property has a name: a string, or a
 * number where that is NULL. */
struct mime_tnef_property {
    SPropValue value;
    const GUID *set;
    LPWSTR name;
    ULONG number;
};

/* The properties of a block, at most `most` of them, in the arena: how many. Strings of eight bits are of `codepage`. With
 * `used` not NULL, how many bytes they took. */
size_t mime_tnef_properties(struct mime_arena *arena, const unsigned char *bytes, size_t size, ULONG codepage,
                            struct mime_tnef_property *properties, size_t most, size_t *used);

#endif
