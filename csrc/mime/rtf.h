/*
 * mime/rtf.h - compressed RTF, and HTML within it.
 *
 * PR_RTF_COMPRESSED is RTF in a compression of its own [pidtagrtfcompressed, wrapcompressedrtfstream]. RTF that was made
 * of HTML says \fromhtml1 and has the HTML in groups that begin with \*\htmltag; what stands between \htmlrtf and
 * \htmlrtf0 is for readers that only know RTF.
 */
#ifndef MIME_RTF_H
#define MIME_RTF_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

/* All results are malloc'ed. MAPI_E_NOT_ENOUGH_MEMORY, or what is said. */
HRESULT mime_rtf_compress(const char *rtf, size_t size, unsigned char **bytes, size_t *compressed);

/* MAPI_E_CORRUPT_DATA; MAPI_E_TOO_BIG for more than 256 MB. The text has a NUL behind it. */
HRESULT mime_rtf_decompress(const unsigned char *bytes, size_t size, char **rtf, size_t *decompressed);

/* UTF-8 HTML within RTF, all of it to be had again. */
HRESULT mime_rtf_from_html(const char *html, size_t size, char **rtf, size_t *written);

/* The HTML in the RTF, or else its text, as UTF-8 with a NUL behind it. */
HRESULT mime_rtf_read(const char *rtf, size_t size, char **text, size_t *read, bool *is_html);

#endif
