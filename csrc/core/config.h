/* Settings of the user: what on Windows is in the registry. An environment variable, else a line "key = value" of the file `config` in
 * the home directory; empty lines and what follows a # do not count, the last line of a key does. Read anew each time.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <stddef.h>

#include <mapidefs.h>

/* The value without the blanks around it, NUL-terminated. S_OK; MAPI_E_NOT_FOUND when it is set nowhere; else, with a sentence,
 * MAPI_E_CORRUPT_DATA (too long), MAPI_E_NO_ACCESS or MAPI_E_DISK_ERROR (the file cannot be read), MAPI_E_NOT_INITIALIZED,
 * MAPI_E_NOT_ENOUGH_MEMORY. *source (constant text) says where it was found. */
HRESULT config_value(const char *variable, const char *key, char *out, size_t size, const char **source);

#endif
