/* support/store_helper.h - a profile with a message store in it, logged on to, and short names for what tests of the
 * store do most. Whatever fails here fails the test. */
#ifndef SUPPORT_STORE_HELPER_H
#define SUPPORT_STORE_HELPER_H

#include <mapix.h>

/* cmocka fixtures: a temporary home, the profile "work" with the default services, a session on it and its store,
 * writable; afterwards everything is undone and nothing may be left alive. */
int store_setup(void **state);
int store_teardown(void **state);

/* For fixtures that have started processes before anything of MAPI was: the same in the home there is. store_teardown
 * undoes it. */
int store_setup_beside_processes(void);

/* Only the profile; in a process of its own, so that this one stays clean. */
HRESULT store_make_profile(void);
void store_make_profile_elsewhere(void);

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)

extern IMAPISession *the_session;
extern IMsgStore *the_store;

/* The session's store, opened once more. */
HRESULT try_open_store(ULONG flags, IMsgStore **store);
IMsgStore *open_store(ULONG flags);

/* Opens what a property of the object names (PR_IPM_OUTBOX_ENTRYID, ...); MAPI_MODIFY or other flags. */
IMAPIFolder *open_named(void *object, ULONG tag, ULONG flags);
IMAPIFolder *inbox(void); /* writable */
IMAPIFolder *user_root(void);
IMAPIFolder *child(IMAPIFolder *folder, const char *name);

/* A binary property; the bytes stay valid until the test has asked for eight more. */
SBinary binary(void *object, ULONG tag);

/* Entry identifiers: of the object, and opening by one. */
SBinary entryid(void *object);
HRESULT try_open(IMsgStore *store, SBinary id, ULONG flags, void *out);
IMessage *open_message(SBinary id, ULONG flags);

/* Properties: text in UTF-8 ("" and NULL differ), numbers, absence; the value's error for set. */
const char *text_of(void *object, ULONG tag);
ULONG long_of(void *object, ULONG tag);
int64_t time_of(void *object, ULONG tag);
HRESULT error_of(void *object, ULONG tag); /* S_OK when there is a value */
void put_text(void *object, ULONG tag, const char *text);
void put_long(void *object, ULONG tag, ULONG value);
void put_time(void *object, ULONG tag, int64_t ticks);
HRESULT put_error(void *object, const SPropValue *value);
SPropValue string_value(ULONG tag, const char *text);
SPropValue number_value(ULONG tag, ULONG value);

/* A message in the folder that has been saved with this subject; open, to be released. */
IMessage *new_message(IMAPIFolder *folder, const char *subject);
SBinary add_message(IMAPIFolder *folder, const char *subject); /* released; its entry identifier */
HRESULT save(void *object, ULONG flags);

/* Recipients: "name", "address". */
void add_recipient(IMessage *message, const char *name, const char *address, ULONG type);
ULONG count_rows(IMAPITable *table); /* and release it */

/* An attachment with these bytes, saved into the message (which is not). */
ULONG attach_bytes(IMessage *message, const char *name, const void *bytes, size_t size);

/* A property's stream. */
HRESULT try_stream(void *object, ULONG tag, ULONG flags, IStream **out);
void write_stream(void *object, ULONG tag, const void *bytes, size_t size); /* MAPI_CREATE | MAPI_MODIFY */
size_t read_stream(void *object, ULONG tag, void *bytes, size_t size);

/* Contents of the folder: subjects joined with "|" in the table's order. The table stays the caller's. */
IMAPITable *contents(IMAPIFolder *folder, ULONG flags);
void set_columns(IMAPITable *table, ULONG count, const ULONG *tags);
const char *subjects(IMAPITable *table);
const char *subjects_of(IMAPIFolder *folder);

/* The path of the store's file. */
const char *store_path(void);

/* Runs SQL against the file on a connection of its own; the first value as a number. */
long long store_query(const char *sql);
void expect_integrity(void);

/* Makes the file, which nobody has open, what it was with an older version of the schema. */
void store_make_older(int version);

#endif
