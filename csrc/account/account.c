/* IOlkAccount (iolkaccount.md and the pages of its methods; decisions H19, H23). */
#include <stdlib.h>
#include <string.h>

#include "account/account_object.h"
#include "account/account_props.h"
#include "base/failure.h"
#include "base/fork.h"
#include "base/lifeline.h"
#include "base/utf.h"

OBJECT_IUNKNOWN(account, IOlkAccount)

static struct account *account_of(IOlkAccount *This)
{
    return (struct account *)(void *)This;
}

static void account_destroy(struct object *object)
{
    struct account *self = (struct account *)object;
    if (atomic_load(&self->edited)) { /* else it is on no list, and nobody else knows it */
        fork_mutex_lock(&self->link->lock);
        account_drop_edits(self);
        fork_mutex_unlock(&self->link->lock);
    }
    account_record_unref(self->record);
    manager_link_unref(self->link);
    object_retire(object);
    free(self);
}

static HRESULT STDMETHODCALLTYPE account_placeholder(IOlkAccount *This)
{
    (void)This;
    return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE account_get_last_error(IOlkAccount *This, HRESULT hr, LPWSTR *ppwszError)
{
    (void)This;
    return account_error_text(MEMORY_OF_ACCOUNT, hr, ppwszError);
}

static HRESULT STDMETHODCALLTYPE account_free_memory(IOlkAccount *This, BYTE *pv)
{
    (void)This;
    return account_memory_free(MEMORY_OF_ACCOUNT, pv);
}

static struct account_record *current_record(struct account *self)
{
    fork_mutex_lock(&self->link->lock);
    struct account_record *record = account_record_ref(self->record);
    fork_mutex_unlock(&self->link->lock);
    return record;
}

static HRESULT STDMETHODCALLTYPE account_get_account_info(IOlkAccount *This, CLSID *pclsidType, DWORD *pcCategories,
                                                          CLSID **prgclsidCategory)
{
    if (lifeline_all_ended())
        return lifeline_over();
    if (pcCategories != NULL)
        *pcCategories = 0;
    if (prgclsidCategory != NULL)
        *prgclsidCategory = NULL;
    if (pclsidType == NULL || pcCategories == NULL || prgclsidCategory == NULL)
        return fail(E_INVALIDARG, "GetAccountInfo needs places for the type, the categories and their number.");
    CLSID *categories = account_memory_new(MEMORY_OF_ACCOUNT, CATEGORY_COUNT * sizeof *categories);
    if (categories == NULL)
        return E_OUTOFMEMORY;
    struct account_record *record = current_record(account_of(This));
    DWORD count = 0;
    for (unsigned category = CATEGORY_MAIL; category <= CATEGORY_STORE; category <<= 1)
        if (record->categories & category)
            categories[count++] = *account_category_clsid((enum account_category)category);
    *pclsidType = *account_type_clsid(record->type);
    *pcCategories = count;
    *prgclsidCategory = categories;
    account_record_unref(record);
    return S_OK;
}

/* ---- GetProp ---- */

static HRESULT give_text(const unsigned char *bytes, size_t size, ACCT_VARIANT *out)
{
    WCHAR *text = account_memory_new(MEMORY_OF_ACCOUNT, (UTF16_MAX(size) + 1) * sizeof *text);
    if (text == NULL)
        return E_OUTOFMEMORY;
    text[utf8_to_utf16((const char *)bytes, size, text, UTF_REPLACE)] = 0;
    out->Val.pwsz = text;
    return S_OK;
}

static HRESULT give_binary(const unsigned char *bytes, size_t size, ACCT_VARIANT *out)
{
    BYTE *copy = account_memory_new(MEMORY_OF_ACCOUNT, size);
    if (copy == NULL)
        return E_OUTOFMEMORY;
    if (size > 0)
        memcpy(copy, bytes, size);
    out->Val.bin.cb = (DWORD)size;
    out->Val.bin.pb = copy;
    return S_OK;
}

/* The stored form of a value as GetProp hands it out. */
static HRESULT give(DWORD tag, const unsigned char *bytes, size_t size, ACCT_VARIANT *out)
{
    switch (account_prop_type(tag)) {
    case PT_LONG:
        out->Val.dw = size == sizeof(DWORD) ? bytes_get_u32(bytes) : 0;
        return S_OK;
    case PT_UNICODE:
        return give_text(bytes, size, out);
    default:
        return give_binary(bytes, size, out);
    }
}

/* What has been set and not saved. S_FALSE: nothing; E_ACCT_NOT_FOUND: the value is to be removed. */
static HRESULT give_edit(const struct account *self, DWORD tag, ACCT_VARIANT *out)
{
    const struct account_edit *edit = self->edits;
    while (edit != NULL && edit->tag != tag)
        edit = edit->next;
    if (edit == NULL)
        return S_FALSE;
    if (edit->size == 0 && PROP_TYPE(tag) == PT_BINARY)
        return E_ACCT_NOT_FOUND;
    return give(tag, edit->bytes, edit->size, out);
}

/* What the account has by itself. */
static HRESULT give_record(const struct account_record *record, DWORD tag, ACCT_VARIANT *out)
{
    char stamp[STAMP_LENGTH + 1];
    if (account_record_long(record, tag, &out->Val.dw))
        return S_OK;
    if (account_record_stamp(record, tag, stamp))
        return give_text((const unsigned char *)stamp, STAMP_LENGTH, out);
    if (tag == PROP_ACCT_PREFERENCES_UID)
        return give_binary(record->owner.identity.ab, sizeof record->owner.identity, out);
    const struct prop_entry *entry = prop_bag_find(&record->props, tag);
    if (entry != NULL && entry->tag == tag && entry->size != PROP_EXTERNAL)
        return give(tag, entry->bytes, entry->size, out);
    if (tag == PROP_MAPI_EMSMDB_UID && record->exchange) /* has one always, and nobody else has */
        return give_binary(record->owner.identity.ab, sizeof record->owner.identity, out);
    return E_ACCT_NOT_FOUND;
}

static HRESULT get_own(struct account *self, DWORD tag, ACCT_VARIANT *out)
{
    fork_mutex_lock(&self->link->lock);
    HRESULT hr = self->edits != NULL ? give_edit(self, tag, out) : S_FALSE;
    if (hr == S_FALSE)
        hr = give_record(self->record, tag, out);
    fork_mutex_unlock(&self->link->lock);
    return hr;
}

static HRESULT get_secret(struct account *self, DWORD tag, ACCT_VARIANT *out)
{
    struct account_record *record = current_record(self);
    HRESULT hr = secret_get(&record->owner, tag, &out->Val.pwsz);
    account_record_unref(record);
    if (hr == E_ACCT_NOT_FOUND)
        fail(hr, "This process does not hold the password; a password is never stored, a password command can be.");
    return hr;
}

static bool has_default(const struct account_record *record, DWORD tag)
{
    return (record->categories & (CATEGORY_MAIL | CATEGORY_STORE)) != 0 &&
           (tag == PROP_ACCT_DELIVERY_STORE || tag == PROP_ACCT_DELIVERY_FOLDER || tag == PROP_ACCT_SENTITEMS_EID);
}

/* Where an account delivers unless it says: found out through the session, if the manager may look at stores. The
 * manager is kept alive meanwhile, so that its session is not handed off under us. */
static HRESULT get_default(struct account *self, DWORD tag, ACCT_VARIANT *out)
{
    HRESULT hr = E_ACCT_NOT_FOUND;
    struct account_record *record = current_record(self);
    struct manager *manager = has_default(record, tag) ? manager_link_acquire(self->link) : NULL;
    if (manager != NULL) {
        if (manager_check(manager) == S_OK && !(manager->flags & ACCT_INIT_NO_STORES_CHECK))
            hr = manager_default_entryid(manager, record, tag, &out->Val.bin);
        manager_release(manager);
    }
    account_record_unref(record);
    return hr;
}

static HRESULT get_other(struct account *self, DWORD tag, ACCT_VARIANT *out)
{
    HRESULT hr = get_own(self, tag, out);
    if (hr != E_ACCT_NOT_FOUND)
        return hr;
    const char *name = OlkPropName(tag);
    fail(hr, "The account has no %s.", name != NULL ? name : "such property");
    return PROP_TYPE(tag) == PT_BINARY ? get_default(self, tag, out) : hr;
}

static HRESULT STDMETHODCALLTYPE account_get_prop(IOlkAccount *This, DWORD dwProp, ACCT_VARIANT *pVar)
{
    if (lifeline_all_ended())
        return lifeline_over();
    struct account *self = account_of(This);
    ACCT_VARIANT value = {0};
    if (pVar == NULL)
        return fail(E_INVALIDARG, "GetProp needs a place for the value.");
    *pVar = value;
    if (!account_tag_is_possible(dwProp))
        return fail(E_INVALIDARG, "0x%08lX cannot be the tag of a property of an account.", (unsigned long)dwProp);
    HRESULT hr = (PROP_TYPE(dwProp) & SECURE_FLAG) ? get_secret(self, dwProp, &value) : get_other(self, dwProp, &value);
    if (hr != S_OK)
        return hr;
    value.dwType = account_prop_type(dwProp);
    *pVar = value;
    return S_OK;
}

/* ---- SetProp ---- */

/* H23. For the folder of sent mail the page has a code of its own. */
static HRESULT check_writable(struct account *self, const struct account_prop *prop)
{
    if (prop->known.access & OLK_PROP_SETTABLE)
        return S_OK;
    if (prop->known.tag == PROP_ACCT_SENTITEMS_EID) {
        struct account_record *record = current_record(self);
        enum account_type type = record->type;
        account_record_unref(record);
        if (type == ACCOUNT_POP3 || type == ACCOUNT_IMAP)
            return fail(E_ACCT_NOT_FOUND, "POP3 and IMAP accounts do not let acct_sentitems_eid be set.");
    }
    return fail(E_OLK_PROP_READ_ONLY, "%s is read-only.", prop->known.name);
}

static HRESULT make_edit(const struct account_prop *prop, const ACCT_VARIANT *value, struct account_edit **out)
{
    struct byte_buffer payload = {0};
    HRESULT hr = account_value_encode(prop, value, &payload);
    struct account_edit *edit = hr == S_OK ? malloc(sizeof *edit + payload.size) : NULL;
    if (edit != NULL) {
        edit->tag = prop->known.tag;
        edit->size = payload.size;
        if (payload.size > 0)
            memcpy(edit->bytes, payload.bytes, payload.size);
    } else if (hr == S_OK) {
        hr = fail(E_OUTOFMEMORY, "There is not enough memory for the value of %s.", prop->known.name);
    }
    byte_buffer_free(&payload);
    *out = edit;
    return hr;
}

static HRESULT STDMETHODCALLTYPE account_set_prop(IOlkAccount *This, DWORD dwProp, ACCT_VARIANT *pVar)
{
    if (lifeline_all_ended())
        return lifeline_over();
    struct account *self = account_of(This);
    struct account_edit *edit = NULL;
    const struct account_prop *prop = account_prop_find(dwProp);
    if (pVar == NULL)
        return fail(E_INVALIDARG, "SetProp needs a value.");
    if (prop == NULL)
        return fail(E_INVALIDARG, "Accounts have no property 0x%08lX.", (unsigned long)dwProp);
    HRESULT hr = check_writable(self, prop);
    if (hr == S_OK)
        hr = make_edit(prop, pVar, &edit);
    if (hr != S_OK)
        return hr;
    fork_mutex_lock(&self->link->lock);
    account_add_edit(self, edit);
    fork_mutex_unlock(&self->link->lock);
    return S_OK;
}

/* After the manager's end there is nothing to save with. */
static HRESULT STDMETHODCALLTYPE account_save_changes(IOlkAccount *This, DWORD dwFlags)
{
    if (lifeline_all_ended())
        return lifeline_over();
    struct account *self = account_of(This);
    struct manager *manager = manager_link_acquire(self->link);
    if (manager == NULL)
        return fail(E_OLK_NOT_INITIALIZED, "The account manager that the account came from is gone.");
    HRESULT hr = manager_check(manager);
    if (hr == S_OK && dwFlags != OLK_ACCOUNT_NO_FLAGS)
        hr = fail(E_INVALIDARG, "SaveChanges takes no flags.");
    if (hr == S_OK)
        hr = manager_leave(manager, manager_save(manager, self->id, self));
    manager_release(manager);
    return hr;
}

static const IOlkAccountVtbl account_vtbl = {
    .QueryInterface = account_query_interface,
    .AddRef = account_addref,
    .Release = account_release,
    .GetLastError = account_get_last_error,
    .PlaceHolder1 = account_placeholder,
    .PlaceHolder2 = account_placeholder,
    .PlaceHolder3 = account_placeholder,
    .PlaceHolder4 = account_placeholder,
    .PlaceHolder5 = account_placeholder,
    .PlaceHolder6 = account_placeholder,
    .GetAccountInfo = account_get_account_info,
    .GetProp = account_get_prop,
    .SetProp = account_set_prop,
    .PlaceHolder7 = account_placeholder,
    .PlaceHolder8 = account_placeholder,
    .PlaceHolder9 = account_placeholder,
    .FreeMemory = account_free_memory,
    .PlaceHolder10 = account_placeholder,
    .SaveChanges = account_save_changes,
};

/* The same without memory to be freed: the most frequent of all calls. What is rarer than a plain value is left to GetProp. */
static HRESULT read_record(const struct account_record *record, DWORD tag, DWORD *number, char *text, ULONG *size)
{
    if (PROP_TYPE(tag) == PT_LONG && account_record_long(record, tag, number))
        return S_OK;
    const struct prop_entry *entry = prop_bag_find(&record->props, tag);
    if (entry == NULL || entry->tag != tag || entry->size == PROP_EXTERNAL || tag == PROP_ACCT_STAMP ||
        tag == PROP_ACCT_SEND_STAMP)
        return E_NOTIMPL;
    if (PROP_TYPE(tag) == PT_LONG) {
        *number = entry->size == sizeof(DWORD) ? bytes_get_u32(entry->bytes) : 0;
        return S_OK;
    }
    if (entry->size > *size || !record->well_formed)
        return E_NOTIMPL;
    if (entry->size > 0)
        memcpy(text, entry->bytes, entry->size);
    *size = (ULONG)entry->size;
    return S_OK;
}

/* Without the lock, and so without what has been set and not saved; see account_object.h for the order of things. */
HRESULT OlkReadProp(IOlkAccount *account, DWORD tag, DWORD *number, char *text, ULONG *size)
{
    struct account *self = account_of(account);
    if (account->lpVtbl != &account_vtbl || (PROP_TYPE(tag) != PT_LONG && PROP_TYPE(tag) != PT_UNICODE))
        return E_NOTIMPL;
    atomic_fetch_add(&self->readers, 1);
    HRESULT hr = E_NOTIMPL;
    if (!atomic_load(&self->edited))
        hr = read_record(atomic_load(&self->record), tag, number, text, size);
    atomic_fetch_sub(&self->readers, 1);
    return hr;
}

static const GUID *const account_iids[] = {&IID_IOlkAccount, &IID_IOlkErrorUnknown, NULL};

static const struct object_type account_type = {
    .kind = OBJECT_ACCOUNT,
    .iids = account_iids,
    .destroy = account_destroy,
};

HRESULT account_create(struct manager_link *link, struct account_record *record, IOlkAccount **out)
{
    struct account *self = malloc(sizeof *self); /* calloc takes longer, and there may be many */
    *out = NULL;
    if (self == NULL)
        return fail(E_OUTOFMEMORY, "There is not enough memory for an account.");
    memset(self, 0, sizeof *self);
    self->link = manager_link_ref(link);
    self->id = record->id;
    self->generation = fork_generation();
    atomic_init(&self->record, account_record_ref(record));
    object_init(&self->object, &account_type, &account_vtbl);
    *out = (IOlkAccount *)(void *)self;
    return S_OK;
}
