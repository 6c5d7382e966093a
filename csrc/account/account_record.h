/* An account as the database had it at one moment: never changed once others can see it, and shared between the
 * enumerator and the account objects that show it. */
#ifndef ACCOUNT_ACCOUNT_RECORD_H
#define ACCOUNT_ACCOUNT_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

#include "account/account_secret.h"
#include "account/account_type.h"
#include "base/propbag.h"

struct account_record {
    atomic_uint refs;
    DWORD id;
    enum account_type type;
    bool exchange;
    int64_t place[CATEGORY_COUNT]; /* in the order of mail accounts, address books, stores; 0: in none */
    size_t size;                   /* of the properties as they are stored */
    unsigned categories;           /* of enum account_category */
    struct secret_owner owner;     /* MINI_UID, and the identifier that is also PREFERENCES_UID */
    MAPIUID service;               /* the message service it stands for; all zero: none */
    bool well_formed;              /* all text among the properties is; see account_record_check */
    struct prop_bag props;         /* what was given; nothing that is computed */
};

/* With one reference and everything zero; NULL when there is no memory, with a sentence. */
struct account_record *account_record_new(void);
struct account_record *account_record_ref(struct account_record *record);
void account_record_unref(struct account_record *record); /* NULL is allowed */

/* To be called when the properties are complete: looks once whether the text is well-formed, instead of at every use.
 * What is not (the file may be anybody's) has to be repaired by whoever hands it out. */
void account_record_check(struct account_record *record);

struct account_list {
    struct account_record **items;
    size_t count;
    size_t capacity;
};

/* Appends, taking the reference over on success. E_OUTOFMEMORY. */
HRESULT account_list_append(struct account_list *list, struct account_record *record);
void account_list_clear(struct account_list *list);

/* What is computed: the stamps, the identifiers, IS_EXCH. The value's stored form in `out`; false for every other
 * property. */
enum { STAMP_LENGTH = 8 };
bool account_record_long(const struct account_record *record, DWORD tag, DWORD *out);
bool account_record_stamp(const struct account_record *record, DWORD tag, char out[STAMP_LENGTH + 1]);

#endif
