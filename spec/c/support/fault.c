/* support/fault.c - see support/fault.h. */
#include "support/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);

static _Thread_local struct {
    bool counting;
    bool lasting;
    bool failed;
    unsigned long count;
    unsigned long fail_at;
} fault;

static bool must_fail(void)
{
    if (!fault.counting)
        return false;
    fault.count++;
    bool fails = fault.fail_at != 0 && (fault.count == fault.fail_at || (fault.lasting && fault.count > fault.fail_at));
    fault.failed |= fails;
    return fails;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return must_fail() ? NULL : __real_realloc(block, size);
}

char *__wrap_strdup(const char *text)
{
    return must_fail() ? NULL : __real_strdup(text);
}

static void start(unsigned long n, bool lasting)
{
    fault.count = 0;
    fault.fail_at = n;
    fault.lasting = lasting;
    fault.failed = false;
    fault.counting = true;
}

void fault_start(unsigned long n)
{
    start(n, false);
}

void fault_start_lasting(unsigned long n)
{
    start(n, true);
}

bool fault_stop(void)
{
    fault.counting = false;
    return fault.failed;
}

unsigned long fault_count(void)
{
    return fault.count;
}

static unsigned long sweep(HRESULT (*task)(void *context), void *context, bool lasting)
{
    enum { ENDLESS = 1000000 };
    for (unsigned long n = 1; n < ENDLESS; n++) {
        start(n, lasting);
        HRESULT hr = task(context);
        if (!fault_stop()) {
            assert_int_equal(hr, S_OK);
            return fault.count;
        }
    }
    fail_msg("the task never ran out of allocations");
    return 0;
}

unsigned long fault_sweep(HRESULT (*task)(void *context), void *context)
{
    unsigned long count = sweep(task, context, false);
    sweep(task, context, true);
    return count;
}
