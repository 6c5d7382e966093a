/*
 * mime/names.h - named properties: headers that have no tag of their own.
 *
 * A store has some thirty thousand numbers for names and never takes one back, so mail must not use them up. Well-known
 * headers always become properties. Any other header does where the store knows its name, or has given out few numbers
 * yet; when MIME_MOST_NAMES have been given, the importer says so in the store by the name "no-more-names" of
 * mime_kept_set, and makes no more. PR_TRANSPORT_MESSAGE_HEADERS keeps all of them.
 */
#ifndef MIME_NAMES_H
#define MIME_NAMES_H

#include <mapidefs.h>

#include "mime/draft.h"

/* The set of what the converter keeps for itself: "outline", "raw-text", "raw-html", "notes" (PT_MV_UNICODE: sentences
 * about what could not be represented, and where it is kept). */
extern const GUID mime_kept_set;

enum {
    MIME_MAX_NAMES = 200, /* for one object */
    MIME_MOST_NAMES = 8192,
};

struct mime_name {
    const GUID *set;
    LPWSTR name; /* NULL: `id` is it */
    ULONG id;
    bool known;       /* well known: the name is made wherever it is not there */
    SPropValue value; /* its tag has the type alone; strings and arrays are in the arena */
};

struct mime_names {
    struct mime_arena arena;
    struct mime_name items[MIME_MAX_NAMES];
    size_t count;
    bool left_out; /* some header has not become a property, or not all of it */
};

struct mime_names *mime_names_create(void); /* NULL: no memory */
void mime_names_free(struct mime_names *names);

/* One string under PS_INTERNET_HEADERS; the name is stored in lower case. Beyond the limit it is left out. */
void mime_names_add_header(struct mime_names *names, const char *name, const char *value, bool known);

/* A property that has a number in its set, to be filled; NULL where there is no room. */
SPropValue *mime_names_add_number(struct mime_names *names, const GUID *set, ULONG id, ULONG type);

/* The same of any name, in an arena that lives as long: a string, or a number where that is NULL. */
SPropValue *mime_names_add(struct mime_names *names, const GUID *set, LPWSTR name, ULONG id, ULONG type);

/* Adds to PS_PUBLIC_STRINGS "Keywords" from a comma-separated list. */
void mime_names_add_keywords(struct mime_names *names, const char *value);

/* Asks the object for the numbers and adds the values to the draft. An object without named properties, or a store
 * that has no numbers left, is no failure. The draft must be applied before `names` is freed. */
HRESULT mime_names_draft(struct mime_names *names, IMAPIProp *object, struct mime_draft *draft,
                         const struct mime_allocators *allocators);

/* Adds the notes of the draft to it, as the named property "notes". */
HRESULT mime_notes_draft(struct mime_draft *draft, IMAPIProp *object, const struct mime_allocators *allocators);

/* The tag of one string name, made where there is none if `create`, or 0. */
ULONG mime_name_tag(IMAPIProp *object, const GUID *set, LPCWSTR name, ULONG type, bool create,
                    const struct mime_allocators *allocators);

/* The same of a number in a set. */
ULONG mime_number_tag(IMAPIProp *object, const GUID *set, ULONG id, ULONG type,
                      const struct mime_allocators *allocators);

#endif
