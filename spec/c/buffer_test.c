/* MAPIAllocateBuffer, MAPIAllocateMore, MAPIFreeBuffer; and the sentences of base/failure.h. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mapix.h>

#include "base/buffer.h"
#include "base/failure.h"
#include "support/fault.h"

static void head_and_children_are_freed_together(void **state)
{
    (void)state;
    void *head;
    ULONG before = buffer_live();
    assert_int_equal(MAPIAllocateBuffer(10, &head), S_OK);
    assert_int_equal(buffer_live(), before + 1);
    memset(head, 1, 10);
    for (ULONG i = 0; i < 100; i++) {
        void *child;
        assert_int_equal(MAPIAllocateMore(i * 7, head, &child), S_OK);
        memset(child, 2, i * 7);
        assert_int_equal((uintptr_t)child % 8, 0);
    }
    assert_int_equal(buffer_live(), before + 1);
    assert_int_equal(MAPIFreeBuffer(head), S_OK);
    assert_int_equal(buffer_live(), before);
}

static void room_serves_children_and_then_does_without(void **state)
{
    (void)state;
    void *head;
    assert_int_equal(buffer_allocate_with_room(20, 64, &head), S_OK);
    fault_start(0);
    void *child;
    assert_int_equal(MAPIAllocateMore(16, head, &child), S_OK); /* takes 24 of the 64 */
    assert_int_equal((uintptr_t)child % 8, 0);
    memset(child, 3, 16);
    assert_int_equal(MAPIAllocateMore(32, head, &child), S_OK); /* takes the other 40 */
    memset(child, 4, 32);
    assert_int_equal(fault_count(), 0);
    assert_int_equal(MAPIAllocateMore(1, head, &child), S_OK);
    memset(child, 5, 1);
    assert_int_equal(fault_count(), 1);
    fault_stop();
    memset(head, 6, 20);
    assert_int_equal(MAPIFreeBuffer(head), S_OK);
}

static void sizes_of_zero_give_blocks(void **state)
{
    (void)state;
    void *head;
    void *child;
    assert_int_equal(MAPIAllocateBuffer(0, &head), S_OK);
    assert_non_null(head);
    assert_int_equal(MAPIAllocateMore(0, head, &child), S_OK);
    assert_non_null(child);
    assert_int_equal(MAPIFreeBuffer(head), S_OK);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    void *head;
    void *child;
    void *none = &none;
    ULONG before = buffer_live();
    assert_int_equal(MAPIAllocateBuffer(8, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(MAPIAllocateBuffer(8, &head), S_OK);
    assert_int_equal(MAPIAllocateMore(8, head, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(MAPIAllocateMore(8, NULL, &none), MAPI_E_INVALID_PARAMETER);
    assert_null(none);
    assert_int_equal(MAPIAllocateMore(8, head, &child), S_OK);
    none = &none;
    assert_int_equal(MAPIAllocateMore(8, child, &none), MAPI_E_INVALID_PARAMETER);
    assert_null(none);
    assert_int_equal((HRESULT)MAPIFreeBuffer(child), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(MAPIFreeBuffer(NULL), S_OK);
    assert_int_equal(MAPIFreeBuffer(head), S_OK);
    assert_int_equal(buffer_live(), before);
}

#ifdef MAPI_DEBUG_BUFFERS
static void debug_builds_tell_a_second_free(void **state)
{
    (void)state;
    void *head;
    void *child;
    char foreign[32] = "not ours";
    assert_int_equal(MAPIAllocateBuffer(8, &head), S_OK);
    assert_int_equal(MAPIFreeBuffer(head), S_OK);
    assert_int_equal((HRESULT)MAPIFreeBuffer(head), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(MAPIAllocateMore(8, head, &child), MAPI_E_INVALID_PARAMETER);
    assert_int_equal((HRESULT)MAPIFreeBuffer(foreign + 16), MAPI_E_INVALID_PARAMETER);
}
#endif

static HRESULT allocate_task(void *context)
{
    (void)context;
    void *head;
    HRESULT hr = MAPIAllocateBuffer(100, &head);
    if (hr != S_OK) {
        assert_null(head);
        assert_non_null(failure_detail(hr));
        return hr;
    }
    void *child;
    hr = MAPIAllocateMore(0x10000, head, &child);
    if (hr != S_OK)
        assert_null(child);
    MAPIFreeBuffer(head);
    return hr;
}

static void failing_memory(void **state)
{
    (void)state;
    ULONG before = buffer_live();
    assert_true(fault_sweep(allocate_task, NULL) >= 2);
    assert_int_equal(buffer_live(), before);
}

enum { THREADS = 4, ROUNDS = 2000 };

static void *grow_one_head(void *head)
{
    for (int i = 0; i < ROUNDS; i++) {
        void *child;
        if (MAPIAllocateMore(24, head, &child) != S_OK)
            return head;
        memset(child, 7, 24);
    }
    return NULL;
}

static void *allocate_and_free(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        void *head;
        if (MAPIAllocateBuffer(24, &head) != S_OK)
            return (void *)1;
        if (MAPIFreeBuffer(head) != S_OK)
            return (void *)1;
    }
    return NULL;
}

static void run_threads(void *(*body)(void *), void *argument)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, argument), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
}

static void threads_share_a_head(void **state)
{
    (void)state;
    void *head;
    assert_int_equal(buffer_allocate_with_room(8, 4096, &head), S_OK);
    run_threads(grow_one_head, head);
    assert_int_equal(MAPIFreeBuffer(head), S_OK);
}

static void threads_count_together(void **state)
{
    (void)state;
    ULONG before = buffer_live();
    run_threads(allocate_and_free, NULL);
    assert_int_equal(buffer_live(), before);
}

static void sentences_belong_to_their_code(void **state)
{
    (void)state;
    failure_clear();
    assert_null(failure_detail(MAPI_E_NOT_FOUND));
    assert_int_equal(fail(MAPI_E_NOT_FOUND, "No profile is called \"%s\".", "Work"), MAPI_E_NOT_FOUND);
    assert_string_equal(failure_detail(MAPI_E_NOT_FOUND), "No profile is called \"Work\".");
    assert_null(failure_detail(MAPI_E_NO_ACCESS));
    assert_null(failure_detail(S_OK));
    /* a sentence made from the one before */
    fail(MAPI_E_NO_ACCESS, "Logon failed: %s", failure_detail(MAPI_E_NOT_FOUND));
    assert_string_equal(failure_detail(MAPI_E_NO_ACCESS), "Logon failed: No profile is called \"Work\".");
    failure_clear();
    assert_null(failure_detail(MAPI_E_NO_ACCESS));
}

static void long_sentences_are_cut_at_a_character(void **state)
{
    (void)state;
    char text[2 * FAILURE_LENGTH];
    for (size_t offset = 0; offset < 4; offset++) {
        memset(text, 'x', sizeof text);
        for (size_t i = offset; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xF0\x9F\x93\xAC", 4);
        text[sizeof text - 1] = '\0';
        fail(MAPI_E_TOO_BIG, "%s", text);
        const char *sentence = failure_detail(MAPI_E_TOO_BIG);
        size_t length = strlen(sentence);
        assert_true(length < FAILURE_LENGTH && length >= FAILURE_LENGTH - 4);
        assert_int_equal((length - offset) % 4, 0);
    }
}

static void GetLastError_answer_is_one_block(void **state)
{
    (void)state;
    MAPIERROR *error;
    ULONG before = buffer_live();
    fail(MAPI_E_NO_ACCESS, "\xC3\xA9t\xC3\xA9");
    assert_int_equal(failure_describe(MAPI_E_NOT_FOUND, 0, "Store", &error), S_OK);
    assert_null(error);
    assert_int_equal(failure_describe(MAPI_E_NO_ACCESS, 0, "Store", &error), S_OK);
    assert_string_equal((char *)error->lpszError, "\xC3\xA9t\xC3\xA9");
    assert_string_equal((char *)error->lpszComponent, "Store");
    assert_int_equal(error->ulVersion, 0);
    MAPIFreeBuffer(error);
    assert_int_equal(failure_describe(MAPI_E_NO_ACCESS, MAPI_UNICODE, "Store", &error), S_OK);
    assert_memory_equal(error->lpszError, u"\u00E9t\u00E9", 8);
    MAPIFreeBuffer(error);
    assert_int_equal(buffer_live(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_and_children_are_freed_together),
        cmocka_unit_test(room_serves_children_and_then_does_without),
        cmocka_unit_test(sizes_of_zero_give_blocks),
        cmocka_unit_test(bad_arguments_are_refused),
#ifdef MAPI_DEBUG_BUFFERS
        cmocka_unit_test(debug_builds_tell_a_second_free),
#endif
        cmocka_unit_test(failing_memory),
        cmocka_unit_test(threads_share_a_head),
        cmocka_unit_test(threads_count_together),
        cmocka_unit_test(sentences_belong_to_their_code),
        cmocka_unit_test(long_sentences_are_cut_at_a_character),
        cmocka_unit_test(GetLastError_answer_is_one_block),
    };
    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
