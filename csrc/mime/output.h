/*
 * mime/output.h - writing MIME: lines that end in CRLF, folded header fields, transfer encodings.
 *
 * Whatever a property holds, nothing written through these functions can end a field or begin another: control
 * characters, CR and LF among them, become blanks. The first failure of the stream stays; writing goes on to nowhere.
 */
#ifndef MIME_OUTPUT_H
#define MIME_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

#include "mime/address.h"

struct mime_output {
    IStream *stream;
    HRESULT failure;
    bool eight_bit; /* header fields may be UTF-8 */
    size_t column;  /* in the current header field */
    size_t used;
    unsigned char buffer[16 * 1024];
};

void mime_output_bytes(struct mime_output *out, const void *bytes, size_t size);
void mime_output_text(struct mime_output *out, const char *text);
void mime_output_flush(struct mime_output *out);

/* Header fields. Values are UTF-8; NULL or "" writes no field. */
void mime_output_field(struct mime_output *out, const char *name, const char *value);
void mime_output_addresses(struct mime_output *out, const char *name, const struct mime_address *items, size_t count);
void mime_output_date(struct mime_output *out, const char *name, int64_t unix_seconds);

/* A field whose value is made of identifiers in angle brackets, folded between them and never encoded. */
void mime_output_ids(struct mime_output *out, const char *name, const char *value);

/* A field in the words it came in, folds included, with CRLF between its lines. It can be where nothing in it could end
 * the field or does not belong into one; else false, and nothing is written. */
bool mime_output_can_be_verbatim(const struct mime_output *out, const char *value);
bool mime_output_verbatim(struct mime_output *out, const char *name, const char *value);

/* A structured field with parameters: begin, parameters, end. `value` must be of printable ASCII. */
void mime_output_begin(struct mime_output *out, const char *name, const char *value);
void mime_output_parameter(struct mime_output *out, const char *name, const char *value);
void mime_output_end(struct mime_output *out);

/* Transfer encodings; begin with a zeroed encoder, end with size 0 and last true. */
struct mime_encoder {
    unsigned char held[57];
    size_t count;
};

void mime_output_base64(struct mime_output *out, struct mime_encoder *encoder, const void *bytes, size_t size,
                        bool last);
void mime_output_uuencode(struct mime_output *out, struct mime_encoder *encoder, const void *bytes, size_t size,
                          bool last);

/* Text whose lines end as `crlf_only` says: only CRLF ends a line (a bare LF is data), or LF does, too. */
void mime_output_quoted(struct mime_output *out, const char *text, size_t size, bool crlf_only);
void mime_output_lines(struct mime_output *out, const char *text, size_t size);

#endif
