/* base/restriction.h - SRestriction: checking, copying, deciding (types-of-restrictions.md). */
#ifndef BASE_RESTRICTION_H
#define BASE_RESTRICTION_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

/* How deep restrictions may be nested. */
enum { RESTRICTION_DEPTH = 64 };

/* A row as a restriction sees it. `self` is passed to every callback. */
struct row_source {
    void *self;

    /* The row's property with the tag's id, in whatever type it has; NULL when the row has none (PT_ERROR counts as
     * none). The tag's type says what is expected and may be PT_UNSPECIFIED. The value must stay valid until the
     * row's next two calls of this function have returned. */
    const SPropValue *(*property)(void *self, ULONG tag);

    /* Optional, for values that are expensive to fetch: whether the property exists, and its size in bytes. Without
     * them `property` is asked. */
    bool (*exists)(void *self, ULONG tag);
    bool (*size)(void *self, ULONG tag, size_t *size);

    /* Optional: calls test once per row of the sub-object (PR_MESSAGE_RECIPIENTS, PR_MESSAGE_ATTACHMENTS) until it
     * returns true; returns whether it did. Without it a sub-restriction matches nothing. */
    bool (*any_sub_row)(void *self, ULONG sub_object, bool (*test)(void *context, const struct row_source *row),
                        void *context);
};

/* Whether a restriction is well-formed and can be decided: MAPI_E_INVALID_PARAMETER for NULL pointers, reserved
 * members that are not 0, a comparison value whose type does not fit the tag, unknown relations; MAPI_E_TOO_COMPLEX
 * for a kind we do not know, regular expressions, COUNT and nesting deeper than RESTRICTION_DEPTH. NULL is no
 * restriction and is S_OK. */
HRESULT restriction_check(const SRestriction *restriction);

/* A deep copy in one MAPIAllocateBuffer block (free with MAPIFreeBuffer) of a restriction that is checked first;
 * NULL gives NULL. Errors as restriction_check, and MAPI_E_NOT_ENOUGH_MEMORY; *out is NULL on failure. */
HRESULT restriction_copy(const SRestriction *restriction, SRestriction **out);

/* The same in one malloc'd block (free with free()), for those who keep it: it is no buffer of the client's. */
HRESULT restriction_keep(const SRestriction *restriction, SRestriction **out);

/* Whether the row matches a checked restriction; NULL matches every row. An absent property makes every comparison
 * false, also "not equal"; an MV property matches when any of its elements does. */
bool restriction_matches(const SRestriction *restriction, const struct row_source *row);

#endif
