/* IOlkEnum (iolkenum.md and the pages of its methods): a snapshot of the accounts, in their order. It stays what it
 * is whatever happens to the accounts and to the manager. */
#include <stdatomic.h>
#include <stdlib.h>

#include "account/account_object.h"
#include "base/failure.h"
#include "base/lifeline.h"

struct account_enum {
    struct object object;
    struct manager_link *link;
    struct account_list list; /* does not change */
    struct fork_mutex lock;   /* guards the cursor */
    atomic_size_t cursor;
};

OBJECT_IUNKNOWN(enumerator, IOlkEnum)

static struct account_enum *enum_of(IOlkEnum *This)
{
    return (struct account_enum *)(void *)This;
}

static void enum_destroy(struct object *object)
{
    struct account_enum *self = (struct account_enum *)object;
    account_list_clear(&self->list);
    manager_link_unref(self->link);
    fork_mutex_destroy(&self->lock);
    object_retire(object);
    free(self);
}

/* All there are, wherever the cursor is. */
static HRESULT STDMETHODCALLTYPE enum_get_count(IOlkEnum *This, DWORD *pulCount)
{
    if (lifeline_all_ended())
        return lifeline_over();
    if (pulCount == NULL)
        return fail(E_INVALIDARG, "GetCount needs a place for the number.");
    *pulCount = (DWORD)enum_of(This)->list.count;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE enum_reset(IOlkEnum *This)
{
    if (lifeline_all_ended())
        return lifeline_over();
    struct account_enum *self = enum_of(This);
    fork_mutex_lock(&self->lock);
    self->cursor = 0;
    fork_mutex_unlock(&self->lock);
    return S_OK;
}

/* The end is S_FALSE with NULL: a success code. The cursor moves only when there is an account to show for it. */
static HRESULT next_account(struct account_enum *self, IOlkAccount **out)
{
    *out = NULL;
    fork_mutex_lock(&self->lock);
    HRESULT hr = S_FALSE;
    if (self->cursor < self->list.count)
        hr = account_create(self->link, self->list.items[self->cursor], out);
    if (hr == S_OK)
        self->cursor++;
    fork_mutex_unlock(&self->lock);
    return hr;
}

static HRESULT STDMETHODCALLTYPE enum_get_next(IOlkEnum *This, LPUNKNOWN *ppunk)
{
    IOlkAccount *account;
    if (ppunk == NULL)
        return fail(E_INVALIDARG, "GetNext needs a place for the account.");
    *ppunk = NULL;
    if (lifeline_all_ended())
        return lifeline_over();
    HRESULT hr = next_account(enum_of(This), &account);
    *ppunk = (LPUNKNOWN)account;
    return hr;
}

/* S_FALSE with the cursor at the end when there are not so many left. */
static HRESULT STDMETHODCALLTYPE enum_skip(IOlkEnum *This, DWORD cSkip)
{
    if (lifeline_all_ended())
        return lifeline_over();
    struct account_enum *self = enum_of(This);
    fork_mutex_lock(&self->lock);
    size_t left = self->list.count - self->cursor;
    self->cursor += cSkip < left ? cSkip : left;
    fork_mutex_unlock(&self->lock);
    return cSkip <= left ? S_OK : S_FALSE;
}

static const IOlkEnumVtbl enum_vtbl = {
    .QueryInterface = enumerator_query_interface,
    .AddRef = enumerator_addref,
    .Release = enumerator_release,
    .GetCount = enum_get_count,
    .Reset = enum_reset,
    .GetNext = enum_get_next,
    .Skip = enum_skip,
};

/* A look at the cursor, which only grows until a Reset, needs no lock. */
BOOL OlkEnumAtEnd(IOlkEnum *list)
{
    struct account_enum *self = enum_of(list);
    return list->lpVtbl == &enum_vtbl && atomic_load_explicit(&self->cursor, memory_order_relaxed) == self->list.count;
}

/* Our own accounts need not be asked for their interface. */
HRESULT OlkEnumNext(IOlkEnum *list, IOlkAccount **account)
{
    LPUNKNOWN unknown = NULL;
    void *found = NULL;
    if (list->lpVtbl == &enum_vtbl)
        return next_account(enum_of(list), account);
    *account = NULL;
    HRESULT hr = list->lpVtbl->GetNext(list, &unknown);
    if (hr != S_OK || unknown == NULL)
        return FAILED(hr) ? hr : S_FALSE;
    hr = unknown->lpVtbl->QueryInterface(unknown, &IID_IOlkAccount, &found);
    unknown->lpVtbl->Release(unknown);
    *account = found;
    return hr;
}

static const GUID *const enum_iids[] = {&IID_IOlkEnum, NULL};

static const struct object_type enum_type = {
    .kind = OBJECT_ACCOUNT_ENUM,
    .iids = enum_iids,
    .destroy = enum_destroy,
};

HRESULT account_enum_create(struct manager_link *link, struct account_list *list, IOlkEnum **out)
{
    struct account_enum *self = malloc(sizeof *self);
    *out = NULL;
    if (self != NULL && fork_mutex_init(&self->lock) != 0) {
        free(self);
        self = NULL;
    }
    if (self == NULL) {
        account_list_clear(list);
        return fail(E_OUTOFMEMORY, "There is not enough memory for an enumerator.");
    }
    self->link = manager_link_ref(link);
    atomic_init(&self->cursor, 0);
    self->list = *list;
    *list = (struct account_list){0};
    object_init(&self->object, &enum_type, &enum_vtbl);
    *out = (IOlkEnum *)(void *)self;
    return S_OK;
}
