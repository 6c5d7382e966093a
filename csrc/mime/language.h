/*
 * mime/language.h - language tags (RFC 5646) and Windows' locale identifiers (PR_MESSAGE_LOCALE_ID).
 */
#ifndef MIME_LANGUAGE_H
#define MIME_LANGUAGE_H

#include <mapidefs.h>

/* The locale of the first language of a Content-Language field; that of the language alone where the region is not
 * known, 0 where neither is. */
ULONG mime_language_locale(const char *tag);

/* The tag of a locale, or NULL. */
const char *mime_language_tag(ULONG locale);

#endif
