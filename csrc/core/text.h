/* Strings as arguments: 8-bit ones are UTF-8, those of calls with MAPI_UNICODE are UTF-16. Inside the core
   all text is UTF-8. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

/* A copy of a string argument as UTF-8, for free(); NULL stays NULL. MAPI_E_INVALID_PARAMETER for what is no
 * text (invalid UTF-8, lone surrogates), MAPI_E_NOT_ENOUGH_MEMORY.
 */
HRESULT text_argument(const void *text, bool wide, char **out);

/* Whether a string argument is NULL or empty. */
bool text_is_empty(const void *text, bool wide);

/* Whether an 8-bit string is UTF-8, NUL-terminated. */
bool text_is_utf8(const char *text);

/* UTF-8 as a NUL-terminated string of the width asked for, chained to `head` (NULL: a head of its own). */
HRESULT text_result(const char *utf8, bool wide, void *head, void **out);

/* The name of a profile in a buffer of its own: at most 64 UTF-16 units (mapilogonex.md). */
enum { PROFILE_NAME_UNITS = 64, PROFILE_NAME_BYTES = PROFILE_NAME_UNITS * 3 };

struct profile_name {
    char text[PROFILE_NAME_BYTES + 1];
};

enum profile_name_kind { PROFILE_NAME_GIVEN, PROFILE_NAME_NONE, PROFILE_NAME_TOO_LONG, PROFILE_NAME_NOT_TEXT };

/* Reads a profile name; NULL and "" are none. Reads no more than it has to of one that is too long. */
enum profile_name_kind profile_name_read(const void *text, bool wide, struct profile_name *out);

/* The name of a profile that is to be made: letters and digits of any script, blanks inside, underscore and -
 * . @ + ' ( ) & , # (iprofadmin-createprofile.md has letters, digits, underscore and blanks inside).
 * MAPI_E_INVALID_PARAMETER with a sentence otherwise.
 */
HRESULT profile_name_check_new(const struct profile_name *name);

#endif
