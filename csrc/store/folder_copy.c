/* Copying folders through the interface of the destination, which may be another provider's (declared in folder.h).
 *
 * The tree is listed before the first folder is made, and worked off from that list. What cannot be copied is left out
 * (imapifolder-copyfolder.md). A folder that is moved is deleted when everything in it has left.
 */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "base/failure.h"
#include "store/entryid.h"
#include "store/folder.h"
#include "store/tree.h"

/* How many messages are copied at once. */
enum { MESSAGES_AT_ONCE = 256 };

/* ---- messages ---- */

/* An entry list of some of the rows. */
struct entries {
    ENTRYLIST list;
    SBinary ids[MESSAGES_AT_ONCE];
    unsigned char bytes[MESSAGES_AT_ONCE][OBJECT_ENTRYID_SIZE];
};

static void fill_entries(struct entries *entries, const struct store *store, const int64_t *rows, size_t count)
{
    size_t i;

    entries->list.cValues = (ULONG)count;
    entries->list.lpbin = entries->ids;
    for (i = 0; i < count; i++) {
        object_entryid_make(&store->uid, MAPI_MESSAGE, rows[i], entries->bytes[i]);
        entries->ids[i].cb = OBJECT_ENTRYID_SIZE;
        entries->ids[i].lpb = entries->bytes[i];
    }
}

/* CopyMessages of these rows; *complete is cleared where some had to stay. */
static HRESULT copy_rows(struct folder *folder, const struct row_list *rows, LPMAPIFOLDER destination, bool move,
                         bool *complete)
{
    struct entries *entries = malloc(sizeof *entries);
    HRESULT hr = entries == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
    size_t done;

    for (done = 0; SUCCEEDED(hr) && done < rows->count; done += entries->list.cValues) {
        size_t left = rows->count - done;

        fill_entries(entries, folder->host.store, rows->rows + done, left < MESSAGES_AT_ONCE ? left : MESSAGES_AT_ONCE);
        hr = folder_copy_messages(folder, &entries->list, NULL, destination, move ? MESSAGE_MOVE : 0);
        if (hr == MAPI_W_PARTIAL_COMPLETION)
            *complete = false;
    }
    free(entries);
    return hr;
}

static HRESULT copy_content(struct folder *folder, bool associated, LPMAPIFOLDER destination, bool move, bool *complete)
{
    static const char normal[] = "SELECT id FROM message WHERE folder = ?1 AND associated = 0 ORDER BY id";
    static const char hidden[] = "SELECT id FROM message WHERE folder = ?1 AND associated = 1 ORDER BY id";
    struct row_list rows = {NULL, 0, 0};
    HRESULT hr = row_list_query(&rows, folder->host.store, associated ? hidden : normal, folder->host.place.row);

    if (SUCCEEDED(hr))
        hr = copy_rows(folder, &rows, destination, move, complete);
    row_list_free(&rows);
    return hr;
}

/* ---- folders ---- */

/* Makes the copy of a folder in `into`, with its properties. name NULL: the folder's own. */
static HRESULT make_copy(struct folder *folder, LPMAPIFOLDER into, const void *name, ULONG flags, LPMAPIFOLDER *out)
{
    static const SizedSPropTagArray(4, left_out) = {
        4, {PR_DISPLAY_NAME_W, PR_CONTAINER_CONTENTS, PR_CONTAINER_HIERARCHY, PR_FOLDER_ASSOCIATED_CONTENTS}};
    SPropTagArray *excluded = (SPropTagArray *)(uintptr_t)&left_out;
    LPMAPIFOLDER from = (LPMAPIFOLDER)(void *)folder;
    union {
        const void *given;
        LPTSTR name;
    } cast = {name};
    SPropValue *own = NULL;
    HRESULT hr = S_OK;

    *out = NULL;
    if (name == NULL) {
        hr = HrGetOneProp((LPMAPIPROP)(void *)folder, PR_DISPLAY_NAME_W, &own);
        flags |= MAPI_UNICODE;
    }
    if (SUCCEEDED(hr) && name == NULL)
        cast.given = own->Value.lpszW;
    if (SUCCEEDED(hr))
        hr = into->lpVtbl->CreateFolder(into, FOLDER_GENERIC, cast.name, NULL, NULL, flags & MAPI_UNICODE, out);
    if (SUCCEEDED(hr))
        hr = from->lpVtbl->CopyTo(from, 0, NULL, excluded, 0, NULL, &IID_IMAPIFolder, *out, 0, NULL);
    MAPIFreeBuffer(own);
    if (FAILED(hr) && *out != NULL) {
        (*out)->lpVtbl->Release(*out);
        *out = NULL;
    }
    return hr;
}

/* One folder with its messages, without its subfolders; *out is the copy. */
static HRESULT copy_one(struct store *store, int64_t row, LPMAPIFOLDER into, const void *name, ULONG flags,
                        bool *complete, LPMAPIFOLDER *out)
{
    bool move = (flags & FOLDER_MOVE) != 0;
    struct folder *folder;
    HRESULT hr = folder_open(store, row, move, &folder);

    *out = NULL;
    if (FAILED(hr))
        return hr;
    hr = make_copy(folder, into, name, flags, out);
    if (SUCCEEDED(hr))
        hr = copy_content(folder, false, *out, move, complete);
    if (SUCCEEDED(hr))
        hr = copy_content(folder, true, *out, move, complete);
    object_release(&folder->host.object);
    return hr;
}

/* What the copy of a folder goes into: that of its parent, which comes before it in the tree. NULL: that could not be copied. */
static HRESULT find_copy(struct store *store, const struct row_list *tree, size_t at, LPMAPIFOLDER const *copies,
                         LPMAPIFOLDER *into)
{
    int64_t parent = 0;
    HRESULT hr = folder_parent(store, tree->rows[at], &parent);
    size_t i;

    for (i = 0; i < at; i++)
        if (tree->rows[i] == parent)
            *into = copies[i];
    return hr == MAPI_E_NOT_FOUND ? S_OK : hr;
}

static HRESULT copy_tree(struct store *store, const struct row_list *tree, LPMAPIFOLDER destination, const void *name,
                         ULONG flags, bool *complete)
{
    LPMAPIFOLDER *copies = calloc(tree->count + 1, sizeof *copies);
    HRESULT hr = copies == NULL ? MAPI_E_NOT_ENOUGH_MEMORY
                                : copy_one(store, tree->rows[0], destination, name, flags, complete, &copies[0]);
    size_t i;

    for (i = 1; SUCCEEDED(hr) && i < tree->count; i++) {
        LPMAPIFOLDER into = NULL;
        ULONG kind = FOLDER_GENERIC;

        hr = folder_kind(store, tree->rows[i], &kind);
        if (SUCCEEDED(hr) && kind != FOLDER_SEARCH)
            hr = find_copy(store, tree, i, copies, &into);
        if (SUCCEEDED(hr) && into != NULL)
            hr = copy_one(store, tree->rows[i], into, NULL, flags, complete, &copies[i]);
        if (hr == MAPI_E_NOT_FOUND || hr == MAPI_E_COLLISION)
            hr = S_OK;
        if (copies[i] == NULL)
            *complete = false;
    }
    for (i = 0; copies != NULL && i < tree->count; i++)
        if (copies[i] != NULL)
            copies[i]->lpVtbl->Release(copies[i]);
    free(copies);
    return hr;
}

HRESULT folder_export_child(struct folder *folder, ULONG size, const ENTRYID *id, LPMAPIFOLDER destination,
                            const void *name, ULONG flags)
{
    struct store *store = folder->host.store;
    struct row_list tree = {NULL, 0, 0};
    bool move = (flags & FOLDER_MOVE) != 0;
    bool complete = true;
    int64_t row;
    HRESULT hr = folder_find_entry(folder, size, id, &row);

    if (SUCCEEDED(hr) && (flags & MAPI_DECLINE_OK) != 0)
        hr = MAPI_E_DECLINE_COPY;
    if (SUCCEEDED(hr))
        hr = folder_check_copied(store, row);
    if (SUCCEEDED(hr) && move && !folder->host.writable)
        hr = fail(MAPI_E_NO_ACCESS, "The folder was opened for reading.");
    if (SUCCEEDED(hr))
        hr = move || (flags & COPY_SUBFOLDERS) != 0 ? folder_collect_tree(store, row, &tree) : row_list_add(&tree, row);
    if (SUCCEEDED(hr) && move && folder_is_any_standard(store, &tree))
        hr = fail(MAPI_E_NO_ACCESS, "The folder is, or holds, one of the folders every store has.");
    if (SUCCEEDED(hr))
        hr = copy_tree(store, &tree, destination, name, flags, &complete);
    row_list_free(&tree);
    if (SUCCEEDED(hr) && move && complete)
        hr = folder_delete_child(folder, size, id, DEL_FOLDERS);
    return hr == S_OK && !complete ? MAPI_W_PARTIAL_COMPLETION : hr;
}

/* ---- CopyTo ---- */

/* Search folders are left out. */
static HRESULT copy_subfolders(struct folder *folder, LPMAPIFOLDER destination)
{
    static const char sql[] = "SELECT id FROM folder WHERE parent = ?1 AND kind <> 2 ORDER BY id";
    struct store *store = folder->host.store;
    struct row_list children = {NULL, 0, 0};
    struct folder *own = folder_of_same_store(folder, destination);
    bool within = false;
    HRESULT hr = S_OK;
    size_t i;

    if (own != NULL)
        hr = folder_is_within(store, own->host.place.row, folder->host.place.row, &within);
    if (SUCCEEDED(hr) && within)
        hr = fail(MAPI_E_FOLDER_CYCLE, "A folder cannot be copied into itself or a folder below it.");
    if (SUCCEEDED(hr))
        hr = row_list_query(&children, store, sql, folder->host.place.row);
    for (i = 0; i < children.count && SUCCEEDED(hr); i++) {
        unsigned char id[OBJECT_ENTRYID_SIZE];

        object_entryid_make(&store->uid, MAPI_FOLDER, children.rows[i], id);
        hr = folder_copy_child(folder, sizeof id, (const ENTRYID *)(const void *)id, NULL, destination, NULL,
                               COPY_SUBFOLDERS);
    }
    row_list_free(&children);
    return hr;
}

HRESULT folder_copy_object(void *host, ULONG tag, IMAPIProp *destination, ULONG flags)
{
    struct folder *folder = host;
    LPMAPIFOLDER to = NULL;
    bool complete = true;
    HRESULT hr = destination->lpVtbl->QueryInterface(destination, &IID_IMAPIFolder, (void **)&to);

    (void)flags;
    if (FAILED(hr))
        return hr;
    if (PROP_ID(tag) == PROP_ID(PR_CONTAINER_HIERARCHY))
        hr = copy_subfolders(folder, to);
    else
        hr = copy_content(folder, PROP_ID(tag) == PROP_ID(PR_FOLDER_ASSOCIATED_CONTENTS), to, false, &complete);
    to->lpVtbl->Release(to);
    return hr;
}
