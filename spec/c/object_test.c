/* base/object.h: counting, QueryInterface, what is left after the end. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapix.h>

#include "base/lifeline.h"
#include "base/object.h"

struct thing {
    struct object object;
    struct lifeline *life;
    int *destroyed;
};

OBJECT_IUNKNOWN(thing, IUnknown)

static const IUnknownVtbl thing_vtbl = {thing_query_interface, thing_addref, thing_release};

static void thing_destroy(struct object *self)
{
    struct thing *thing = (struct thing *)(void *)self;
    ++*thing->destroyed;
    object_retire(self);
    lifeline_unref(thing->life);
    free(thing);
}

static struct lifeline *thing_life(struct object *self)
{
    return ((struct thing *)(void *)self)->life;
}

/* An interface with a vtable of its own: the answer is some other object. */
static HRESULT thing_query(struct object *self, REFIID iid, void **out)
{
    if (memcmp(iid, &IID_IMAPIProp, sizeof *iid) != 0)
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    object_addref(self);
    *out = self;
    return S_OK;
}

static const GUID *const thing_iids[] = {&IID_IMAPITable, NULL};
static const struct object_type thing_type = {OBJECT_SUPPORT, thing_iids, thing_destroy, thing_life, thing_query};

static IUnknown *make_thing(struct lifeline *life, int *destroyed)
{
    struct thing *thing = malloc(sizeof *thing);
    assert_non_null(thing);
    thing->life = lifeline_ref(life);
    thing->destroyed = destroyed;
    object_init(&thing->object, &thing_type, &thing_vtbl);
    return (IUnknown *)(void *)thing;
}

static void last_release_destroys_once(void **state)
{
    (void)state;
    int destroyed = 0;
    ULONG before = object_live(thing_type.kind);
    IUnknown *thing = make_thing(NULL, &destroyed);
    assert_int_equal(object_live(thing_type.kind), before + 1);
    assert_int_equal(thing->lpVtbl->AddRef(thing), 2);
    assert_int_equal(thing->lpVtbl->Release(thing), 1);
    assert_int_equal(destroyed, 0);
    assert_int_equal(thing->lpVtbl->Release(thing), 0);
    assert_int_equal(destroyed, 1);
    assert_int_equal(object_live(thing_type.kind), before);
}

static void query_answers_what_there_is(void **state)
{
    (void)state;
    int destroyed = 0;
    IUnknown *thing = make_thing(NULL, &destroyed);
    void *found = NULL;
    assert_int_equal(thing->lpVtbl->QueryInterface(thing, &IID_IUnknown, &found), S_OK);
    assert_ptr_equal(found, thing);
    assert_int_equal(thing->lpVtbl->QueryInterface(thing, &IID_IMAPITable, &found), S_OK);
    assert_ptr_equal(found, thing);
    assert_int_equal(thing->lpVtbl->QueryInterface(thing, &IID_IMAPIProp, &found), S_OK);
    assert_ptr_equal(found, thing);
    assert_int_equal(thing->lpVtbl->QueryInterface(thing, &IID_IMessage, &found), E_NOINTERFACE);
    assert_null(found);
    assert_int_equal(thing->lpVtbl->QueryInterface(thing, &IID_IUnknown, NULL), E_INVALIDARG);
    found = thing;
    assert_int_equal(thing->lpVtbl->QueryInterface(thing, NULL, &found), E_INVALIDARG);
    assert_null(found);
    for (int i = 0; i < 4; i++)
        thing->lpVtbl->Release(thing);
    assert_int_equal(destroyed, 1);
}

static void L16_L17_after_the_end_only_identity(void **state)
{
    (void)state;
    int destroyed = 0;
    struct lifeline *life = lifeline_create();
    IUnknown *thing = make_thing(life, &destroyed);
    assert_true(lifeline_begin_end(life));
    lifeline_finish_end(life);
    void *found = thing;
    assert_int_equal(thing->lpVtbl->QueryInterface(thing, &IID_IMAPITable, &found), E_NOINTERFACE);
    assert_null(found);
    found = thing;
    assert_int_equal(thing->lpVtbl->QueryInterface(thing, &IID_IMAPIProp, &found), E_NOINTERFACE);
    assert_null(found);
    assert_int_equal(thing->lpVtbl->QueryInterface(thing, &IID_IUnknown, &found), S_OK);
    assert_ptr_equal(found, thing);
    assert_int_equal(thing->lpVtbl->AddRef(thing), 3);
    lifeline_unref(life);
    for (int i = 0; i < 3; i++)
        thing->lpVtbl->Release(thing);
    assert_int_equal(destroyed, 1);
}

static void kinds_have_names(void **state)
{
    (void)state;
    for (int kind = 0; kind < OBJECT_KIND_COUNT; kind++) {
        assert_non_null(object_kind_name((enum object_kind)kind));
        for (int other = 0; other < kind; other++)
            assert_string_not_equal(object_kind_name((enum object_kind)kind),
                                    object_kind_name((enum object_kind)other));
    }
    assert_null(object_kind_name(OBJECT_KIND_COUNT));
    assert_int_equal(object_live(OBJECT_KIND_COUNT), 0);
}

enum { THREADS = 4, ROUNDS = 5000 };

static void *count_up_and_down(void *object)
{
    IUnknown *thing = object;
    for (int i = 0; i < ROUNDS; i++) {
        void *found;
        if (thing->lpVtbl->QueryInterface(thing, &IID_IMAPITable, &found) != S_OK)
            return object;
        thing->lpVtbl->AddRef(thing);
        thing->lpVtbl->Release(thing);
        thing->lpVtbl->Release(thing);
    }
    thing->lpVtbl->Release(thing);
    return NULL;
}

static void threads_count_together(void **state)
{
    (void)state;
    int destroyed = 0;
    pthread_t threads[THREADS];
    IUnknown *thing = make_thing(NULL, &destroyed);
    for (int i = 0; i < THREADS; i++) {
        thing->lpVtbl->AddRef(thing);
        assert_int_equal(pthread_create(&threads[i], NULL, count_up_and_down, thing), 0);
    }
    thing->lpVtbl->Release(thing);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
    assert_int_equal(destroyed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_release_destroys_once),
        cmocka_unit_test(query_answers_what_there_is),
        cmocka_unit_test(L16_L17_after_the_end_only_identity),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(threads_count_together),
    };
    return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}
