/*
 * support/mime_helper.h - messages as text, for the tests of the converter.
 *
 * Whatever fails here fails the test. Strings are malloc'ed and kept until helper_reset, the teardown of every test.
 */
#ifndef SUPPORT_MIME_HELPER_H
#define SUPPORT_MIME_HELPER_H

#include <mapisub.h>

enum { IMPORT_ALL = CCSF_SMTP | CCSF_INCLUDE_BCC };

/* Allocators of the embedded MAPI that also record the last sentence. */
extern const struct mime_allocators helper_allocators;
const char *helper_sentence(void);

IConverterSession *helper_converter(void);              /* belongs to the helper */
IStream *helper_stream(const void *bytes, size_t size); /* the caller releases it */

/* A fake message; it belongs to the helper. */
IMessage *helper_message(unsigned limits);

HRESULT helper_try_import(const void *bytes, size_t size, ULONG flags, IMessage *message);
IMessage *helper_import(const char *text);
IMessage *helper_import_bytes(const void *bytes, size_t size);

/* A property as text: strings in UTF-8, binaries as they are, numbers in decimal, times in Unix seconds; NULL: absent.
 * *size may be NULL. */
const char *helper_get(void *object, ULONG tag);
const char *helper_get_sized(void *object, ULONG tag, size_t *size);
void helper_set(void *object, ULONG tag, const char *utf8);
void helper_set_long(void *object, ULONG tag, LONG value);
void helper_set_binary(void *object, ULONG tag, const void *bytes, size_t size);
void helper_set_recipient(IMessage *message, const char *name, const char *address, LONG type);

/* The recipients, one a line: "1 Name <address>". */
const char *helper_recipients(IMessage *message);

ULONG helper_attachment_count(IMessage *message);
IAttach *helper_attachment(IMessage *message, ULONG number); /* belongs to the helper */
IMessage *helper_embedded(IMessage *message, ULONG number);  /* likewise */
IAttach *helper_attach(IMessage *message, const char *name, const char *type, const void *bytes, size_t size);

HRESULT helper_try_export(IMessage *message, ULONG flags, const char **text, size_t *size);
const char *helper_export(IMessage *message, ULONG flags); /* CCSF_SMTP is added */

int helper_reset(void **state);

#endif
