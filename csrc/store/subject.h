/* store/subject.h - PR_SUBJECT = PR_SUBJECT_PREFIX + PR_NORMALIZED_SUBJECT, whichever of the three is set.
 *
 * A holder keeps PR_SUBJECT and how many characters of it are the prefix (PR_SUBJECT_PREFIX_LENGTH).
 */
#ifndef STORE_SUBJECT_H
#define STORE_SUBJECT_H

#include <stdbool.h>

#include "store/holder.h"

/* Whether the tag's id is one of the three. */
bool subject_is(ULONG tag);

/* Sets one of the three. PR_SUBJECT: the prefix is what the rule finds, one to three UTF-16 units without digit,
 * blank or colon before ": ". The prefix or the normalized subject: the subject is kept where it begins or ends with
 * it, otherwise it is put together anew. The value is a string. */
HRESULT subject_set(struct holder *props, struct store *store, struct place place, const SPropValue *value);

/* Removes the subject, or makes the prefix empty. MAPI_E_NOT_FOUND. */
HRESULT subject_remove(struct holder *props, struct store *store, struct place place, ULONG tag);

/* PR_SUBJECT_PREFIX or PR_NORMALIZED_SUBJECT, as prop_bag_get. */
HRESULT subject_get(const struct holder *props, struct store *store, struct place place, ULONG tag, ULONG flags,
                    void *head, SPropValue *out);

#endif
