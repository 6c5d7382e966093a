/* base/memstream.h: IStream over memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapix.h>

#include "base/memstream.h"
#include "base/object.h"
#include "support/fault.h"

/* Where a writer's bytes go. */
struct owner {
    char bytes[64];
    size_t size;
    int commits;
    int disposals;
    HRESULT answer;
};

static HRESULT commit(void *context, const void *bytes, size_t size)
{
    struct owner *owner = context;
    owner->commits++;
    if (owner->answer != S_OK)
        return owner->answer;
    assert_true(size < sizeof owner->bytes);
    if (size > 0)
        memcpy(owner->bytes, bytes, size);
    owner->bytes[size] = '\0';
    owner->size = size;
    return S_OK;
}

static void dispose(void *context)
{
    ((struct owner *)context)->disposals++;
}

static IStream *make_writer(struct lifeline *life, struct owner *owner, const char *initial)
{
    IStream *stream;
    assert_int_equal(memstream_create_writer(life, commit, dispose, owner, initial, strlen(initial), &stream), S_OK);
    return stream;
}

static IStream *make_reader(const char *content)
{
    IStream *stream;
    assert_int_equal(memstream_create_reader(NULL, content, strlen(content), &stream), S_OK);
    return stream;
}

static HRESULT put(IStream *stream, const char *text)
{
    ULONG written = 99;
    HRESULT hr = stream->lpVtbl->Write(stream, text, (ULONG)strlen(text), &written);
    assert_int_equal(written, hr == S_OK ? strlen(text) : 0);
    return hr;
}

static const char *get(IStream *stream, ULONG count)
{
    static char text[64];
    ULONG read = 99;
    assert_true(count < sizeof text);
    assert_int_equal(stream->lpVtbl->Read(stream, text, count, &read), S_OK);
    text[read] = '\0';
    return text;
}

static HRESULT seek(IStream *stream, int64_t by, DWORD origin)
{
    LARGE_INTEGER where = {.QuadPart = by};
    return stream->lpVtbl->Seek(stream, where, origin, NULL);
}

static uint64_t position(IStream *stream)
{
    LARGE_INTEGER nowhere = {.QuadPart = 0};
    ULARGE_INTEGER position;
    assert_int_equal(stream->lpVtbl->Seek(stream, nowhere, STREAM_SEEK_CUR, &position), S_OK);
    return position.QuadPart;
}

static HRESULT set_size(IStream *stream, uint64_t size)
{
    ULARGE_INTEGER wanted = {.QuadPart = size};
    return stream->lpVtbl->SetSize(stream, wanted);
}

static void readers_read(void **state)
{
    (void)state;
    IStream *stream = make_reader("hello world");
    assert_string_equal(get(stream, 5), "hello");
    assert_string_equal(get(stream, 60), " world");
    assert_string_equal(get(stream, 1), "");
    assert_int_equal(put(stream, "x"), STG_E_ACCESSDENIED);
    assert_int_equal(set_size(stream, 1), STG_E_ACCESSDENIED);
    assert_int_equal(stream->lpVtbl->Commit(stream, STGC_DEFAULT), S_OK);
    assert_int_equal(stream->lpVtbl->Read(stream, NULL, 1, NULL), STG_E_INVALIDPOINTER);
    assert_int_equal(stream->lpVtbl->Read(stream, NULL, 0, NULL), S_OK);
    STATSTG stat;
    assert_int_equal(stream->lpVtbl->Stat(stream, &stat, STATFLAG_DEFAULT), S_OK);
    assert_int_equal(stat.cbSize.QuadPart, 11);
    assert_int_equal(stat.type, STGTY_STREAM);
    assert_int_equal(stat.grfMode, STGM_READ);
    assert_null(stat.pwcsName);
    assert_int_equal(stream->lpVtbl->Stat(stream, NULL, 0), STG_E_INVALIDPOINTER);
    assert_int_equal(stream->lpVtbl->Stat(stream, &stat, 2), STG_E_INVALIDFLAG);
    void *found;
    assert_int_equal(stream->lpVtbl->QueryInterface(stream, &IID_ISequentialStream, &found), S_OK);
    assert_int_equal(stream->lpVtbl->Release(stream), 1);
    assert_int_equal(stream->lpVtbl->Release(stream), 0);
}

static void positions_are_checked(void **state)
{
    (void)state;
    IStream *stream = make_reader("0123456789");
    assert_int_equal(seek(stream, 4, STREAM_SEEK_SET), S_OK);
    assert_int_equal(seek(stream, -3, STREAM_SEEK_CUR), S_OK);
    assert_string_equal(get(stream, 1), "1");
    assert_int_equal(seek(stream, -1, STREAM_SEEK_END), S_OK);
    assert_string_equal(get(stream, 5), "9");
    assert_int_equal(seek(stream, -10, STREAM_SEEK_CUR), S_OK);
    assert_int_equal(seek(stream, -1, STREAM_SEEK_CUR), STG_E_INVALIDFUNCTION);
    assert_int_equal(seek(stream, INT64_MIN, STREAM_SEEK_SET), STG_E_INVALIDFUNCTION);
    assert_int_equal(position(stream), 0);
    assert_int_equal(seek(stream, 0, 3), STG_E_INVALIDFUNCTION);
    assert_int_equal(seek(stream, 1000, STREAM_SEEK_END), S_OK); /* behind the end is a place */
    assert_int_equal(position(stream), 1010);
    assert_string_equal(get(stream, 5), "");
    assert_int_equal(seek(stream, INT64_MAX, STREAM_SEEK_CUR), STG_E_INVALIDFUNCTION);
    stream->lpVtbl->Release(stream);
}

static void writers_keep_bytes_until_commit(void **state)
{
    (void)state;
    struct owner owner = {.answer = S_OK};
    IStream *stream = make_writer(NULL, &owner, "hello");
    assert_int_equal(stream->lpVtbl->Commit(stream, STGC_DEFAULT), S_OK);
    assert_int_equal(owner.commits, 0); /* nothing has changed */
    assert_int_equal(seek(stream, 0, STREAM_SEEK_END), S_OK);
    assert_int_equal(put(stream, " world"), S_OK);
    assert_int_equal(owner.commits, 0);
    assert_int_equal(stream->lpVtbl->Revert(stream), S_OK); /* direct mode */
    assert_int_equal(stream->lpVtbl->Commit(stream, 64), STG_E_INVALIDFLAG);
    owner.answer = MAPI_E_NOT_ENOUGH_DISK;
    assert_int_equal(stream->lpVtbl->Commit(stream, STGC_DEFAULT), MAPI_E_NOT_ENOUGH_DISK);
    owner.answer = S_OK;
    assert_int_equal(stream->lpVtbl->Commit(stream, STGC_DEFAULT), S_OK);
    assert_string_equal(owner.bytes, "hello world");
    assert_int_equal(owner.commits, 2);
    assert_int_equal(stream->lpVtbl->Commit(stream, STGC_DEFAULT), S_OK);
    assert_int_equal(owner.commits, 2);
    assert_int_equal(set_size(stream, 4), S_OK);
    assert_int_equal(owner.disposals, 0);
    assert_int_equal(stream->lpVtbl->Release(stream), 0); /* the last Release commits */
    assert_string_equal(owner.bytes, "hell");
    assert_int_equal(owner.commits, 3);
    assert_int_equal(owner.disposals, 1);
}

static void holes_are_zero(void **state)
{
    (void)state;
    struct owner owner = {.answer = S_OK};
    IStream *stream = make_writer(NULL, &owner, "abcdef");
    assert_int_equal(set_size(stream, 2), S_OK);
    assert_int_equal(seek(stream, 5, STREAM_SEEK_SET), S_OK);
    assert_int_equal(put(stream, "x"), S_OK);
    stream->lpVtbl->Release(stream);
    assert_int_equal(owner.size, 6);
    assert_memory_equal(owner.bytes, "ab\0\0\0x", 6);
}

static void streams_have_a_largest_size(void **state)
{
    (void)state;
    struct owner owner = {.answer = S_OK};
    IStream *stream = make_writer(NULL, &owner, "");
    assert_int_equal(set_size(stream, UINT64_C(0x80000000)), STG_E_MEDIUMFULL);
    assert_int_equal(seek(stream, 0x7FFFFFFF, STREAM_SEEK_SET), S_OK);
    assert_int_equal(put(stream, "x"), STG_E_MEDIUMFULL);
    assert_int_equal(seek(stream, INT64_MAX, STREAM_SEEK_SET), S_OK);
    assert_int_equal(put(stream, "x"), STG_E_MEDIUMFULL);
    stream->lpVtbl->Release(stream);
    assert_int_equal(owner.commits, 0);
}

static void a_touched_stream_commits(void **state)
{
    (void)state;
    struct owner owner = {.answer = S_OK, .size = 9};
    IStream *stream = make_writer(NULL, &owner, "");
    memstream_touch(stream);
    stream->lpVtbl->Release(stream);
    assert_int_equal(owner.commits, 1);
    assert_int_equal(owner.size, 0);
}

static void clones_share_the_content(void **state)
{
    (void)state;
    struct owner owner = {.answer = S_OK};
    IStream *stream = make_writer(NULL, &owner, "hello");
    IStream *clone;
    assert_string_equal(get(stream, 2), "he");
    assert_int_equal(stream->lpVtbl->Clone(stream, &clone), S_OK);
    assert_int_equal(position(clone), 2);
    assert_int_equal(put(clone, "LL"), S_OK);
    assert_int_equal(position(stream), 2);
    assert_string_equal(get(stream, 9), "LLo");
    assert_int_equal(stream->lpVtbl->Clone(stream, NULL), STG_E_INVALIDPOINTER);
    stream->lpVtbl->Release(stream);
    assert_int_equal(owner.commits, 0);
    assert_int_equal(owner.disposals, 0);
    clone->lpVtbl->Release(clone);
    assert_string_equal(owner.bytes, "heLLo");
    assert_int_equal(owner.disposals, 1);
}

static void streams_are_copied(void **state)
{
    (void)state;
    struct owner owner = {.answer = S_OK};
    char *long_text = malloc(20001);
    memset(long_text, 'x', 20000);
    long_text[20000] = '\0';
    IStream *from = make_reader(long_text);
    free(long_text);
    IStream *to = make_writer(NULL, &owner, "");
    ULARGE_INTEGER count = {.QuadPart = UINT64_MAX};
    ULARGE_INTEGER read;
    ULARGE_INTEGER written;
    assert_int_equal(from->lpVtbl->CopyTo(from, to, count, &read, &written), S_OK);
    assert_int_equal(read.QuadPart, 20000);
    assert_int_equal(written.QuadPart, 20000);
    assert_int_equal(position(to), 20000);
    seek(from, -5, STREAM_SEEK_END);
    count.QuadPart = 3;
    assert_int_equal(from->lpVtbl->CopyTo(from, to, count, &read, &written), S_OK);
    assert_int_equal(written.QuadPart, 3);
    assert_int_equal(from->lpVtbl->CopyTo(from, NULL, count, &read, NULL), STG_E_INVALIDPOINTER);
    assert_int_equal(read.QuadPart, 0);
    assert_int_equal(to->lpVtbl->CopyTo(to, from, count, &read, &written), S_OK); /* at its end: nothing to copy */
    seek(to, 0, STREAM_SEEK_SET);
    assert_int_equal(to->lpVtbl->CopyTo(to, from, count, &read, &written), STG_E_ACCESSDENIED);
    assert_int_equal(written.QuadPart, 0);
    assert_int_equal(set_size(to, 0), S_OK);
    to->lpVtbl->Release(to);
    from->lpVtbl->Release(from);
}

static void regions_cannot_be_locked(void **state)
{
    (void)state;
    IStream *stream = make_reader("x");
    ULARGE_INTEGER zero = {.QuadPart = 0};
    assert_int_equal(stream->lpVtbl->LockRegion(stream, zero, zero, 0), STG_E_INVALIDFUNCTION);
    assert_int_equal(stream->lpVtbl->UnlockRegion(stream, zero, zero, 0), STG_E_INVALIDFUNCTION);
    stream->lpVtbl->Release(stream);
}

static void L13_L15_an_ended_stream_refuses_and_discards(void **state)
{
    (void)state;
    struct owner owner = {.answer = S_OK};
    struct lifeline *life = lifeline_create();
    IStream *stream = make_writer(life, &owner, "x");
    assert_int_equal(put(stream, "y"), S_OK);
    assert_true(lifeline_begin_end(life));
    lifeline_finish_end(life);
    lifeline_unref(life);
    ULARGE_INTEGER u = {.QuadPart = 1};
    STATSTG stat;
    IStream *clone = stream;
    char byte;
    assert_int_equal(stream->lpVtbl->Read(stream, &byte, 1, NULL), MAPI_E_INVALID_OBJECT);
    assert_int_equal(put(stream, "z"), MAPI_E_INVALID_OBJECT);
    assert_int_equal(seek(stream, 0, STREAM_SEEK_SET), MAPI_E_INVALID_OBJECT);
    assert_int_equal(set_size(stream, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(stream->lpVtbl->CopyTo(stream, stream, u, NULL, NULL), MAPI_E_INVALID_OBJECT);
    assert_int_equal(stream->lpVtbl->Commit(stream, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(stream->lpVtbl->Revert(stream), MAPI_E_INVALID_OBJECT);
    assert_int_equal(stream->lpVtbl->LockRegion(stream, u, u, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(stream->lpVtbl->UnlockRegion(stream, u, u, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(stream->lpVtbl->Stat(stream, &stat, 0), MAPI_E_INVALID_OBJECT);
    assert_int_equal(stream->lpVtbl->Clone(stream, &clone), MAPI_E_INVALID_OBJECT);
    assert_null(clone);
    assert_int_equal(stream->lpVtbl->Release(stream), 0);
    assert_int_equal(owner.commits, 0);
    assert_int_equal(owner.disposals, 1);
}

static HRESULT use_streams(void *context)
{
    struct owner owner = {.answer = S_OK};
    IStream *stream;
    (void)context;
    HRESULT hr = memstream_create_writer(NULL, commit, dispose, &owner, "abc", 3, &stream);
    if (hr != S_OK) {
        assert_null(stream);
        assert_int_equal(owner.disposals, 0);
        return hr;
    }
    IStream *clone = NULL;
    hr = set_size(stream, 40);
    if (hr == S_OK)
        hr = stream->lpVtbl->Clone(stream, &clone);
    if (clone != NULL)
        clone->lpVtbl->Release(clone);
    stream->lpVtbl->Release(stream);
    assert_int_equal(owner.disposals, 1);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    assert_true(fault_sweep(use_streams, NULL) >= 5);
    assert_int_equal(object_live(OBJECT_STREAM), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_read),
        cmocka_unit_test(positions_are_checked),
        cmocka_unit_test(writers_keep_bytes_until_commit),
        cmocka_unit_test(holes_are_zero),
        cmocka_unit_test(streams_have_a_largest_size),
        cmocka_unit_test(a_touched_stream_commits),
        cmocka_unit_test(clones_share_the_content),
        cmocka_unit_test(streams_are_copied),
        cmocka_unit_test(regions_cannot_be_locked),
        cmocka_unit_test(L13_L15_an_ended_stream_refuses_and_discards),
        cmocka_unit_test(failing_memory),
    };
    return cmocka_run_group_tests_name("memstream", tests, NULL, NULL);
}
