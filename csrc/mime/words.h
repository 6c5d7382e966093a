/*
 * mime/words.h - encoded words (RFC 2047) made fit for GMime.
 *
 * GMime decodes adjacent base64 words as if they were one and stops at the first padding, so that a subject whose
 * words were padded one by one loses all but the first (seen with 3.2.13). Here such a row of words is decoded, each
 * word by itself and the bytes of one charset together, and written again as one word in UTF-8. What is between the
 * words of a header, structure above all, stays as it is.
 */
#ifndef MIME_WORDS_H
#define MIME_WORDS_H

#include "mime/arena.h"

/* The header value with each row of encoded words made one; `raw` itself where there is no row. NULL: no memory. */
const char *mime_words_join(struct mime_arena *arena, const char *raw);

#endif
