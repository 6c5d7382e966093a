/* mapisub_test.c - what mapi.stats() and the binding's messages rest on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the headers above. */
#include <cmocka.h>
#include <mapisub.h>
#include <string.h>

static void kinds_have_names_and_buffers_come_last(void **state)
{
    (void)state;
    ULONG kinds = 0;
    while (MapiObjectKindName(kinds) != NULL) {
        for (ULONG k = 0; k < kinds; k++)
            assert_string_not_equal(MapiObjectKindName(k), MapiObjectKindName(kinds));
        assert_int_equal(MapiObjectCount(kinds), 0);
        kinds++;
    }
    assert_string_equal(MapiObjectKindName(0), "session");
    assert_string_equal(MapiObjectKindName(kinds - 1), "buffer");
    assert_null(MapiObjectKindName(kinds + 1));
    assert_null(MapiObjectKindName(UINT32_MAX));
    assert_int_equal(MapiObjectCount(UINT32_MAX), 0);
}

static void live_buffers_are_counted_by_head(void **state)
{
    (void)state;
    void *head;
    void *child;
    ULONG buffers = 0;
    while (strcmp(MapiObjectKindName(buffers), "buffer") != 0)
        buffers++;
    assert_int_equal(MAPIAllocateBuffer(10, &head), S_OK);
    assert_int_equal(MAPIAllocateMore(10, head, &child), S_OK);
    assert_int_equal(MapiObjectCount(buffers), 1);
    assert_int_equal(MAPIFreeBuffer(head), S_OK);
    assert_int_equal(MapiObjectCount(buffers), 0);
}

static void a_sentence_belongs_to_its_code(void **state)
{
    (void)state;
    char text[] = "100% of the parts are gone";
    MapiSetErrorDetail(MAPI_E_NOT_FOUND, text);
    memset(text, 'x', sizeof text - 1); /* a copy was kept */
    assert_string_equal(MapiErrorDetail(MAPI_E_NOT_FOUND), "100% of the parts are gone");
    assert_null(MapiErrorDetail(MAPI_E_NO_ACCESS));
    MapiClearErrorDetail();
    assert_null(MapiErrorDetail(MAPI_E_NOT_FOUND));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_have_names_and_buffers_come_last),
        cmocka_unit_test(live_buffers_are_counted_by_head),
        cmocka_unit_test(a_sentence_belongs_to_its_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
