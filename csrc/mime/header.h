/*
 * mime/header.h - what the value of a header field says; the importer reads it so, and the exporter, which writes a field
 * as it came where it still says the same.
 */
#ifndef MIME_HEADER_H
#define MIME_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include <gmime/gmime.h>

#include "mime/arena.h"

/* The value of the first field of this name as it stands; NULL where there is none. */
const char *mime_header_raw(GMimeObject *part, const char *name);

/* Unfolded and decoded text, trimmed, in the arena; NULL where memory ran out. */
char *mime_header_text(GMimeParserOptions *options, struct mime_arena *arena, const char *raw);

/* Identifiers: the blanks and folds between them mean nothing, and become one blank, in place. Returns `text`. */
char *mime_header_ids(char *text);

/* False where nobody can read the date. */
bool mime_header_date(const char *raw, int64_t *unix_seconds);

/* The name that the values of Content-Disposition or else Content-Type give a part, in the arena; either may be NULL, and
 * so is the name where there is none. */
const char *mime_header_part_name(GMimeParserOptions *options, struct mime_arena *arena, const char *disposition,
                                  const char *type);

#endif
