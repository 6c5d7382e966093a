/* Making, deleting, copying and moving folders (declared in folder.h). Trees are worked off from lists of rows. */
#include "store/folder.h"

#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"
#include "store/entryid.h"
#include "store/search.h"
#include "store/text.h"
#include "store/tree.h"

static HRESULT need_writable(const struct folder *folder)
{
    return folder->host.writable ? S_OK : fail(MAPI_E_NO_ACCESS, "The folder was opened for reading.");
}

HRESULT folder_find_entry(struct folder *folder, ULONG size, const ENTRYID *id, int64_t *row)
{
    struct store *store = folder->host.store;
    int64_t parent = 0;
    ULONG kind;
    HRESULT hr = object_entryid_parse(&store->uid, size, id, &kind, row);

    if (SUCCEEDED(hr) && kind != MAPI_FOLDER)
        hr = fail(MAPI_E_INVALID_ENTRYID, "The entry identifier is a message's, not a folder's.");
    if (SUCCEEDED(hr))
        hr = folder_parent(store, *row, &parent);
    if (SUCCEEDED(hr) && parent != folder->host.place.row)
        hr = fail(MAPI_E_NOT_FOUND, "The folder is not a subfolder of this one.");
    return hr;
}

static HRESULT insert_folder(struct store *store, int64_t parent, ULONG type, const struct byte_buffer *name,
                             const struct byte_buffer *props, int64_t *row)
{
    static const char sql[] =
        "INSERT INTO folder (parent, name, kind, created, modified, props) VALUES (?1, ?2, ?3, ?4, ?4, ?5)";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, parent);
    sqlite3_bind_text(statement, 2, (const char *)name->bytes, (int)name->size, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, (int64_t)type);
    sqlite3_bind_int64(statement, 4, filetime_now());
    sqlite3_bind_blob(statement, 5, props->size == 0 ? (const void *)"" : props->bytes, (int)props->size,
                      SQLITE_STATIC);
    hr = database_run(store->db, statement, "The folder could not be made");
    if (SUCCEEDED(hr))
        *row = sqlite3_last_insert_rowid(database_handle(store->db));
    return SUCCEEDED(hr) ? search_folder_added(store, *row, parent) : hr;
}

/* OPEN_IF_EXISTS: what is there has to be what is asked for. */
static HRESULT check_existing(struct store *store, int64_t row, ULONG type, ULONG flags)
{
    ULONG kind;
    HRESULT hr = folder_kind(store, row, &kind);

    if (SUCCEEDED(hr) && (flags & OPEN_IF_EXISTS) == 0)
        hr = fail(MAPI_E_COLLISION, "There is a folder of that name already.");
    if (SUCCEEDED(hr) && (kind == FOLDER_SEARCH) != (type == FOLDER_SEARCH))
        hr = fail(MAPI_E_COLLISION, "There is a folder of that name already, %s.",
                  kind == FOLDER_SEARCH ? "which is a search folder" : "which is no search folder");
    return hr;
}

/* Finds the child of that name, or makes it. */
static HRESULT make_child(struct folder *folder, ULONG type, const struct byte_buffer *name, struct holder *props,
                          ULONG flags, int64_t *row)
{
    struct store *store = folder->host.store;
    struct place place = {CHUNKS_OF_FOLDER, 0};
    struct byte_buffer blob;
    HRESULT hr = folder_check_exists(store, folder->host.place.row);

    if (SUCCEEDED(hr))
        hr = folder_find_child(store, folder->host.place.row, (const char *)name->bytes, name->size, row);
    if (FAILED(hr))
        return hr;
    if (*row != 0)
        return check_existing(store, *row, type, flags);
    byte_buffer_init(&blob);
    hr = holder_encode(props, NULL, &blob);
    if (SUCCEEDED(hr))
        hr = insert_folder(store, folder->host.place.row, type, name, &blob, row);
    place.row = *row;
    if (SUCCEEDED(hr))
        hr = holder_write_chunks(props, store, place, true);
    if (SUCCEEDED(hr))
        hr = event_folder(store, fnevObjectCreated, *row, folder->host.place.row, 0, 0);
    byte_buffer_free(&blob);
    return hr;
}

static HRESULT create_child(struct folder *folder, ULONG type, const void *name, const void *comment, ULONG flags,
                            int64_t *row)
{
    struct byte_buffer text;
    struct byte_buffer remark;
    struct holder props;
    HRESULT hr;

    byte_buffer_init(&text);
    byte_buffer_init(&remark);
    memset(&props, 0, sizeof props);
    hr = text_from_client(name, flags, &text);
    if (SUCCEEDED(hr))
        hr = folder_check_name(text.bytes, text.size);
    if (SUCCEEDED(hr) && comment != NULL)
        hr = text_from_client(comment, flags, &remark);
    if (SUCCEEDED(hr) && comment != NULL)
        hr = holder_set_payload(&props, PR_COMMENT_W, remark.size == 0 ? (const void *)"" : remark.bytes, remark.size);
    if (SUCCEEDED(hr))
        hr = store_begin(folder->host.store);
    if (SUCCEEDED(hr))
        hr = store_end_transaction(folder->host.store, make_child(folder, type, &text, &props, flags, row));
    holder_clear(&props);
    byte_buffer_free(&text);
    byte_buffer_free(&remark);
    return hr;
}

HRESULT folder_create_child(struct folder *folder, ULONG type, const void *name, const void *comment, LPCIID iid,
                            ULONG flags, LPMAPIFOLDER *out)
{
    struct folder *child;
    int64_t row;
    HRESULT hr;

    if (out == NULL || name == NULL || (type != FOLDER_GENERIC && type != FOLDER_SEARCH))
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~(OPEN_IF_EXISTS | MAPI_DEFERRED_ERRORS | MAPI_UNICODE)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = check_interface(iid, folder_iids);
    if (SUCCEEDED(hr))
        hr = need_writable(folder);
    if (SUCCEEDED(hr))
        hr = search_refuse(folder, "The folder could not be made");
    if (SUCCEEDED(hr))
        hr = create_child(folder, type, name, comment, flags, &row);
    if (SUCCEEDED(hr))
        hr = folder_open(folder->host.store, row, true, &child);
    if (SUCCEEDED(hr))
        *out = (LPMAPIFOLDER)(void *)child;
    return hr;
}

HRESULT folder_collect_tree(struct store *store, int64_t row, struct row_list *tree)
{
    size_t count;
    size_t i;
    HRESULT hr = folder_count(store, &count);

    if (SUCCEEDED(hr))
        hr = row_list_add(tree, row);
    for (i = tree->count - 1; SUCCEEDED(hr) && i < tree->count; i++) {
        hr = row_list_query(tree, store, "SELECT id FROM folder WHERE parent = ?1 ORDER BY id", tree->rows[i]);
        if (SUCCEEDED(hr) && tree->count > count)
            hr = folder_ring();
    }
    return hr;
}

/* Deletes what may be deleted of a folder's messages; clears *complete if something had to stay. */
static HRESULT delete_content(struct store *store, int64_t folder, bool associated, bool *complete)
{
    struct row_list messages = {NULL, 0, 0};
    HRESULT hr =
        row_list_query(&messages, store, "SELECT id FROM message WHERE folder = ?1 AND associated = 0", folder);
    size_t i;

    if (SUCCEEDED(hr) && associated)
        hr = row_list_query(&messages, store, "SELECT id FROM message WHERE folder = ?1 AND associated = 1", folder);
    for (i = 0; i < messages.count && SUCCEEDED(hr); i++) {
        bool done;

        hr = folder_delete_message(store, messages.rows[i], &done);
        if (SUCCEEDED(hr) && !done)
            *complete = false;
    }
    row_list_free(&messages);
    return hr;
}

/* A folder that is empty by now. It may be the receive folder of some class: that mapping goes with it. */
static HRESULT delete_row(struct store *store, int64_t row)
{
    struct place place = {CHUNKS_OF_FOLDER, row};
    int64_t parent;
    HRESULT hr = chunks_delete(store, place);

    if (SUCCEEDED(hr))
        hr = folder_parent(store, row, &parent);
    if (SUCCEEDED(hr))
        hr = event_folder(store, fnevObjectDeleted, row, parent, 0, 0);
    if (SUCCEEDED(hr))
        hr = search_folder_removed(store, row);
    if (SUCCEEDED(hr))
        hr = tree_run(store, "DELETE FROM receive_folder WHERE folder = ?1", row, "The folder could not be deleted");
    if (SUCCEEDED(hr))
        hr = tree_run(store, "DELETE FROM folder WHERE id = ?1", row, "The folder could not be deleted");
    return hr;
}

static HRESULT is_empty(struct store *store, int64_t row, bool *empty)
{
    static const char sql[] = "SELECT NOT EXISTS (SELECT 1 FROM message WHERE folder = ?1)"
                              " AND NOT EXISTS (SELECT 1 FROM folder WHERE parent = ?1)";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    *empty = false;
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    *empty = rc == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
    hr = database_error(store->db, rc, "The folders could not be read");
    database_done(statement);
    return hr;
}

/* Deletes a tree from its leaves up; a folder in which something stayed stays, too. */
static HRESULT delete_tree(struct store *store, const struct row_list *tree, bool *complete)
{
    HRESULT hr = S_OK;
    size_t i;

    for (i = tree->count; i > 0 && SUCCEEDED(hr); i--) {
        bool empty = false;

        hr = delete_content(store, tree->rows[i - 1], true, complete);
        if (SUCCEEDED(hr))
            hr = is_empty(store, tree->rows[i - 1], &empty);
        if (SUCCEEDED(hr) && empty)
            hr = delete_row(store, tree->rows[i - 1]);
    }
    return hr;
}

static HRESULT has_messages(struct store *store, const struct row_list *tree, bool *has)
{
    struct row_list found = {NULL, 0, 0};
    HRESULT hr = S_OK;
    size_t i;

    for (i = 0; i < tree->count && SUCCEEDED(hr) && found.count == 0; i++)
        hr = row_list_query(&found, store, "SELECT id FROM message WHERE folder = ?1 LIMIT 1", tree->rows[i]);
    *has = found.count > 0;
    row_list_free(&found);
    return hr;
}

bool folder_is_any_standard(const struct store *store, const struct row_list *tree)
{
    size_t i;

    for (i = 0; i < tree->count; i++)
        if (folder_is_standard(store, tree->rows[i]))
            return true;
    return false;
}

/* imapifolder-deletefolder.md: only what is empty goes, unless the flags say otherwise. */
static HRESULT delete_child(struct folder *folder, ULONG size, const ENTRYID *id, ULONG flags, bool *complete)
{
    struct store *store = folder->host.store;
    struct row_list tree = {NULL, 0, 0};
    int64_t row;
    bool messages = false;
    HRESULT hr = folder_find_entry(folder, size, id, &row);

    if (SUCCEEDED(hr))
        hr = folder_collect_tree(store, row, &tree);
    if (SUCCEEDED(hr) && folder_is_any_standard(store, &tree))
        hr = fail(MAPI_E_NO_ACCESS, "The folder is, or holds, one of the folders every store has.");
    if (SUCCEEDED(hr) && tree.count > 1 && (flags & DEL_FOLDERS) == 0)
        hr = fail(MAPI_E_HAS_FOLDERS, "The folder has subfolders; DEL_FOLDERS deletes them with it.");
    if (SUCCEEDED(hr) && (flags & DEL_MESSAGES) == 0)
        hr = has_messages(store, &tree, &messages);
    if (SUCCEEDED(hr) && messages)
        hr = fail(MAPI_E_HAS_MESSAGES, "The folder has messages; DEL_MESSAGES deletes them with it.");
    if (SUCCEEDED(hr))
        hr = delete_tree(store, &tree, complete);
    row_list_free(&tree);
    return hr;
}

HRESULT folder_delete_child(struct folder *folder, ULONG size, const ENTRYID *id, ULONG flags)
{
    bool complete = true;
    HRESULT hr;

    if ((flags & ~(DEL_MESSAGES | FOLDER_DIALOG | DEL_FOLDERS | DELETE_HARD_DELETE)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = need_writable(folder);
    if (SUCCEEDED(hr))
        hr = store_begin(folder->host.store);
    if (FAILED(hr))
        return hr;
    hr = store_end_transaction(folder->host.store, delete_child(folder, size, id, flags, &complete));
    return hr == S_OK && !complete ? MAPI_W_PARTIAL_COMPLETION : hr;
}

/* imapifolder-emptyfolder.md: messages and subfolders; associated messages only when asked for. Standard folders
 * stay. */
static HRESULT empty(struct folder *folder, ULONG flags, bool *complete)
{
    struct store *store = folder->host.store;
    struct row_list children = {NULL, 0, 0};
    HRESULT hr = delete_content(store, folder->host.place.row, (flags & DEL_ASSOCIATED) != 0, complete);
    size_t i;

    if (SUCCEEDED(hr))
        hr = row_list_query(&children, store, "SELECT id FROM folder WHERE parent = ?1", folder->host.place.row);
    for (i = 0; i < children.count && SUCCEEDED(hr); i++) {
        struct row_list tree = {NULL, 0, 0};

        hr = folder_collect_tree(store, children.rows[i], &tree);
        if (SUCCEEDED(hr) && folder_is_any_standard(store, &tree))
            *complete = false;
        else if (SUCCEEDED(hr))
            hr = delete_tree(store, &tree, complete);
        row_list_free(&tree);
    }
    row_list_free(&children);
    return hr;
}

HRESULT folder_empty(struct folder *folder, ULONG flags)
{
    bool complete = true;
    HRESULT hr;

    if ((flags & ~(FOLDER_DIALOG | DEL_ASSOCIATED | DELETE_HARD_DELETE)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = need_writable(folder);
    if (SUCCEEDED(hr))
        hr = search_refuse(folder, "The folder could not be emptied");
    if (SUCCEEDED(hr))
        hr = store_begin(folder->host.store);
    if (FAILED(hr))
        return hr;
    hr = store_end_transaction(folder->host.store, empty(folder, flags, &complete));
    return hr == S_OK && !complete ? MAPI_W_PARTIAL_COMPLETION : hr;
}

static HRESULT move_row(struct store *store, int64_t row, int64_t from, int64_t parent, const struct byte_buffer *name)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "UPDATE folder SET parent = ?2, name = ?3, modified = ?4 WHERE id = ?1",
                                  &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, parent);
    sqlite3_bind_text(statement, 3, (const char *)name->bytes, (int)name->size, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, filetime_now());
    hr = database_run(store->db, statement, "The folder could not be moved");
    if (SUCCEEDED(hr) && from != parent)
        hr = search_folder_moved(store, row, from, parent);
    if (FAILED(hr))
        return hr;
    return from == parent ? event_folder(store, fnevObjectModified, row, parent, 0, 0)
                          : event_folder(store, fnevObjectMoved, row, parent, row, from);
}

/* One folder with its messages, without its subfolders. */
static HRESULT copy_row(struct store *store, int64_t row, int64_t parent, const struct byte_buffer *name, int64_t *copy)
{
    static const char sql[] = "INSERT INTO folder (parent, name, kind, created, modified, props)"
                              " SELECT ?2, coalesce(?3, name), kind, ?4, ?4, props FROM folder WHERE id = ?1";
    struct place place = {CHUNKS_OF_FOLDER, row};
    struct row_list messages = {NULL, 0, 0};
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    size_t i;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, parent);
    if (name != NULL)
        sqlite3_bind_text(statement, 3, (const char *)name->bytes, (int)name->size, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, 3);
    sqlite3_bind_int64(statement, 4, filetime_now());
    hr = database_run(store->db, statement, "The folder could not be copied");
    if (FAILED(hr))
        return hr;
    *copy = sqlite3_last_insert_rowid(database_handle(store->db));
    hr = search_folder_added(store, *copy, parent);
    if (SUCCEEDED(hr))
        hr = chunks_copy(store, place, *copy);
    if (SUCCEEDED(hr))
        hr = row_list_query(&messages, store, "SELECT id FROM message WHERE folder = ?1 ORDER BY id", row);
    for (i = 0; i < messages.count && SUCCEEDED(hr); i++) {
        int64_t message;

        hr = tree_copy_message(store, messages.rows[i], *copy, &message);
    }
    row_list_free(&messages);
    return hr;
}

/* The tree is listed before the first copy is made; `copies` holds, for each folder of it, what its children are
 * copied into. *top is the copy of the first one. Search folders are not copied (mapi-folders.md), and have no children. */
static HRESULT copy_tree(struct store *store, const struct row_list *tree, int64_t parent,
                         const struct byte_buffer *name, int64_t *top, bool *complete)
{
    struct row_list copies = {NULL, 0, 0};
    HRESULT hr = S_OK;
    size_t i;
    size_t j;

    for (i = 0; i < tree->count && SUCCEEDED(hr); i++) {
        int64_t into = parent;
        int64_t copy = 0;
        ULONG kind = FOLDER_GENERIC;

        if (i > 0) {
            hr = folder_parent(store, tree->rows[i], &into);
            for (j = 0; j < i && tree->rows[j] != into; j++)
                continue;
            into = j < i ? copies.rows[j] : 0;
        }
        if (SUCCEEDED(hr) && into == 0)
            hr = MAPI_E_CALL_FAILED;
        if (SUCCEEDED(hr))
            hr = folder_kind(store, tree->rows[i], &kind);
        if (kind == FOLDER_SEARCH)
            *complete = false;
        else if (SUCCEEDED(hr))
            hr = copy_row(store, tree->rows[i], into, i == 0 ? name : NULL, &copy);
        if (SUCCEEDED(hr))
            hr = row_list_add(&copies, copy);
        if (i == 0)
            *top = copy;
    }
    row_list_free(&copies);
    return hr;
}

HRESULT folder_check_copied(struct store *store, int64_t row)
{
    ULONG kind;
    HRESULT hr = folder_kind(store, row, &kind);

    if (SUCCEEDED(hr) && kind == FOLDER_SEARCH)
        hr = fail(MAPI_E_NO_ACCESS, "A search folder can be neither copied nor moved.");
    return hr;
}

static HRESULT copy_or_move(struct folder *folder, int64_t row, int64_t destination, const struct byte_buffer *name,
                            ULONG flags, bool *complete)
{
    struct store *store = folder->host.store;
    struct row_list tree = {NULL, 0, 0};
    bool move = (flags & FOLDER_MOVE) != 0;
    bool within = false;
    int64_t other;
    int64_t copy = 0;
    HRESULT hr = folder_check_copied(store, row);

    if (FAILED(hr))
        return hr;
    if (move && folder_is_standard(store, row))
        return fail(MAPI_E_NO_ACCESS, "The folder is one of those every store has, and stays where it is.");
    if (move || (flags & COPY_SUBFOLDERS) != 0)
        hr = folder_is_within(store, destination, row, &within);
    if (SUCCEEDED(hr) && within)
        hr = fail(MAPI_E_FOLDER_CYCLE, "A folder cannot be copied or moved into itself or a folder below it.");
    if (SUCCEEDED(hr))
        hr = folder_find_child(store, destination, (const char *)name->bytes, name->size, &other);
    if (SUCCEEDED(hr) && other != 0 && !(move && other == row))
        hr = fail(MAPI_E_COLLISION, "The destination has a folder of that name already.");
    if (FAILED(hr))
        return hr;
    if (move)
        return move_row(store, row, folder->host.place.row, destination, name);
    hr = (flags & COPY_SUBFOLDERS) != 0 ? folder_collect_tree(store, row, &tree) : row_list_add(&tree, row);
    if (SUCCEEDED(hr))
        hr = copy_tree(store, &tree, destination, name, &copy, complete);
    if (SUCCEEDED(hr))
        hr = event_folder(store, fnevObjectCopied, copy, destination, row, folder->host.place.row);
    row_list_free(&tree);
    return hr;
}

static HRESULT name_of(struct store *store, int64_t row, struct byte_buffer *name)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT name FROM folder WHERE id = ?1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The folders could not be read");
    if (rc == SQLITE_ROW)
        hr = byte_buffer_append(name, sqlite3_column_text(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
    database_done(statement);
    return hr;
}

static HRESULT copy_child(struct folder *folder, ULONG size, const ENTRYID *id, struct folder *destination,
                          const void *name, ULONG flags, bool *complete)
{
    struct byte_buffer text;
    int64_t row;
    HRESULT hr = folder_find_entry(folder, size, id, &row);

    if (SUCCEEDED(hr))
        hr = folder_check_exists(folder->host.store, destination->host.place.row);
    if (FAILED(hr))
        return hr;
    byte_buffer_init(&text);
    hr = name != NULL ? text_from_client(name, flags, &text) : name_of(folder->host.store, row, &text);
    if (SUCCEEDED(hr))
        hr = folder_check_name(text.bytes, text.size);
    if (SUCCEEDED(hr))
        hr = copy_or_move(folder, row, destination->host.place.row, &text, flags, complete);
    byte_buffer_free(&text);
    return hr;
}

HRESULT folder_copy_child(struct folder *folder, ULONG size, const ENTRYID *id, LPCIID iid, void *destination,
                          const void *name, ULONG flags)
{
    struct folder *target;
    bool complete = true;
    HRESULT hr;

    if (destination == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~(FOLDER_MOVE | FOLDER_DIALOG | MAPI_DECLINE_OK | COPY_SUBFOLDERS | MAPI_UNICODE)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = check_interface(iid, folder_iids);
    if (FAILED(hr))
        return hr;
    target = folder_of_same_store(folder, destination);
    if (target == NULL)
        return folder_export_child(folder, size, id, destination, name, flags);
    if (!target->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The destination folder was opened for reading.");
    hr = search_refuse(target, "The folder could not be copied or moved there");
    if (SUCCEEDED(hr) && (flags & FOLDER_MOVE) != 0)
        hr = need_writable(folder);
    if (SUCCEEDED(hr))
        hr = store_begin(folder->host.store);
    if (FAILED(hr))
        return hr;
    hr = store_end_transaction(folder->host.store, copy_child(folder, size, id, target, name, flags, &complete));
    return hr == S_OK && !complete ? MAPI_W_PARTIAL_COMPLETION : hr;
}
