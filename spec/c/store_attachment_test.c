/* Attachments, embedded messages and the streams of properties: imessage-createattach.md, opening-an-attachment.md,
 * imapiprop-openproperty.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/mapi.h"
#include "support/store_helper.h"

static IAttach *open_attach(IMessage *message, ULONG number, ULONG flags)
{
    IAttach *attach = NULL;
    assert_int_equal(message->lpVtbl->OpenAttach(message, number, NULL, flags, &attach), S_OK);
    return attach;
}

static HRESULT try_embedded(IAttach *attach, ULONG flags, IMessage **out)
{
    return attach->lpVtbl->OpenProperty(attach, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, flags, (LPUNKNOWN *)(void *)out);
}

static ULONG attachments(IMessage *message)
{
    IMAPITable *table = NULL;
    assert_int_equal(message->lpVtbl->GetAttachmentTable(message, 0, &table), S_OK);
    return count_rows(table);
}

static void an_attachment_is_saved_twice(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    SBinary id = entryid(message);
    IAttach *attach = NULL;
    ULONG number = 99;
    assert_int_equal(message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attach), S_OK);
    assert_int_equal(number, 0);
    put_text(attach, PR_ATTACH_LONG_FILENAME, "a.txt");
    write_stream(attach, PR_ATTACH_DATA_BIN, "hello", 5);
    assert_int_equal(long_of(attach, PR_ATTACH_NUM), 0);
    assert_int_equal(long_of(attach, PR_RENDERING_POSITION), 0xFFFFFFFF);
    assert_int_equal(attachments(message), 0); /* not saved: not listed */
    IAttach *other = NULL;
    assert_int_equal(message->lpVtbl->OpenAttach(message, 0, NULL, 0, &other), MAPI_E_NOT_FOUND);
    assert_int_equal(save(attach, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(attachments(message), 1);
    IMessage *reader = open_message(id, 0);
    assert_int_equal(attachments(reader), 0); /* not until the message is saved, too */
    release(reader);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(long_of(message, PR_HASATTACH), 1);
    reader = open_message(id, 0);
    assert_int_equal(attachments(reader), 1);
    other = open_attach(reader, 0, 0);
    char bytes[16] = "";
    assert_int_equal(read_stream(other, PR_ATTACH_DATA_BIN, bytes, sizeof bytes), 5);
    assert_string_equal(bytes, "hello");
    SPropValue value = string_value(PR_ATTACH_LONG_FILENAME, "b");
    assert_int_equal(put_error(other, &value), MAPI_E_NO_ACCESS);
    assert_int_equal(save(other, 0), MAPI_E_NO_ACCESS);
    release(other);
    release(reader);
    /* The open attachment goes on: same number, same row. */
    put_text(attach, PR_ATTACH_LONG_FILENAME, "b.txt");
    assert_int_equal(save(attach, 0), S_OK);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    release(attach);
    assert_int_equal(store_query("SELECT count(*) FROM attachment"), 1);
    assert_int_equal(message->lpVtbl->DeleteAttach(message, 0, 0, NULL, 0x100), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(message->lpVtbl->DeleteAttach(message, 0, 0, NULL, ATTACH_DIALOG), S_OK);
    assert_int_equal(attachments(message), 0);
    reader = open_message(id, 0);
    assert_int_equal(attachments(reader), 1);
    release(reader);
    assert_int_equal(save(message, 0), S_OK);
    assert_int_equal(long_of(message, PR_HASATTACH), 0);
    assert_int_equal(store_query("SELECT count(*) FROM attachment"), 0);
    release(message);
    release(folder);
    expect_integrity();
}

static void five_thousand_attachments(void **state)
{
    enum { COUNT = 5000 };
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "many");
    for (int i = 0; i < COUNT; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(attach_bytes(message, name, name, strlen(name)), i);
    }
    assert_int_equal(save(message, 0), S_OK);
    SBinary id = entryid(message);
    release(message);
    message = open_message(id, MAPI_MODIFY);
    assert_int_equal(attachments(message), COUNT);
    IAttach *attach = open_attach(message, 4321, 0);
    assert_string_equal(text_of(attach, PR_ATTACH_LONG_FILENAME), "4321");
    release(attach);
    release(message);
    ENTRYLIST list = {1, &id};
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), S_OK);
    release(folder);
    expect_integrity();
}

static void streams_of_every_size(void **state)
{
    static const size_t sizes[] = {0, 1, 1024, 1025, 65535, 65536, 65537, 200000, 1 << 20, (1 << 20) + 1, 3000001};
    (void)state;
    IMAPIFolder *folder = inbox();
    unsigned char *bytes = malloc(3000001);
    unsigned char *back = malloc(3000001 + 10);
    for (size_t i = 0; i < 3000001; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        IMessage *message = new_message(folder, "x");
        write_stream(message, PROP_TAG(PT_BINARY, 0x6600), bytes, sizes[i]);
        for (int round = 0; round < 3; round++) { /* staged, settled, and opened anew */
            assert_int_equal(read_stream(message, PROP_TAG(PT_BINARY, 0x6600), back, sizes[i] + 10), sizes[i]);
            assert_memory_equal(back, bytes, sizes[i]);
            assert_int_equal(error_of(message, PROP_TAG(PT_BINARY, 0x6600)),
                             sizes[i] > 65536 ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK);
            if (round == 0) {
                assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
            } else if (round == 1) {
                SBinary id = entryid(message);
                release(message);
                message = open_message(id, MAPI_MODIFY);
            }
        }
        /* Other changes leave it alone, smaller ones replace it, and so does removal. */
        put_text(message, PR_SUBJECT, "y");
        assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
        assert_int_equal(read_stream(message, PROP_TAG(PT_BINARY, 0x6600), back, sizes[i] + 10), sizes[i]);
        write_stream(message, PROP_TAG(PT_BINARY, 0x6600), "ab", 2);
        assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
        assert_int_equal(read_stream(message, PROP_TAG(PT_BINARY, 0x6600), back, 10), 2);
        assert_int_equal(store_query("SELECT count(*) FROM chunk"), 0);
        SizedSPropTagArray(1, tags) = {1, {PROP_TAG(PT_BINARY, 0x6600)}};
        assert_int_equal(message->lpVtbl->DeleteProps(message, (LPSPropTagArray)&tags, NULL), S_OK);
        assert_int_equal(save(message, 0), S_OK);
        release(message);
    }
    free(bytes);
    free(back);
    release(folder);
    expect_integrity();
}

static void streams_of_text(void **state)
{
    enum { COUNT = 100000 };
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    /* UTF-16 in, UTF-8 out and the other way round; pieces are cut inside of characters. */
    WCHAR *wide = malloc((2 * COUNT + 1) * sizeof *wide);
    char *narrow = malloc(4 * COUNT + 1);
    for (size_t i = 0; i < COUNT; i++) {
        wide[2 * i] = 0xD83D;
        wide[2 * i + 1] = 0xDE00;
        memcpy(narrow + 4 * i, "\xF0\x9F\x98\x80", 4);
    }
    wide[2 * COUNT] = 0;
    write_stream(message, PR_BODY_W, wide, (2 * COUNT + 1) * sizeof *wide); /* with the NUL that some clients write */
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    char *back = malloc(4 * COUNT + 10);
    assert_int_equal(read_stream(message, PR_BODY_A, back, 4 * COUNT + 10), 4 * COUNT);
    assert_memory_equal(back, narrow, 4 * COUNT);
    write_stream(message, PR_BODY_A, narrow + 4, 4 * COUNT - 4);
    assert_int_equal(read_stream(message, PR_BODY_W, back, 4 * COUNT + 10), 4 * COUNT - 4);
    assert_memory_equal(back, wide + 2, 4 * COUNT - 4);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(read_stream(message, PR_BODY_W, back, 4 * COUNT + 10), 4 * COUNT - 4);
    /* 8-bit text that is not UTF-8 is refused, and nothing changes. */
    IStream *stream = NULL;
    assert_int_equal(try_stream(message, PR_BODY_A, MAPI_CREATE | MAPI_MODIFY, &stream), S_OK);
    assert_int_equal(stream->lpVtbl->Write(stream, "\xFF\xFE", 2, NULL), S_OK);
    assert_int_equal(stream->lpVtbl->Commit(stream, 0), MAPI_E_INVALID_PARAMETER);
    release(stream);
    assert_int_equal(read_stream(message, PR_BODY_A, back, 4 * COUNT + 10), 4 * COUNT - 4);
    /* A small text keeps PR_SUBJECT and its parts together. */
    write_stream(message, PR_SUBJECT_A, "Re: y", 5);
    assert_string_equal(text_of(message, PR_NORMALIZED_SUBJECT), "y");
    /* And a subject too long for its column is still whole, and listed by its beginning. */
    write_stream(message, PR_SUBJECT_A, narrow, 4000);
    for (int i = 0; i < 2; i++)
        assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK), put_long(message, PR_IMPORTANCE, 2);
    assert_int_equal(read_stream(message, PR_SUBJECT_A, back, 5000), 4000);
    assert_int_equal(strlen(subjects_of(folder)), 1024);
    free(back);
    free(narrow);
    free(wide);
    release(message);
    release(folder);
    expect_integrity();
}

static void what_a_stream_does(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    IStream *stream = NULL, *clone = NULL;
    ULARGE_INTEGER position, size = {.QuadPart = 3};
    LARGE_INTEGER move = {.QuadPart = 2};
    char bytes[16] = "";
    ULONG got;
    STATSTG stat;
    assert_int_equal(try_stream(message, PR_HTML, MAPI_MODIFY, &stream), MAPI_E_NOT_FOUND);
    assert_int_equal(try_stream(message, PR_HTML, MAPI_CREATE | MAPI_MODIFY, &stream), S_OK);
    assert_int_equal(stream->lpVtbl->Write(stream, "abcdef", 6, &got), S_OK);
    assert_int_equal(stream->lpVtbl->Seek(stream, move, STREAM_SEEK_SET, &position), S_OK);
    assert_int_equal(position.QuadPart, 2);
    assert_int_equal(stream->lpVtbl->Clone(stream, &clone), S_OK);
    assert_int_equal(clone->lpVtbl->Read(clone, bytes, 2, &got), S_OK);
    assert_memory_equal(bytes, "cd", 2);
    assert_int_equal(stream->lpVtbl->SetSize(stream, size), S_OK);
    assert_int_equal(clone->lpVtbl->Read(clone, bytes, 16, &got), S_OK);
    assert_int_equal(got, 0);
    move.QuadPart = -4;
    assert_int_equal(stream->lpVtbl->Seek(stream, move, STREAM_SEEK_END, &position), STG_E_INVALIDFUNCTION);
    move.QuadPart = -1;
    assert_int_equal(stream->lpVtbl->Seek(stream, move, STREAM_SEEK_END, &position), S_OK);
    assert_int_equal(position.QuadPart, 2);
    assert_int_equal(stream->lpVtbl->Seek(stream, move, 9, &position), STG_E_INVALIDFUNCTION);
    assert_int_equal(stream->lpVtbl->Commit(stream, 0), S_OK);
    assert_int_equal(stream->lpVtbl->Write(stream, "XYZ", 3, &got), S_OK); /* after a commit it goes on */
    assert_int_equal(stream->lpVtbl->Stat(stream, &stat, STATFLAG_NONAME), S_OK);
    assert_int_equal(stat.cbSize.QuadPart, 5);
    assert_int_equal(stream->lpVtbl->Stat(stream, NULL, 0), STG_E_INVALIDPOINTER);
    assert_int_equal(stream->lpVtbl->Revert(stream), S_OK);
    assert_int_equal(stream->lpVtbl->LockRegion(stream, size, size, 0), STG_E_INVALIDFUNCTION);
    assert_int_equal(stream->lpVtbl->Read(stream, NULL, 1, &got), STG_E_INVALIDPOINTER);
    release(clone);
    release(stream); /* the last release commits what was written since */
    assert_int_equal(read_stream(message, PR_HTML, bytes, 16), 5);
    assert_memory_equal(bytes, "abXYZ", 5);
    assert_int_equal(try_stream(message, PR_HTML, 0, &stream), S_OK);
    assert_int_equal(stream->lpVtbl->Write(stream, "q", 1, &got), STG_E_ACCESSDENIED);
    assert_int_equal(stream->lpVtbl->SetSize(stream, size), STG_E_ACCESSDENIED);
    IStream *copy = NULL;
    assert_int_equal(try_stream(message, PROP_TAG(PT_BINARY, 0x6601), MAPI_CREATE | MAPI_MODIFY, &copy), S_OK);
    size.QuadPart = 100;
    ULARGE_INTEGER in, out;
    assert_int_equal(stream->lpVtbl->CopyTo(stream, copy, size, &in, &out), S_OK);
    assert_int_equal(in.QuadPart, 5);
    assert_int_equal(out.QuadPart, 5);
    release(copy);
    release(stream);
    assert_int_equal(read_stream(message, PROP_TAG(PT_BINARY, 0x6601), bytes, 16), 5);
    assert_int_equal(try_stream(message, PR_ENTRYID, 0, &stream), S_OK); /* a computed value can be read */
    release(stream);
    assert_int_equal(try_stream(message, PR_DISPLAY_TO_A, MAPI_CREATE | MAPI_MODIFY, &stream), MAPI_E_NO_ACCESS);
    /* A stream keeps its object. */
    assert_int_equal(try_stream(message, PR_HTML, 0, &stream), S_OK);
    release(message);
    assert_int_equal(stream->lpVtbl->Read(stream, bytes, 16, &got), S_OK);
    release(stream);
    release(folder);
}

/* More than a megabyte is kept in a temporary file; cut short again it used to be read from memory that was gone. */
static void a_stream_cut_short_after_a_megabyte(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    const ULONG tag = PROP_TAG(PT_BINARY, 0x6602);
    ULARGE_INTEGER size = {.QuadPart = 2 << 20};
    IStream *stream = NULL;
    char bytes[16] = "";
    ULONG got;
    assert_int_equal(try_stream(message, tag, MAPI_CREATE | MAPI_MODIFY, &stream), S_OK);
    assert_int_equal(stream->lpVtbl->Write(stream, "abc", 3, &got), S_OK);
    assert_int_equal(stream->lpVtbl->SetSize(stream, size), S_OK);
    size.QuadPart = 3;
    assert_int_equal(stream->lpVtbl->SetSize(stream, size), S_OK);
    release(stream);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(read_stream(message, tag, bytes, sizeof bytes), 3);
    assert_memory_equal(bytes, "abc", 3);
    release(message);
    release(folder);
}

static void attachment_tables_have_no_bookmarks(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "x");
    IMAPITable *table = NULL;
    BOOKMARK bookmark;
    attach_bytes(message, "a", "b", 1);
    assert_int_equal(message->lpVtbl->GetAttachmentTable(message, 0, &table), S_OK);
    assert_int_equal(table->lpVtbl->CreateBookmark(table, &bookmark), MAPI_E_NO_SUPPORT);
    assert_int_equal(table->lpVtbl->SeekRow(table, BOOKMARK_END, 0, NULL), S_OK);
    release(table);
    release(message);
    release(folder);
}

static void an_embedded_message(void **state)
{
    (void)state;
    IMAPIFolder *folder = inbox();
    IMessage *message = new_message(folder, "outer");
    SBinary id = entryid(message);
    IMessage *inner = NULL;
    IAttach *attach = NULL;
    ULONG number;
    char big[3000];
    memset(big, 'e', sizeof big);
    assert_int_equal(message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attach), S_OK);
    put_long(attach, PR_ATTACH_METHOD, ATTACH_EMBEDDED_MSG);
    assert_int_equal(try_embedded(attach, 0, &inner), MAPI_E_NOT_FOUND);
    assert_int_equal(try_embedded(attach, MAPI_CREATE | MAPI_MODIFY, &inner), S_OK);
    put_text(inner, PR_SUBJECT, "inner");
    write_stream(inner, PR_BODY_A, big, sizeof big);
    add_recipient(inner, "Desk", "desk@example.org", MAPI_TO);
    attach_bytes(inner, "deep.bin", big, sizeof big);
    assert_int_equal(save(inner, KEEP_OPEN_READWRITE), S_OK);
    put_text(inner, PR_SUBJECT, "not saved");
    assert_int_equal(save(attach, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    release(inner);
    release(attach);
    release(message);
    assert_int_equal(store_query("SELECT count(*) FROM message"), 2);

    message = open_message(id, MAPI_MODIFY);
    attach = open_attach(message, 0, MAPI_MODIFY);
    assert_int_equal(attach->lpVtbl->OpenProperty(attach, PR_ATTACH_DATA_OBJ, &IID_IStream, 0, 0, (LPUNKNOWN *)&inner),
                     MAPI_E_INTERFACE_NOT_SUPPORTED);
    assert_int_equal(try_embedded(attach, MAPI_MODIFY, &inner), S_OK);
    assert_string_equal(text_of(inner, PR_SUBJECT), "inner");
    assert_string_equal(text_of(inner, PR_DISPLAY_TO), "Desk");
    assert_int_equal(attachments(inner), 1);
    assert_int_equal(error_of(inner, PR_ENTRYID), MAPI_E_NOT_FOUND);
    /* Changed in place: the rest of it stays where it is. */
    put_text(inner, PR_SUBJECT, "changed");
    assert_int_equal(save(inner, 0), S_OK);
    release(inner);
    assert_int_equal(save(attach, 0), S_OK);
    release(attach);
    assert_int_equal(save(message, 0), S_OK);
    release(message);
    assert_int_equal(store_query("SELECT count(*) FROM message"), 2);
    assert_int_equal(store_query("SELECT count(*) FROM attachment"), 2);
    message = open_message(id, MAPI_MODIFY);
    attach = open_attach(message, 0, MAPI_MODIFY);
    assert_int_equal(try_embedded(attach, 0, &inner), S_OK);
    assert_string_equal(text_of(inner, PR_SUBJECT), "changed");
    char back[4000];
    assert_int_equal(read_stream(inner, PR_BODY_A, back, sizeof back), sizeof big);
    IAttach *deep = open_attach(inner, 0, 0);
    assert_int_equal(read_stream(deep, PR_ATTACH_DATA_BIN, back, sizeof back), sizeof big);
    release(deep);
    release(inner);
    /* Replaced, and dropped. */
    assert_int_equal(try_embedded(attach, MAPI_CREATE | MAPI_MODIFY, &inner), S_OK);
    put_text(inner, PR_SUBJECT, "new");
    assert_int_equal(save(inner, 0), S_OK);
    release(inner);
    assert_int_equal(save(attach, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(save(message, KEEP_OPEN_READWRITE), S_OK);
    assert_int_equal(store_query("SELECT count(*) FROM attachment"), 1);
    SizedSPropTagArray(1, tags) = {1, {PR_ATTACH_DATA_OBJ}};
    assert_int_equal(attach->lpVtbl->DeleteProps(attach, (LPSPropTagArray)&tags, NULL), S_OK);
    assert_int_equal(save(attach, 0), S_OK);
    assert_int_equal(save(message, 0), S_OK);
    assert_int_equal(store_query("SELECT count(*) FROM message"), 1);
    release(attach);
    release(message);
    release(folder);
    expect_integrity();
}

/* Makes a message in an attachment in a message ... from the outside in, and saves from the inside out, as an
 * importer does. */
static void a_thousand_levels(void **state)
{
    enum { DEPTH = 1000 };
    static IMessage *messages[DEPTH + 1];
    static IAttach *attaches[DEPTH];
    (void)state;
    IMAPIFolder *folder = inbox();
    ULONG number;
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &messages[0]), S_OK);
    for (int i = 0; i < DEPTH; i++) {
        put_text(messages[i], PR_SUBJECT, "level");
        assert_int_equal(messages[i]->lpVtbl->CreateAttach(messages[i], NULL, 0, &number, &attaches[i]), S_OK);
        assert_int_equal(try_embedded(attaches[i], MAPI_CREATE | MAPI_MODIFY, &messages[i + 1]), S_OK);
    }
    put_text(messages[DEPTH], PR_SUBJECT, "bottom");
    for (int i = DEPTH; i > 0; i--) {
        assert_int_equal(save(messages[i], 0), S_OK);
        release(messages[i]);
        assert_int_equal(save(attaches[i - 1], 0), S_OK);
        release(attaches[i - 1]);
    }
    assert_int_equal(save(messages[0], 0), S_OK);
    SBinary id = entryid(messages[0]);
    release(messages[0]);
    assert_int_equal(store_query("SELECT count(*) FROM message"), DEPTH + 1);

    IMAPIFolder *other = child(folder, "other");
    ENTRYLIST list = {1, &id};
    assert_int_equal(folder->lpVtbl->CopyMessages(folder, &list, NULL, other, 0, NULL, 0), S_OK);
    messages[0] = open_message(id, 0);
    for (int i = 0; i < DEPTH; i++) {
        attaches[i] = open_attach(messages[i], 0, 0);
        assert_int_equal(try_embedded(attaches[i], 0, &messages[i + 1]), S_OK);
    }
    assert_string_equal(text_of(messages[DEPTH], PR_SUBJECT), "bottom");
    for (int i = 0; i < DEPTH; i++) { /* the outer ones first */
        release(messages[i]);
        release(attaches[i]);
    }
    release(messages[DEPTH]);
    assert_int_equal(folder->lpVtbl->DeleteMessages(folder, &list, 0, NULL, 0), S_OK);
    assert_int_equal(store_query("SELECT count(*) FROM message"), DEPTH + 1);
    /* A tree that is never saved is freed without recursion. */
    assert_int_equal(folder->lpVtbl->CreateMessage(folder, NULL, 0, &messages[0]), S_OK);
    for (int i = 0; i < DEPTH; i++) {
        assert_int_equal(messages[i]->lpVtbl->CreateAttach(messages[i], NULL, 0, &number, &attaches[i]), S_OK);
        assert_int_equal(try_embedded(attaches[i], MAPI_CREATE | MAPI_MODIFY, &messages[i + 1]), S_OK);
    }
    for (int i = DEPTH; i > 0; i--) {
        assert_int_equal(save(messages[i], 0), S_OK);
        release(messages[i]);
        assert_int_equal(save(attaches[i - 1], 0), S_OK);
        release(attaches[i - 1]);
    }
    release(messages[0]);
    release(other);
    release(folder);
    expect_integrity();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(an_attachment_is_saved_twice),
        IN_STORE(five_thousand_attachments),
        IN_STORE(streams_of_every_size),
        IN_STORE(streams_of_text),
        IN_STORE(what_a_stream_does),
        IN_STORE(a_stream_cut_short_after_a_megabyte),
        IN_STORE(attachment_tables_have_no_bookmarks),
        IN_STORE(an_embedded_message),
        IN_STORE(a_thousand_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
