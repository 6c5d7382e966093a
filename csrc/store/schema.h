/* store/schema.h - what is in a store file, and how one is made. schema.c holds the SQL and says why it is so. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <stdint.h>

#include <mapidefs.h>

#include "base/database.h"

/* The folders every store has, in the order of their creation. */
enum standard_folder {
    FOLDER_OF_ROOT,     /* invisible; OpenEntry without an entry identifier opens it */
    FOLDER_OF_SEARCHES, /* PR_FINDER_ENTRYID */
    FOLDER_OF_VIEWS,
    FOLDER_OF_COMMON_VIEWS,
    FOLDER_OF_USER, /* PR_IPM_SUBTREE_ENTRYID: top of the tree people see */
    FOLDER_OF_INBOX,
    FOLDER_OF_OUTBOX,
    FOLDER_OF_SENT,
    FOLDER_OF_DELETED,
    FOLDER_OF_DRAFTS,
    STANDARD_FOLDER_COUNT
};

/* Who owns a row of the chunk table: values larger than INLINE_LIMIT are kept there, in pieces of CHUNK_SIZE, every
 * piece but the last of exactly that size. */
enum chunk_owner { CHUNKS_OF_FOLDER = 1, CHUNKS_OF_MESSAGE = 2, CHUNKS_OF_ATTACHMENT = 3, CHUNKS_OF_STORE = 4 };

enum { INLINE_LIMIT = 1024, CHUNK_SIZE = 65536 };

extern const struct database_schema store_schema;

/* The path of a store's file, malloc'd; NULL when there is no memory. */
char *store_file_path(const char *home, const MAPIUID *uid);

/* Makes a store file (its directory must exist) with the standard folders; `name` becomes PR_DISPLAY_NAME. Results as
 * database_open; on failure no file is left behind. */
HRESULT store_file_create(const char *path, const MAPIUID *uid, const char *name);

/* The uid and the standard folders of an open store. MAPI_E_CORRUPT_DATA when one is missing. */
HRESULT store_file_identify(struct database *db, MAPIUID *uid, int64_t folders[STANDARD_FOLDER_COUNT]);

/* Now, as the ticks of a FILETIME. */
int64_t filetime_now(void);

#endif
