/*
 * mime/base64.h - GMime's decoder of base64, faster.
 *
 * Attachments are most of the bytes of most mail. Whole groups of four are decoded here; the rest, and whatever is not as it
 * should be, goes through GMime's own decoder, so that the result is the same.
 */
#ifndef MIME_BASE64_H
#define MIME_BASE64_H

#include <gmime/gmime.h>

/* A filter that does what g_mime_filter_basic_new(GMIME_CONTENT_ENCODING_BASE64, FALSE) does. */
GMimeFilter *mime_base64_decoder(void);

#endif
