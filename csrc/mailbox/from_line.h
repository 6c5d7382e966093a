/* mailbox/from_line.h - the line that a message begins with in an mbox file: "From sender Thu Jan  1 00:00:00 1970". */
#ifndef MAILBOX_FROM_LINE_H
#define MAILBOX_FROM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FROM_LINE_LENGTH = 1000 }; /* a longer one is none */

/*
 * Whether `line` (without its line end) begins with "From " and says a date behind that, in one of the forms that are
 * about: the one of asctime [RFC 4155], with or without seconds, with a zone before or behind the year, or the one of mail
 * headers. *date: in Unix seconds; without a zone it is UTC.
 */
bool from_line_dated(const unsigned char *line, size_t size, int64_t *date);

/* Writes such a line and its LF: `sender` is an address (NULL or "": MAILER-DAEMON), in which "-" stands for
 * blanks and what is not ASCII: other programs fail over that. Returns its length; it is cut to fit. */
size_t from_line_write(char *line, size_t size, const char *sender, int64_t date);

#endif
