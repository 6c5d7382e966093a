/* The sections of a profile in the database: each a bag of properties under a MAPIUID. Functions with a `db`
 * want it entered (profile_database.h).
 */
#ifndef CORE_SECTION_H
#define CORE_SECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

#include "base/database.h"
#include "base/propbag.h"

enum section_kind {
    SECTION_PLAIN = 0,    /* made by a client or a provider under an identifier of its own, or well known */
    SECTION_SERVICE = 1,  /* a message service's */
    SECTION_PROVIDER = 2, /* a service provider's */
    SECTION_EXTRA = 3     /* further information of a provider, PR_SERVICE_EXTRA_UIDS */
};

struct section {
    MAPIUID uid;
    MAPIUID service; /* the message service it belongs to; all zero for none */
    enum section_kind kind;
    int64_t ordinal; /* order of addition within the profile */
    bool marked;     /* to be deleted once the profile is no longer used */
    struct prop_bag props;
};

struct section_list {
    struct section *items;
    size_t count;
};

void section_clear(struct section *section);
void section_list_clear(struct section_list *list);

/* A section with its properties, for section_clear. MAPI_E_NOT_FOUND (without a sentence), MAPI_E_CORRUPT_DATA. */
HRESULT section_load(struct database *db, int64_t profile, const MAPIUID *uid, struct section *out);

/* The sections of a kind, in order, those of one service only unless `service` is NULL. Marked ones are left out. */
HRESULT section_load_all(struct database *db, int64_t profile, enum section_kind kind, const MAPIUID *service,
                         struct section_list *out);

/* The provider sections that are marked. */
HRESULT section_load_marked(struct database *db, int64_t profile, struct section_list *out);

/* Adds a section at the end of the profile (ordinal is set). MAPI_E_NO_ACCESS when the identifier is taken. */
HRESULT section_add(struct database *db, int64_t profile, struct section *section);

/* Writes the properties, the ordinal and the mark of a section that exists. */
HRESULT section_save(struct database *db, int64_t profile, const struct section *section);

HRESULT section_delete(struct database *db, int64_t profile, const MAPIUID *uid);

/* Small conveniences over a bag. */
ULONG bag_long(const struct prop_bag *bag, ULONG tag, ULONG otherwise);
bool bag_uid(const struct prop_bag *bag, ULONG tag, MAPIUID *out);
const struct prop_entry *bag_binary(const struct prop_bag *bag, ULONG tag);
/* A copy of a string property, for free(); NULL and S_OK where there is none. */
HRESULT bag_text(const struct prop_bag *bag, ULONG tag, char **out);
HRESULT bag_set_long(struct prop_bag *bag, ULONG tag, ULONG value);
HRESULT bag_set_binary(struct prop_bag *bag, ULONG tag, const void *bytes, size_t size);
HRESULT bag_set_text(struct prop_bag *bag, ULONG tag, const char *utf8);

/* A new random identifier (RFC 4122, version 4). MAPI_E_CALL_FAILED where the system has no randomness to give. */
HRESULT uid_create(MAPIUID *out);
bool uid_equal(const MAPIUID *a, const MAPIUID *b);
extern const MAPIUID uid_none;

#endif
