/*
 * mime/html.h - the plain text of an HTML body, for receivers that take nothing else.
 */
#ifndef MIME_HTML_H
#define MIME_HTML_H

#include <stddef.h>

/* UTF-8 in, UTF-8 out, malloc'ed and NUL-terminated, lines ending in CRLF; NULL where memory ran out. Tags go, block
 * elements and <br> end lines, white space collapses, the common entities are decoded. */
char *mime_html_to_text(const char *html, size_t size, size_t *text_size);

#endif
