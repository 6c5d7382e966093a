/* store/folder.h - IMAPIFolder. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include "store/batch.h"
#include "store/host.h"
#include "store/message.h"

struct folder {
    struct host host; /* place.row is the folder */
    struct store_batch batch;

    /* Its row, as load read it last. */
    int64_t parent; /* 0: the root */
    ULONG kind;
    int64_t created;
    int64_t modified;
    ULONG content_count;
    ULONG unread_count;
    ULONG associated_count;
    bool has_folders;
};

extern const GUID *const folder_iids[];
extern const IMAPIFolderVtbl folder_vtbl;

/* Opens a folder; one reference. MAPI_E_NOT_FOUND; *out is NULL on failure. */
HRESULT folder_open(struct store *store, int64_t row, bool writable, struct folder **out);

/* The folder object behind an interface pointer, if it is one of ours on a logon to the same store file; else NULL. */
struct folder *folder_of_same_store(struct folder *folder, void *other);

/* Whether it is one of the folders every store has; they stay where they are. */
bool folder_is_standard(const struct store *store, int64_t row);

/* PR_DISPLAY_TYPE (hierarchy-tables.md). */
ULONG folder_display_type(ULONG kind);

/* A row's child by name, 0 when there is none. */
HRESULT folder_find_child(struct store *store, int64_t parent, const char *name, size_t size, int64_t *row);

/* Where a folder hangs: MAPI_E_NOT_FOUND when it does not exist. */
HRESULT folder_parent(struct store *store, int64_t row, int64_t *parent);

/* What it is, FOLDER_GENERIC or FOLDER_SEARCH (the root: FOLDER_ROOT): MAPI_E_NOT_FOUND when it does not exist. */
HRESULT folder_kind(struct store *store, int64_t row, ULONG *kind);

/* Of a folder that a client has open: MAPI_E_OBJECT_DELETED when it has been deleted meanwhile. */
HRESULT folder_check_exists(struct store *store, int64_t row);

/* All folders of the store: a walk through the tree that is longer goes in a ring, which only a damaged file has. */
HRESULT folder_count(struct store *store, size_t *count);
HRESULT folder_ring(void); /* MAPI_E_CORRUPT_DATA with its sentence */

/* Whether `row` is `ancestor` or below it. */
HRESULT folder_is_within(struct store *store, int64_t row, int64_t ancestor, bool *within);

/* A name as it is stored: MAPI_E_INVALID_PARAMETER when it is empty, MAPI_E_STRING_TOO_LONG beyond INLINE_LIMIT
 * bytes. */
HRESULT folder_check_name(const void *name, size_t size);

/* folder_ops.c */

/* The row of a folder's entry identifier, which must be a child of this one: MAPI_E_NOT_FOUND. */
HRESULT folder_find_entry(struct folder *folder, ULONG size, const ENTRYID *id, int64_t *row);

/* MAPI_E_NO_ACCESS for a search folder, which is neither copied nor moved. */
HRESULT folder_check_copied(struct store *store, int64_t row);

/* A folder and everything below it, each parent before its children. */
struct row_list;
HRESULT folder_collect_tree(struct store *store, int64_t row, struct row_list *tree);
bool folder_is_any_standard(const struct store *store, const struct row_list *tree);

HRESULT folder_create_child(struct folder *folder, ULONG type, const void *name, const void *comment, LPCIID iid,
                            ULONG flags, LPMAPIFOLDER *out);
HRESULT folder_delete_child(struct folder *folder, ULONG size, const ENTRYID *id, ULONG flags);
HRESULT folder_copy_child(struct folder *folder, ULONG size, const ENTRYID *id, LPCIID iid, void *destination,
                          const void *name, ULONG flags);
HRESULT folder_empty(struct folder *folder, ULONG flags);

/* folder_messages.c */
HRESULT folder_copy_messages(struct folder *folder, const ENTRYLIST *list, LPCIID iid, void *destination, ULONG flags);
HRESULT folder_delete_messages(struct folder *folder, const ENTRYLIST *list, ULONG flags);
HRESULT folder_set_read_flags(struct folder *folder, const ENTRYLIST *list, ULONG flags);
HRESULT folder_get_status(struct folder *folder, ULONG size, const ENTRYID *id, ULONG flags, ULONG *status);
HRESULT folder_set_status(struct folder *folder, ULONG size, const ENTRYID *id, ULONG status, ULONG mask, ULONG *old);

/* CopyMessages to a folder of another store, through its interface. */
HRESULT folder_export_messages(struct folder *folder, const ENTRYLIST *list, LPMAPIFOLDER destination, bool move);

/* Deletes a message unless it is held open or submitted; *done says whether. Inside a transaction. */
HRESULT folder_delete_message(struct store *store, int64_t row, bool *done);

/* folder_copy.c: CopyFolder to a folder of another store, through its interface; CopyTo's share, messages and subfolders. */
HRESULT folder_export_child(struct folder *folder, ULONG size, const ENTRYID *id, LPMAPIFOLDER destination,
                            const void *name, ULONG flags);
HRESULT folder_copy_object(void *host, ULONG tag, IMAPIProp *destination, ULONG flags);

/* hierarchy.c */
HRESULT hierarchy_table(struct folder *folder, ULONG flags, LPMAPITABLE *out);

/* contents_table.c */
HRESULT contents_table_create(struct folder *folder, bool associated, ULONG flags, LPMAPITABLE *out);

#endif
