/* base/lifeline.h: entering, ending, and threads that do both at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/lifeline.h"
#include "support/fault.h"

static void calls_nest_on_one_thread(void **state)
{
    (void)state;
    struct lifeline *life = lifeline_create();
    assert_int_equal(lifeline_enter(life), S_OK);
    assert_int_equal(lifeline_enter(life), S_OK);
    lifeline_leave(life);
    lifeline_leave(life);
    lifeline_unref(life);
}

static void L13_after_the_end_nothing_enters(void **state)
{
    (void)state;
    struct lifeline *life = lifeline_create();
    assert_false(lifeline_ended(life));
    assert_true(lifeline_begin_end(life));
    assert_int_equal(lifeline_enter(life), S_OK); /* the clean-up calls the children's methods */
    lifeline_leave(life);
    assert_false(lifeline_begin_end(life)); /* a clean-up that ends again */
    assert_false(lifeline_ended(life));
    lifeline_finish_end(life);
    assert_true(lifeline_ended(life));
    assert_int_equal(lifeline_enter(life), MAPI_E_INVALID_OBJECT);
    assert_non_null(failure_detail(MAPI_E_INVALID_OBJECT));
    assert_false(lifeline_begin_end(life));
    lifeline_unref(life);
}

static void L11_a_declined_end_leaves_it_alive(void **state)
{
    (void)state;
    struct lifeline *life = lifeline_create();
    assert_true(lifeline_begin_end(life));
    lifeline_cancel_end(life);
    assert_int_equal(lifeline_enter(life), S_OK);
    lifeline_leave(life);
    assert_true(lifeline_begin_end(life));
    lifeline_finish_end(life);
    lifeline_unref(life);
}

static void no_lifeline_never_ends(void **state)
{
    (void)state;
    assert_int_equal(lifeline_enter(NULL), S_OK);
    lifeline_leave(NULL);
    assert_false(lifeline_ended(NULL));
    assert_false(lifeline_begin_end(NULL));
    assert_null(lifeline_ref(NULL));
    lifeline_unref(NULL);
}

static void failing_memory(void **state)
{
    (void)state;
    fault_start(1);
    assert_null(lifeline_create());
    fault_stop();
}

/* A call in flight: it has entered, tells so, and then works on a plain variable that only the lock protects. */
struct flight {
    struct lifeline *life;
    atomic_bool entered;
    long work;
};

enum { WORK = 20000, THREADS = 4 };

static void *fly(void *argument)
{
    struct flight *flight = argument;
    assert_int_equal(lifeline_enter(flight->life), S_OK);
    atomic_store(&flight->entered, true);
    for (int i = 0; i < WORK; i++)
        flight->work++;
    lifeline_leave(flight->life);
    return NULL;
}

static void L19_the_end_waits_for_calls_in_flight(void **state)
{
    (void)state;
    struct flight flight = {.life = lifeline_create()};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, fly, &flight), 0);
    while (!atomic_load(&flight.entered))
        continue;
    assert_true(lifeline_begin_end(flight.life));
    assert_int_equal(flight.work, WORK);
    lifeline_finish_end(flight.life);
    assert_int_equal(pthread_join(thread, NULL), 0);
    lifeline_unref(flight.life);
}

static void *enter_until_refused(void *argument)
{
    struct flight *flight = argument;
    while (lifeline_enter(flight->life) == S_OK) {
        flight->work++;
        atomic_store(&flight->entered, true);
        lifeline_leave(flight->life);
    }
    lifeline_unref(flight->life);
    return NULL;
}

static void many_threads_are_all_refused_in_the_end(void **state)
{
    (void)state;
    struct flight flight = {.life = lifeline_create()};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        lifeline_ref(flight.life);
        assert_int_equal(pthread_create(&threads[i], NULL, enter_until_refused, &flight), 0);
    }
    while (!atomic_load(&flight.entered))
        continue;
    assert_true(lifeline_begin_end(flight.life));
    long work = flight.work;
    lifeline_finish_end(flight.life);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(flight.work, work);
    lifeline_unref(flight.life);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_nest_on_one_thread),
        cmocka_unit_test(L13_after_the_end_nothing_enters),
        cmocka_unit_test(L11_a_declined_end_leaves_it_alive),
        cmocka_unit_test(no_lifeline_never_ends),
        cmocka_unit_test(failing_memory),
        cmocka_unit_test(L19_the_end_waits_for_calls_in_flight),
        cmocka_unit_test(many_threads_are_all_refused_in_the_end),
    };
    return cmocka_run_group_tests_name("lifeline", tests, NULL, NULL);
}
