#include "mailbox/tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "base/failure.h"
#include "mailbox/mutf7.h"

static HRESULT out_of_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory to list the folders of a Maildir.");
}

static HRESULT add_name(struct maildir_tree *tree, const char *name)
{
    if (tree->count == tree->capacity) {
        size_t capacity = tree->capacity == 0 ? 16 : tree->capacity * 2;
        char **names = realloc(tree->names, capacity * sizeof *names);

        if (names == NULL)
            return out_of_memory();
        tree->names = names;
        tree->capacity = capacity;
    }
    tree->names[tree->count] = strdup(name);
    if (tree->names[tree->count] == NULL)
        return out_of_memory();
    tree->count++;
    return S_OK;
}

char *maildir_tree_path(const char *path, const char *name)
{
    size_t size = strlen(path) + strlen(name) + 2;
    char *joined = malloc(size);

    if (joined != NULL)
        snprintf(joined, size, "%s%s%s", path, *name != '\0' ? "/" : "", name);
    return joined;
}

/* A directory whose name begins with a dot, with "cur" or "new" in it. */
static HRESULT is_folder(const char *path, const char *name, bool *result)
{
    static const char *const subs[] = {"cur", "new"};
    char *folder = maildir_tree_path(path, name);
    struct stat status;

    *result = false;
    if (folder == NULL)
        return out_of_memory();
    for (size_t i = 0; i < 2 && !*result; i++) {
        char *sub = maildir_tree_path(folder, subs[i]);

        if (sub == NULL) {
            free(folder);
            return out_of_memory();
        }
        *result = stat(sub, &status) == 0 && S_ISDIR(status.st_mode);
        free(sub);
    }
    free(folder);
    return S_OK;
}

static int by_name(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

HRESULT maildir_tree_read(struct maildir_tree *tree, const char *path, bool recursive)
{
    HRESULT hr;
    DIR *directory;

    memset(tree, 0, sizeof *tree);
    hr = add_name(tree, "");
    directory = SUCCEEDED(hr) && recursive ? opendir(path) : NULL; /* reading the Maildir itself says why it failed */
    while (directory != NULL && SUCCEEDED(hr)) {
        const struct dirent *found = readdir(directory);
        bool folder = false;

        if (found == NULL)
            break;
        if (found->d_name[0] != '.' || strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
            continue;
        hr = is_folder(path, found->d_name, &folder);
        if (SUCCEEDED(hr) && folder)
            hr = add_name(tree, found->d_name);
    }
    if (directory != NULL)
        closedir(directory);
    if (tree->count > 1)
        qsort(tree->names, tree->count, sizeof *tree->names, by_name);
    return hr;
}

void maildir_tree_clear(struct maildir_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        free(tree->names[i]);
    free(tree->names);
    memset(tree, 0, sizeof *tree);
}

/* Opens or makes a folder; `parent` loses a reference in any case. */
static HRESULT step(IMAPIFolder *parent, const char *name, size_t size, IMAPIFolder **out)
{
    WCHAR *wide;
    HRESULT hr = mutf7_decode(name, size, &wide);

    *out = NULL;
    if (SUCCEEDED(hr))
        hr = parent->lpVtbl->CreateFolder(parent, FOLDER_GENERIC, (LPTSTR)wide, NULL, NULL,
                                          MAPI_UNICODE | OPEN_IF_EXISTS, out);
    parent->lpVtbl->Release(parent);
    free(wide);
    return hr;
}

HRESULT maildir_tree_folder(IMAPIFolder *folder, const char *name, IMAPIFolder **out)
{
    HRESULT hr = S_OK;

    folder->lpVtbl->AddRef(folder);
    *out = folder;
    while (SUCCEEDED(hr) && *name != '\0') {
        size_t size;

        name += strspn(name, ".");
        size = strcspn(name, ".");
        if (size > 0)
            hr = step(*out, name, size, out);
        name += size;
    }
    return hr;
}

/* Walking --------------------------------------------------------------------------------------------------------- */

/* ".A.B" for the folder "B" in ".A"; NULL without memory. */
static char *name_below(const char *parent, const WCHAR *name)
{
    char *part, *joined = NULL;
    size_t size;

    if (FAILED(mutf7_encode(name, &part)))
        return NULL;
    size = strlen(parent) + strlen(part) + 2;
    joined = malloc(size);
    if (joined != NULL)
        snprintf(joined, size, "%s.%s", parent, part);
    free(part);
    return joined;
}

static HRESULT walk(IMAPIFolder *folder, const char *name, bool recursive, tree_visit visit, void *context);

static HRESULT walk_row(IMAPIFolder *folder, const char *name, const SRow *row, tree_visit visit, void *context)
{
    const SPropValue *values = row->lpProps;
    IMAPIFolder *child = NULL;
    ULONG kind = 0;
    char *below;
    HRESULT hr;

    if (row->cValues < 2 || values[0].ulPropTag != PR_ENTRYID || values[1].ulPropTag != PR_DISPLAY_NAME_W)
        return S_OK;
    hr = folder->lpVtbl->OpenEntry(folder, values[0].Value.bin.cb, (LPENTRYID)(void *)values[0].Value.bin.lpb, NULL, 0,
                                   &kind, (LPUNKNOWN *)&child);
    if (hr == MAPI_E_NOT_FOUND || hr == MAPI_E_OBJECT_DELETED)
        return S_OK; /* it has gone since it was listed */
    if (FAILED(hr))
        return hr;
    below = name_below(name, values[1].Value.lpszW);
    hr = below == NULL ? out_of_memory() : walk(child, below, true, visit, context);
    free(below);
    child->lpVtbl->Release(child);
    return hr;
}

static HRESULT walk(IMAPIFolder *folder, const char *name, bool recursive, tree_visit visit, void *context)
{
    static const SizedSPropTagArray(2, columns) = {2, {PR_ENTRYID, PR_DISPLAY_NAME_W}};
    IMAPITable *table = NULL;
    SRowSet *rows = NULL;
    HRESULT hr = visit(context, folder, name);

    if (FAILED(hr) || !recursive)
        return hr;
    hr = folder->lpVtbl->GetHierarchyTable(folder, MAPI_UNICODE, &table);
    if (SUCCEEDED(hr))
        hr = HrQueryAllRows(table, (LPSPropTagArray)(uintptr_t)&columns, NULL, NULL, 0, &rows);
    for (ULONG i = 0; SUCCEEDED(hr) && i < rows->cRows; i++)
        hr = walk_row(folder, name, &rows->aRow[i], visit, context);
    FreeProws(rows);
    if (table != NULL)
        table->lpVtbl->Release(table);
    return hr;
}

HRESULT tree_walk(IMAPIFolder *folder, bool recursive, tree_visit visit, void *context)
{
    return walk(folder, "", recursive, visit, context);
}
