/*
 * mime/import.h - from MIME to MAPI, and how the files of the importer share the work.
 *
 * import.c          opens and scans the stream, parses it, fills one message
 * import_header.c   the header fields: properties of the message
 * import_recipient.c  the recipient table
 * import_body.c     which part is a body, which an attachment
 * import_text.c     the bodies themselves
 * import_outline.c  how the parts were put together
 * import_hint.c     what the header says of attachments
 * import_attach.c   attachments and embedded messages
 * import_report.c   what delivery and read reports say
 * import_calendar.c meetings
 * import_tnef.c     winmail.dat
 * import_property.c values too large for a property array
 *
 * What the importer decides where the documentation leaves it open:
 * - PR_HTML holds UTF-8 and PR_INTERNET_CPID says 65001, whatever charset the part came in; nobody who reads the
 *   property then needs a table of charsets. A message without an HTML body has the code page of its text.
 * - PR_BODY keeps the line ends of the message as they came.
 * - PR_NATIVE_BODY_INFO says which body was imported when it was only one, and is absent when there were both.
 * - The first of several Subject, From, Date, ... fields counts; To, Cc, Bcc fields are added up.
 * - Nothing is saved: that is left to the caller, but for embedded messages, which only their importer can save.
 */
#ifndef MIME_IMPORT_H
#define MIME_IMPORT_H

#include <gmime/gmime.h>
#include <mapisub.h>

#include "mime/address.h"
#include "mime/draft.h"
#include "mime/names.h"
#include "mime/scan.h"
#include "mime/source.h"
#include "mime/text.h"

/* Lines that are said, each in a note; the last note says that there were more. */
enum { MIME_PASSED_OVER = 100 };

/* One call of MIMEToMAPI. */
struct mime_import {
    const struct mime_allocators *allocators;
    GMimeParserOptions *options;
    ULONG flags; /* CCSF_ */
    struct mime_source *source;
    struct mime_scan scan;
    struct mime_arena notes; /* sentences that the outermost message says */
    const char *passed_over[MIME_PASSED_OVER];
    size_t passed_over_count;
};

/* The whole of MIMEToMAPI once the arguments are known to be good. */
HRESULT mime_import_stream(const struct mime_allocators *allocators, IStream *stream, IMessage *message, ULONG flags);

/* Fills one message, outer or embedded, from its parsed form. `depth` counts the levels around it. */
HRESULT mime_import_message(struct mime_import *import, GMimeMessage *parsed, IMessage *message, unsigned depth);

/* import_header.c: collects properties and names; the recipients go to `recipients`, in the draft's arena. */
void mime_import_headers(struct mime_import *import, GMimeMessage *parsed, struct mime_draft *draft,
                         struct mime_names *names, struct mime_addresses *recipients);

/* Unfolded and decoded text of a field, trimmed, in the arena; NULL where memory ran out. */
char *mime_import_text(struct mime_import *import, struct mime_arena *arena, const char *raw);

/* import_recipient.c: replaces the recipient table. */
HRESULT mime_import_recipients(struct mime_import *import, const struct mime_addresses *recipients, IMessage *message);

/* import_body.c: sorts the parts, sets bodies, makes attachments; class and body properties go to the draft. */
HRESULT mime_import_parts(struct mime_import *import, GMimeMessage *parsed, IMessage *message, struct mime_draft *draft,
                          unsigned depth);

/* import_text.c: a text part into PR_BODY_W (UTF-16) or PR_HTML (UTF-8). *charset says how it was read, its name in the
 * draft's arena. Where decoding lost something, the bytes themselves are kept in a named property, "raw-text" or
 * "raw-html". */
HRESULT mime_import_text_part(struct mime_import *import, GMimeObject *part, IMessage *message, ULONG tag,
                              struct mime_draft *draft, struct mime_charset *charset);

/* The same from bytes in memory; tags other than the two bodies are strings. */
HRESULT mime_import_text_bytes(struct mime_import *import, const void *bytes, size_t size, const char *declared,
                               IMessage *message, ULONG tag, struct mime_draft *draft, struct mime_charset *charset);

/* All of a stream in malloc'ed memory, for what is looked at as a whole. */
HRESULT mime_import_read_all(struct mime_source *source, GMimeStream *stream, unsigned char **bytes, size_t *size);

/* import_property.c: a value of any size. Small ones go to the draft, larger ones through OpenProperty(IID_IStream);
 * start with a zeroed writer, finish in any case. */
struct mime_writer {
    IMAPIProp *object;
    ULONG tag;
    struct mime_draft *draft;
    unsigned char *buffer;
    size_t used, room;
    IStream *stream;
};

enum { MIME_SMALL_VALUE = 32 * 1024 };

HRESULT mime_writer_put(struct mime_writer *writer, const void *bytes, size_t size);
HRESULT mime_writer_finish(struct mime_writer *writer, HRESULT so_far);

/* Reads all of a stream into the writer. */
HRESULT mime_writer_copy(struct mime_writer *writer, struct mime_source *source, GMimeStream *stream);

/* A part's content, its transfer encoding undone, as a stream to be read; NULL where it has none. */
GMimeStream *mime_import_content(GMimeObject *part);

/* import_attach.c: how a part hangs on the message. */
enum mime_attach_kind {
    MIME_ATTACH_PLAIN,
    MIME_ATTACH_INLINE, /* belongs to the HTML body of a multipart/related */
};

/* What an X-MS-Attachment field says of an attachment: what its file is called, and when it was last changed. */
struct mime_hint {
    const char *name;
    int64_t unix_seconds;
};

/* The part's own fields come before the hint, which may be NULL. */
HRESULT mime_import_attachment(struct mime_import *import, GMimeObject *part, IMessage *message,
                               enum mime_attach_kind kind, const struct mime_hint *hint, unsigned depth);

/* A part as it stands, its own header included, as one attachment of this type and name. */
HRESULT mime_import_entity(struct mime_import *import, GMimeObject *entity, IMessage *message, const char *type,
                           const char *filename, const char *description);

/* The body of a message, a multipart/signed, as it stands: byte for byte where it is that of the outermost message. */
HRESULT mime_import_signed(struct mime_import *import, GMimeObject *body, IMessage *message, unsigned depth);

/* The bytes of the source from `start` on as one attachment. */
HRESULT mime_import_remainder(struct mime_import *import, uint64_t start, IMessage *message, const char *description);

#endif
