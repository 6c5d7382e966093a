/*
 * mime/address.h - Internet addresses as MAPI keeps them: one-off entry identifiers, search keys and groups of
 * properties [one-off-entry-identifiers.md, mapi-address-types.md].
 *
 * A mailbox without a display name has its address for a name, as everywhere in MAPI; the exporter knows such a name
 * for what it is and leaves it out.
 */
#ifndef MIME_ADDRESS_H
#define MIME_ADDRESS_H

#include <stdbool.h>

#include <gmime/gmime.h>
#include <mapidefs.h>

#include "mime/arena.h"
#include "mime/draft.h"

struct mime_address {
    const char *name;    /* UTF-8, never NULL */
    const char *address; /* UTF-8, "" where there is none */
    LONG type;           /* PR_RECIPIENT_TYPE, where it matters */
};

/* A growing array; all strings are in the arena, the array itself is freed by mime_addresses_clear. */
struct mime_addresses {
    struct mime_address *items;
    size_t count, capacity;
};

void mime_addresses_clear(struct mime_addresses *list);
void mime_addresses_add(struct mime_addresses *list, struct mime_arena *arena, const char *name, const char *address,
                        LONG type);

/* Adds the mailboxes of a header value, those in groups too; returns how many there were. */
size_t mime_addresses_parse(struct mime_addresses *list, struct mime_arena *arena, GMimeParserOptions *options,
                            const char *value, LONG type);

/* The tags under which an object keeps one correspondent; 0: it does not keep that. */
struct mime_address_tags {
    ULONG name, addrtype, address, smtp_address, search_key, entry_id;
};

extern const struct mime_address_tags mime_sender_tags, mime_representing_tags, mime_receipt_tags, mime_recipient_tags;

void mime_address_draft(struct mime_draft *draft, const struct mime_address_tags *tags,
                        const struct mime_address *address);

/* A one-off entry identifier in the arena. */
SBinary mime_address_entry_id(struct mime_arena *arena, const struct mime_address *address);

/* "SMTP:" and the address in upper case, NUL included. */
SBinary mime_address_search_key(struct mime_arena *arena, const char *address);

/* PR_REPLY_RECIPIENT_ENTRIES and _NAMES. */
void mime_address_draft_replies(struct mime_draft *draft, const struct mime_addresses *list);

/* Reads a one-off entry identifier of type SMTP; false for any other. */
bool mime_address_from_entry_id(struct mime_arena *arena, const void *bytes, size_t size, struct mime_address *address);

/* Reads a FLATENTRYLIST of them; other entries are passed over. */
void mime_addresses_from_flat_list(struct mime_addresses *list, struct mime_arena *arena, const void *bytes,
                                   size_t size);

#endif
