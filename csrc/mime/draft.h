/*
 * mime/draft.h - the properties of one object while they are collected.
 *
 * Nothing fails while a draft is filled; memory that ran out shows when it is applied. The values live in the draft's
 * arena and are copied by the object they are set on.
 */
#ifndef MIME_DRAFT_H
#define MIME_DRAFT_H

#include <mapidefs.h>

#include "mime/arena.h"

struct mime_allocators;

struct mime_draft {
    struct mime_arena arena;
    SPropValue *items;
    ULONG count, capacity;
    struct mime_note {
        const char *sentence;
        struct mime_note *next;
    } * notes;
};

void mime_draft_init(struct mime_draft *draft);
void mime_draft_clear(struct mime_draft *draft);

/* A zeroed value under this tag, to be filled; NULL where memory ran out. */
SPropValue *mime_draft_add(struct mime_draft *draft, ULONG tag);

void mime_draft_long(struct mime_draft *draft, ULONG tag, LONG value);
void mime_draft_boolean(struct mime_draft *draft, ULONG tag, bool value);
void mime_draft_binary(struct mime_draft *draft, ULONG tag, const void *bytes, size_t size);
void mime_draft_text(struct mime_draft *draft, ULONG tag, const char *utf8); /* NULL: nothing is added */
void mime_draft_text_sized(struct mime_draft *draft, ULONG tag, const char *utf8, size_t size);
void mime_draft_time(struct mime_draft *draft, ULONG tag, int64_t unix_seconds);

/* Says something about the object that is no property of it: what could not be represented, and where it is kept. The
 * sentence, which must outlive the draft, is said once. */
void mime_draft_note(struct mime_draft *draft, const char *sentence);

SPropValue *mime_draft_get(struct mime_draft *draft, ULONG tag); /* to be changed; NULL: not there */
const SPropValue *mime_draft_find(const struct mime_draft *draft, ULONG tag);

/* Sets them all. What the object computes itself or has no place for (MAPI_E_COMPUTED, MAPI_E_NO_SUPPORT,
 * MAPI_E_UNEXPECTED_TYPE, MAPI_E_INVALID_TYPE, MAPI_E_NO_ACCESS) is no failure; every other problem is. */
HRESULT mime_draft_apply(struct mime_draft *draft, IMAPIProp *object, const struct mime_allocators *allocators);

/* FILETIME is ticks of 100 ns since 1601. */
FILETIME mime_filetime(int64_t unix_seconds);
int64_t mime_unix_time(FILETIME time);

#endif
