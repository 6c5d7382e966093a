/*
 * mime/codepage.h - charsets by their names in mail and by Windows' code page numbers (PR_INTERNET_CPID).
 */
#ifndef MIME_CODEPAGE_H
#define MIME_CODEPAGE_H

#include <stdbool.h>

#include <mapidefs.h>

enum { CODEPAGE_UTF8 = 65001, CODEPAGE_LATIN1 = 1252, CODEPAGE_ASCII = 20127 };

/* The code page of a charset name in any case, or 0 where there is none. */
ULONG mime_codepage_from_charset(const char *charset);

/* The preferred MIME name of a code page, or NULL where it is not known. */
const char *mime_codepage_charset(ULONG codepage);

/* The wider charset that senders mean when they name this one and use bytes it does not have, or NULL. */
const char *mime_codepage_superset(const char *charset);

#endif
