/*
 * hresult.h - the names of status codes, and what to tell a user about them.
 *
 * Some values have two names: MAPI_E_INVALID_PARAMETER is E_INVALIDARG. Account helpers, managers and accounts
 * report the E_ name, everything else the MAPI_ one (API conventions). Every name found here is defined in mapicode.h,
 * actmgmt.h or by COM; names that pages use without defining them (MAPI_E_ACCESS_DENIED, MAPI_E_INVALID_FLAGS,
 * MAPI_E_BAD_CHAR_WIDTH, MAPI_E_NO_INTERFACE, MAPI_E_UNEXPECTED, MAPI_E_USER_CANCELED) are unknown.
 *
 * All strings are constants.
 */
#ifndef LUAMAPI_BASE_HRESULT_H
#define LUAMAPI_BASE_HRESULT_H

#include <mapiwin.h>
#include <stdbool.h>
#include <stddef.h>

/* The MAPI_ name if the value has one, else its other name, else NULL. */
const char *hresult_name(HRESULT hr);

/* The E_ name if the value has one, else its MAPI_ name, else NULL. */
const char *hresult_account_name(HRESULT hr);

/* The value of either name; false if there is no such name. */
bool hresult_from_name(const char *name, HRESULT *hr);

/* One plain sentence: what is wrong, and what to do about it where that can be said. NULL for unknown values. */
const char *hresult_text(HRESULT hr);

/* The table itself, by increasing unsigned value; false past its end. Either name may be NULL, but not both. */
bool hresult_at(size_t index, HRESULT *hr, const char **mapi_name, const char **e_name);

#endif
