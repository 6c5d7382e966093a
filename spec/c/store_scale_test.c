/* Much of what only the interfaces offer: copies and moves of folders five hundred deep, and a large value written and read
 * through IStream in memory that does not grow with it. spec/scale_spec.lua has the rest. MAPI_SCALE=full takes a gigabyte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/mapi.h"
#include "support/store_helper.h"

enum { DEEP = 500, PIECE = 1 << 20, MEMORY_MAX = 64 };

/* ---- folders ---- */

/* A folder with so many below each other, a message in each. */
static IMAPIFolder *make_tree(IMAPIFolder *parent, const char *name)
{
    IMAPIFolder *top = child(parent, name), *folder = top;
    for (int i = 1; i <= DEEP; i++) {
        IMAPIFolder *next = child(folder, "level");
        add_message(next, "in it");
        if (folder != top)
            release(folder);
        folder = next;
    }
    release(folder);
    return top;
}

static HRESULT copy_to(IMAPIFolder *parent, IMAPIFolder *folder, IMAPIFolder *to, const char *name, ULONG flags)
{
    SBinary id = entryid(folder);
    return parent->lpVtbl->CopyFolder(parent, id.cb, (LPENTRYID)(void *)id.lpb, NULL, to, (LPSTR)(uintptr_t)name, 0,
                                      NULL, flags);
}

static ULONG depth_of(IMAPIFolder *folder)
{
    static const ULONG column = PR_DEPTH;
    IMAPITable *table = NULL;
    assert_int_equal(folder->lpVtbl->GetHierarchyTable(folder, CONVENIENT_DEPTH, &table), S_OK);
    LPSRowSet rows = all_rows(table, 1, &column);
    ULONG deepest = 0;
    for (ULONG i = 0; i < rows->cRows; i++)
        if (rows->aRow[i].lpProps[0].Value.ul >= deepest)
            deepest = rows->aRow[i].lpProps[0].Value.ul + 1;
    FreeProws(rows);
    return deepest;
}

static IMAPIFolder *deepest_below(IMAPIFolder *top)
{
    IMAPIFolder *folder = child(top, "level");
    for (int i = 1; i < DEEP; i++) {
        IMAPIFolder *next = child(folder, "level");
        release(folder);
        folder = next;
    }
    return folder;
}

static HRESULT delete_tree(IMAPIFolder *parent, IMAPIFolder *folder)
{
    SBinary id = entryid(folder);
    return parent->lpVtbl->DeleteFolder(parent, id.cb, (LPENTRYID)(void *)id.lpb, 0, NULL, DEL_FOLDERS | DEL_MESSAGES);
}

static void folders_five_hundred_deep(void **state)
{
    (void)state;
    IMAPIFolder *parent = inbox();
    IMAPIFolder *top = make_tree(parent, "top"), *bottom = deepest_below(top);
    assert_int_equal(depth_of(top), DEEP);
    assert_int_equal(copy_to(parent, top, bottom, "in itself", COPY_SUBFOLDERS), MAPI_E_FOLDER_CYCLE);
    assert_int_equal(copy_to(parent, top, bottom, "in itself", FOLDER_MOVE), MAPI_E_FOLDER_CYCLE);
    assert_int_equal(copy_to(parent, top, parent, "copy", COPY_SUBFOLDERS), S_OK);
    IMAPIFolder *copy = child(parent, "copy"), *copied = deepest_below(copy);
    assert_int_equal(depth_of(copy), DEEP);
    assert_string_equal(subjects_of(copied), "in it");
    /* Below the other: a thousand. */
    assert_int_equal(copy_to(parent, copy, bottom, NULL, FOLDER_MOVE), S_OK);
    assert_int_equal(depth_of(top), 2 * DEEP + 1);
    assert_int_equal(store_query("SELECT sum(content_count) FROM folder"), 2 * DEEP);
    assert_int_equal(delete_tree(parent, top), S_OK);
    assert_int_equal(depth_of(parent), 0);
    assert_int_equal(store_query("SELECT count(*) FROM message"), 0);
    release(copied);
    release(copy);
    release(bottom);
    release(top);
    release(parent);
    expect_integrity();
}

/* ---- a large value ---- */

/* The most memory that this process has ever had, in megabytes. */
static long most_memory(void)
{
    char line[200];
    long kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kilobytes / 1024;
}

static bool is_measured(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    return true;
#endif
}

static void fill_piece(unsigned char *piece, unsigned number)
{
    for (size_t i = 0; i < PIECE; i += 4096)
        memset(piece + i, (int)(number + i / 4096), 4096);
}

static void write_all(IAttach *attach, unsigned pieces, unsigned char *piece)
{
    IStream *stream = NULL;
    ULONG written;
    assert_int_equal(try_stream(attach, PR_ATTACH_DATA_BIN, MAPI_CREATE | MAPI_MODIFY, &stream), S_OK);
    for (unsigned i = 0; i < pieces; i++) {
        fill_piece(piece, i);
        assert_int_equal(stream->lpVtbl->Write(stream, piece, PIECE, &written), S_OK);
        assert_int_equal(written, PIECE);
    }
    assert_int_equal(stream->lpVtbl->Commit(stream, 0), S_OK);
    release(stream);
}

static void expect_all(IStream *stream, unsigned pieces, unsigned char *piece)
{
    unsigned char *expected = malloc(PIECE);
    ULONG got = 0;
    for (unsigned i = 0; i < pieces; i++) {
        fill_piece(expected, i);
        assert_int_equal(stream->lpVtbl->Read(stream, piece, PIECE, &got), S_OK);
        assert_int_equal(got, PIECE);
        assert_memory_equal(piece, expected, PIECE);
    }
    assert_int_equal(stream->lpVtbl->Read(stream, piece, PIECE, &got), S_OK);
    assert_int_equal(got, 0);
    free(expected);
}

static void a_large_value_in_little_memory(void **state)
{
    const char *scale = getenv("MAPI_SCALE");
    unsigned pieces = scale != NULL && strcmp(scale, "full") == 0 ? 1024 : 80;
    unsigned char *piece = malloc(PIECE);
    IMAPIFolder *folder = inbox();
    IMessage *message = NULL;
    IAttach *attach = NULL;
    IStream *stream = NULL;
    LARGE_INTEGER to;
    ULONG number, got;
    long before = most_memory();
    (void)state;
    assert_non_null(piece);
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &message), S_OK);
    assert_int_equal(message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attach), S_OK);
    write_all(attach, pieces, piece);
    assert_int_equal(save(attach, 0), S_OK);
    assert_int_equal(save(message, KEEP_OPEN_READONLY), S_OK);
    SBinary id = entryid(message);
    release(attach);
    release(message);
    message = open_message(id, 0);
    assert_int_equal(message->lpVtbl->OpenAttach(message, number, NULL, 0, &attach), S_OK);
    assert_int_equal(try_stream(attach, PR_ATTACH_DATA_BIN, 0, &stream), S_OK);
    expect_all(stream, pieces, piece);
    to.QuadPart = (LONGLONG)(pieces - 1) * PIECE; /* from anywhere */
    assert_int_equal(stream->lpVtbl->Seek(stream, to, STREAM_SEEK_SET, NULL), S_OK);
    assert_int_equal(stream->lpVtbl->Read(stream, piece, 1, &got), S_OK);
    assert_int_equal(piece[0], (pieces - 1) & 0xFF);
    release(stream);
    release(attach);
    release(message);
    release(folder);
    free(piece);
    if (is_measured())
        assert_true(most_memory() - before < MEMORY_MAX);
    expect_integrity();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_large_value_in_little_memory),
        IN_STORE(folders_five_hundred_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
