/* mailbox/mutf7.h - the names of folders in Maildir++: UTF-7 as IMAP has modified it [RFC 3501, 5.1.3]. */
#ifndef MAILBOX_MUTF7_H
#define MAILBOX_MUTF7_H

#include <stddef.h>

#include <mapidefs.h>

/* A new NUL-terminated block, to be freed with free(); MAPI_E_NOT_ENOUGH_MEMORY. What is no modified UTF-7 is taken for
 * UTF-8; NULs and what is neither become U+FFFD. */
HRESULT mutf7_decode(const char *text, size_t size, WCHAR **out);

/* Likewise. The characters that separate folders ('.' and '/') are encoded, too, as Courier does it. */
HRESULT mutf7_encode(const WCHAR *text, char **out);

#endif
