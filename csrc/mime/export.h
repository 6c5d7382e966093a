/*
 * mime/export.h - from MAPI to MIME, and how the files of the exporter share the work.
 *
 * export.c          reads one message, decides its structure
 * export_read.c     properties, recipients and attachments as the exporter wants them
 * export_header.c   the header fields
 * export_original.c header fields in the words they came in
 * export_tnef.c     winmail.dat
 * export_outline.c  the structure that a message came in
 * export_body.c     texts
 * export_attach.c   attachments and embedded messages
 * output.c          lines, folding, encodings
 *
 * What the exporter decides where the documentation leaves it open:
 * - The same message gives the same bytes: boundaries and generated identifiers derive from its content.
 * - A body is written alone where PR_NATIVE_BODY_INFO says that it is the only one that somebody wrote; an HTML body
 *   that was composed here brings its plain text with it as an alternative.
 * - A message that has arrived keeps what it lacked: a Date or a Message-ID is made only for one that is still unsent.
 * - A lone attachment without any body is the message itself; a signed message is written as it was signed.
 */
#ifndef MIME_EXPORT_H
#define MIME_EXPORT_H

#include <mapisub.h>

#include "mime/address.h"
#include "mime/outline.h"
#include "mime/output.h"

/* What the Set... methods of the converter leave behind. */
struct mime_settings {
    LPADRBOOK address_book; /* or NULL */
    ENCODINGTYPE encoding;  /* of the outermost text; IET_UNKNOWN: the converter chooses */
    BOOL wrap;
    ULONG wrap_width;
    MIMESAVETYPE save_format;
    ULONG codepage; /* of texts; 0: the one they came in, us-ascii where that is enough, else UTF-8 */
    CSETAPPLYTYPE apply;
};

/* A property of an object, in the arena. */
struct mime_bodies {
    char *text; /* UTF-8, NUL-terminated, malloc'ed; NULL: none */
    size_t text_size;
    char *html; /* UTF-8, likewise */
    size_t html_size;
};

/* An attachment as the table lists it. */
struct mime_attached {
    ULONG number;
    LONG method;
    bool inside;      /* belongs to the HTML body */
    bool expanded;    /* out of a winmail.dat */
    const char *type; /* in the arena; NULL: not said */
};

/* One message, outer or embedded, while it is written. */
struct mime_export {
    const struct mime_allocators *allocators;
    const struct mime_settings *settings;
    ULONG flags;
    struct mime_output *out;
    IMessage *message;
    struct mime_arena arena;
    SPropValue *props; /* MAPIAllocateBuffer'ed, in the order of mime_export_tags */
    struct mime_addresses recipients;
    struct mime_bodies bodies;
    struct mime_attached *attached;
    size_t attached_count;
    unsigned depth;
    unsigned *boundaries; /* shared by a message and all within it */
    uint64_t seed;        /* of its boundaries, from its content */
    GMimeParserOptions *options;
    const struct mime_originals *originals; /* in the arena; NULL: none */
    bool tnef;                              /* all but the text goes into a winmail.dat */
    const char *html_subtype;               /* "html", or "rtf" where that was asked for */
    bool transformed;                       /* the body is not what was imported: flags of this call have changed it */
};

/* The whole of MAPIToMIMEStm once the arguments are known to be good. */
HRESULT mime_export_stream(const struct mime_allocators *allocators, const struct mime_settings *settings,
                           IMessage *message, IStream *stream, ULONG flags);

/* One message within another; its header fields and its body. */
HRESULT mime_export_message(const struct mime_export *outer, IMessage *message);

/* export_read.c */
HRESULT mime_export_read(struct mime_export *export);
HRESULT mime_export_read_recipients(struct mime_export *export); /* one table alone */
HRESULT mime_export_read_attached(struct mime_export *export);
void mime_export_forget(struct mime_export *export);
const SPropValue *mime_export_prop(const struct mime_export *export, ULONG tag); /* NULL: not there */
const char *mime_export_text(struct mime_export *export, ULONG tag);             /* UTF-8 or NULL */
LONG mime_export_long(const struct mime_export *export, ULONG tag, LONG otherwise);
bool mime_export_correspondent(struct mime_export *export, const struct mime_address_tags *tags,
                               struct mime_address *address);

/* Values of any object. */
HRESULT mime_read_props(const struct mime_allocators *allocators, IMAPIProp *object, const ULONG *tags, ULONG count,
                        SPropValue **values);
HRESULT mime_read_stream(IMAPIProp *object, ULONG tag, unsigned char **bytes, size_t *size); /* malloc'ed */
const SPropValue *mime_find_prop(const SPropValue *values, ULONG count, ULONG tag);

/* export_header.c: the outer header fields but for the Content- ones. */
HRESULT mime_export_headers(struct mime_export *export);

/* export_original.c: writes a field in the words it came in, if those say just this; else false, and nothing is written. */
void mime_originals_read(struct mime_export *export);
const char *mime_original(const struct mime_export *export, const char *name, size_t number); /* NULL: no such field */
bool mime_original_put(struct mime_export *export, const char *name, const char *text);
bool mime_original_put_ids(struct mime_export *export, const char *name, const char *ids);
bool mime_original_put_date(struct mime_export *export, const char *name, int64_t unix_seconds);
bool mime_original_put_addresses(struct mime_export *export, const char *name, const struct mime_address *items,
                                 size_t count, bool repeats, bool first);

/* export_body.c: header fields and text of one body part; `node` is what its outline keeps of it, or NULL. */
HRESULT mime_export_text_part(struct mime_export *export, const char *subtype, const struct mime_outline_node *node,
                              bool outermost);

/* export_tnef.c: the part winmail.dat, with all properties and attachments of the message. */
bool mime_export_wants_tnef(const struct mime_export *export);
HRESULT mime_export_tnef(struct mime_export *export);

/* export_outline.c: the body as it was put together when it came; S_FALSE where nothing is known or it does not fit what
 * the message holds now, and nothing has been written then. */
HRESULT mime_export_outline(struct mime_export *export);

/* The parameters of a Content-Type as it was kept (or NULL), but for two that are left out, and `boundary`. */
void mime_export_parameters(struct mime_export *export, const char *kept, const char *without, const char *nor);

/* The fields of a node in the words they came in, but for its Content-Type. */
void mime_export_fields(struct mime_export *export, const struct mime_outline_node *node);

/* The named property of a name in mime_kept_set as malloc'ed bytes; S_FALSE where it is not there. */
HRESULT mime_export_kept(struct mime_export *export, LPCWSTR name, char **bytes, size_t *size);

/* export.c: begins a multipart with a boundary of its own, and the lines between and behind its parts. */
enum { MIME_BOUNDARY_ROOM = 48 };
typedef void mime_put_parameters(struct mime_output *out, const void *context);
void mime_export_begin_multipart(struct mime_export *export, const char *subtype, mime_put_parameters *parameters,
                                 const void *context, char boundary[MIME_BOUNDARY_ROOM]);
void mime_export_boundary(struct mime_export *export, const char *boundary, bool last);

/* export_attach.c */
HRESULT mime_export_attachment(struct mime_export *export, const struct mime_attached *attached,
                               const struct mime_outline_node *node);
void mime_export_identifier(struct mime_export *export, const char *name, const char *id); /* in angle brackets */
HRESULT mime_export_signed_entity(struct mime_export *export);
HRESULT mime_export_uuencoded(struct mime_export *export, const struct mime_attached *attached);

#endif
