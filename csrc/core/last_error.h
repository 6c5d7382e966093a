/* What GetLastError of the session and the administration objects hands out: the last failing call on that same object
 * (mapi-extended-errors.md). */
#ifndef CORE_LAST_ERROR_H
#define CORE_LAST_ERROR_H

#include <stdbool.h>

#include <mapidefs.h>

/* All zero is "nothing has failed". Guarded by its object's lock. */
struct last_error {
    HRESULT hr;
    ULONG low_level;
    ULONG context;
    char *text; /* UTF-8, malloc'd; NULL when there was no memory for it */
    char *component;
};

void last_error_clear(struct last_error *error);

/* Remembers a failing call, with the sentence that fail() left. */
void last_error_set(struct last_error *error, HRESULT hr);

/* Remembers what a provider said, and tells it to fail(). `said` may be NULL; it is not freed. */
void last_error_set_from(struct last_error *error, HRESULT hr, const MAPIERROR *said, bool wide);

/* GetLastError: MAPI_E_UNKNOWN_FLAGS, MAPI_E_INVALID_PARAMETER (out NULL), MAPI_E_NOT_ENOUGH_MEMORY; S_OK
 * with *out NULL when hr was not the last failure, else one block for MAPIFreeBuffer.
 */
HRESULT last_error_get(const struct last_error *error, HRESULT hr, ULONG flags, LPMAPIERROR *out);

#endif
