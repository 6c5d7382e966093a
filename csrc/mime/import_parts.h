/*
 * mime/import_parts.h - what sorting a message's parts has found: its bodies and its attachments.
 *
 * Nothing here holds a reference: the parsed message does.
 */
#ifndef MIME_IMPORT_PARTS_H
#define MIME_IMPORT_PARTS_H

#include "mime/import.h"
#include "mime/text.h"

struct mime_attached_part {
    GMimeObject *part;
    enum mime_attach_kind kind;
    bool entity;                  /* kept as it stands: its own header, its parts unopened */
    const struct mime_hint *hint; /* what the header says of it, in an arena, or NULL */
};

struct mime_parts {
    GMimeObject *text, *html;
    const GMimeObject *text_within, *html_within;   /* the multipart/alternative they are choices of, or NULL */
    GMimeMultipart *broken;                         /* a multipart without parts, taken for text */
    struct mime_charset text_charset, html_charset; /* how they were read; names are in the draft's arena */
    struct mime_attached_part *attached;            /* in document order */
    size_t count, capacity;
    bool failed; /* no memory */
};

/* import_hint.c: gives the attachments what the X-MS-Attachment fields say of them. One is meant for the attachment of its
 * name, else, where there are as many as attachments, for the one at its place; what cannot be read is passed over. */
HRESULT mime_import_hints(struct mime_import *import, GMimeMessage *parsed, struct mime_parts *parts,
                          struct mime_arena *arena);

/* import_outline.c: keeps how the parts were put together, where an exporter could not know. */
HRESULT mime_import_outline(struct mime_import *import, const struct mime_parts *parts, GMimeObject *body,
                            IMessage *message, struct mime_draft *draft, unsigned depth);

#endif
