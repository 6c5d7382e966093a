/* lua/luastream.h: the binding's own IStream over memory. The library has no part of the binding, so the file is
 * included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapix.h>

#include "lua/istream.c"
#include "lua/luastream.c"
#include "support/fault.h"

static LARGE_INTEGER move(int64_t distance)
{
    LARGE_INTEGER result;
    result.QuadPart = distance;
    return result;
}

static ULARGE_INTEGER amount(uint64_t size)
{
    ULARGE_INTEGER result;
    result.QuadPart = size;
    return result;
}

static void reader_reads_to_the_end(void **state)
{
    IStream *stream;
    char bytes[8] = "";
    ULONG got = 9;
    (void)state;
    assert_int_equal(lm_reader_create("hello", 5, &stream), S_OK);
    assert_int_equal(stream->lpVtbl->Read(stream, bytes, 3, &got), S_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(bytes, "hel", 3);
    assert_int_equal(stream->lpVtbl->Read(stream, bytes, 8, &got), S_OK);
    assert_int_equal(got, 2);
    assert_int_equal(stream->lpVtbl->Read(stream, bytes, 8, &got), S_OK);
    assert_int_equal(got, 0);
    assert_int_equal(stream->lpVtbl->Read(stream, NULL, 1, &got), STG_E_INVALIDPOINTER);
    assert_int_equal(stream->lpVtbl->Write(stream, "x", 1, &got), STG_E_ACCESSDENIED);
    assert_int_equal(stream->lpVtbl->SetSize(stream, amount(1)), STG_E_ACCESSDENIED);
    assert_int_equal(stream->lpVtbl->Release(stream), 0);
}

static void seeking_stays_within_bounds(void **state)
{
    IStream *stream;
    ULARGE_INTEGER at;
    char byte = 0;
    ULONG got;
    (void)state;
    assert_int_equal(lm_reader_create("hello", 5, &stream), S_OK);
    assert_int_equal(stream->lpVtbl->Seek(stream, move(-1), STREAM_SEEK_END, &at), S_OK);
    assert_int_equal(at.QuadPart, 4);
    assert_int_equal(stream->lpVtbl->Read(stream, &byte, 1, &got), S_OK);
    assert_int_equal(byte, 'o');
    assert_int_equal(stream->lpVtbl->Seek(stream, move(-6), STREAM_SEEK_CUR, NULL), STG_E_INVALIDFUNCTION);
    assert_int_equal(stream->lpVtbl->Seek(stream, move(INT64_MIN), STREAM_SEEK_SET, NULL), STG_E_INVALIDFUNCTION);
    assert_int_equal(stream->lpVtbl->Seek(stream, move(0), 3, NULL), STG_E_INVALIDFUNCTION);
    assert_int_equal(stream->lpVtbl->Seek(stream, move(100), STREAM_SEEK_SET, &at), S_OK);
    assert_int_equal(stream->lpVtbl->Read(stream, &byte, 1, &got), S_OK);
    assert_int_equal(got, 0);
    stream->lpVtbl->Release(stream);
}

static void writer_grows_and_fills_gaps_with_zeros(void **state)
{
    IStream *stream;
    ULONG put;
    size_t length;
    const char *content;
    char piece[3000];
    (void)state;
    memset(piece, 'x', sizeof piece);
    assert_int_equal(lm_writer_create(&stream), S_OK);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(stream->lpVtbl->Write(stream, piece, sizeof piece, &put), S_OK);
        assert_int_equal(put, sizeof piece);
    }
    assert_int_equal(stream->lpVtbl->SetSize(stream, amount(2)), S_OK);
    assert_int_equal(stream->lpVtbl->Seek(stream, move(5), STREAM_SEEK_SET, NULL), S_OK);
    assert_int_equal(stream->lpVtbl->Write(stream, "y", 1, NULL), S_OK);
    content = lm_writer_content(stream, &length);
    assert_int_equal(length, 6);
    assert_memory_equal(content, "xx\0\0\0y", 6);
    assert_int_equal(stream->lpVtbl->SetSize(stream, amount(UINT64_MAX)), STG_E_MEDIUMFULL);
    stream->lpVtbl->Release(stream);
}

static void copies_and_tells_its_size(void **state)
{
    IStream *from, *to;
    ULARGE_INTEGER read, written;
    STATSTG stat;
    size_t length;
    (void)state;
    assert_int_equal(lm_reader_create("hello", 5, &from), S_OK);
    assert_int_equal(lm_writer_create(&to), S_OK);
    assert_int_equal(from->lpVtbl->CopyTo(from, to, amount(UINT64_MAX), &read, &written), S_OK);
    assert_int_equal(read.QuadPart, 5);
    assert_int_equal(written.QuadPart, 5);
    assert_memory_equal(lm_writer_content(to, &length), "hello", 5);
    assert_int_equal(to->lpVtbl->Stat(to, &stat, STATFLAG_NONAME), S_OK);
    assert_int_equal(stat.cbSize.QuadPart, 5);
    assert_int_equal(stat.type, STGTY_STREAM);
    from->lpVtbl->Release(from);
    to->lpVtbl->Release(to);
}

static void identity_is_one_object(void **state)
{
    IStream *stream;
    void *same = NULL;
    (void)state;
    assert_int_equal(lm_reader_create("", 0, &stream), S_OK);
    assert_int_equal(stream->lpVtbl->QueryInterface(stream, &IID_ISequentialStream, &same), S_OK);
    assert_ptr_equal(same, stream);
    assert_int_equal(stream->lpVtbl->Release(stream), 1);
    assert_int_equal(stream->lpVtbl->QueryInterface(stream, &IID_IMAPIProp, &same), E_NOINTERFACE);
    assert_null(same);
    assert_int_equal(stream->lpVtbl->Release(stream), 0);
}

static HRESULT write_under_faults(void *context)
{
    IStream *stream;
    HRESULT hr = lm_writer_create(&stream);
    (void)context;
    for (int i = 0; i < 2000 && SUCCEEDED(hr); i++)
        hr = stream->lpVtbl->Write(stream, "hello", 5, NULL);
    if (stream != NULL)
        stream->lpVtbl->Release(stream);
    return hr;
}

static void failing_memory_is_reported(void **state)
{
    (void)state;
    fault_sweep(write_under_faults, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_reads_to_the_end),
        cmocka_unit_test(seeking_stays_within_bounds),
        cmocka_unit_test(writer_grows_and_fills_gaps_with_zeros),
        cmocka_unit_test(copies_and_tells_its_size),
        cmocka_unit_test(identity_is_one_object),
        cmocka_unit_test(failing_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
