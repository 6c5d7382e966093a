/*
 * mime/names.h - named properties: headers that have no tag of their own.
 *
 * A store has some thirty thousand numbers for names and never takes one back, so mail must not make names at will. The
 * importer makes a name only for headers that are well known; any other header becomes a property where the store
 * knows its name already, because a client once asked for it. PR_TRANSPORT_MESSAGE_HEADERS keeps all of them.
 */
#ifndef MIME_NAMES_H
#define MIME_NAMES_H

#include <mapidefs.h>

#include "mime/draft.h"

/* The set of what the converter keeps for itself: "outline", "raw-text", "raw-html". */
extern const GUID mime_kept_set;

enum { MIME_MAX_NAMES = 200 }; /* for one object */

struct mime_name {
    const GUID *set;
    LPWSTR name;
    bool create;
    ULONG type;      /* PT_UNICODE or PT_MV_UNICODE */
    LPWSTR *strings; /* `count` of them */
    ULONG count;
};

struct mime_names {
    struct mime_arena arena;
    struct mime_name items[MIME_MAX_NAMES];
    size_t count;
};

struct mime_names *mime_names_create(void); /* NULL: no memory */
void mime_names_free(struct mime_names *names);

/* One string under PS_INTERNET_HEADERS; the name is stored in lower case. Beyond the limit it is left out. */
void mime_names_add_header(struct mime_names *names, const char *name, const char *value, bool create);

/* PS_PUBLIC_STRINGS "Keywords" from a comma-separated list. */
void mime_names_add_keywords(struct mime_names *names, const char *value);

/* Asks the object for the numbers and adds the values to the draft. An object without named properties, or a store
 * that has no numbers left, is no failure. The draft must be applied before `names` is freed. */
HRESULT mime_names_draft(struct mime_names *names, IMAPIProp *object, struct mime_draft *draft,
                         const struct mime_allocators *allocators);

/* The tag of one existing string name, or 0. */
ULONG mime_name_tag(IMAPIProp *object, const GUID *set, LPCWSTR name, ULONG type, bool create,
                    const struct mime_allocators *allocators);

#endif
