/* Making accounts: what the documented interface cannot do. */
#include <stdlib.h>
#include <string.h>

#include "account/account_manager.h"
#include "account/account_props.h"
#include "base/failure.h"
#include "base/utf.h"

/* What is being made: nothing of it exists for others until it is complete. */
struct draft {
    struct account_record *record;
    struct secret *inet; /* PROP_INET_PASSWORD */
    struct secret *smtp; /* PROP_SMTP_PASSWORD */
};

static void draft_clear(struct draft *draft)
{
    account_record_unref(draft->record);
    secret_free(draft->inet);
    secret_free(draft->smtp);
}

static HRESULT set_secret(struct draft *draft, const struct account_prop *prop, const ACCT_VARIANT *value)
{
    if (value->dwType != PT_UNICODE || value->Val.pwsz == NULL ||
        !utf16_valid(value->Val.pwsz, utf16_length(value->Val.pwsz)))
        return fail(E_INVALIDARG, "A password is a well-formed PT_UNICODE string.");
    struct secret **place = prop->known.tag == PROP_INET_PASSWORD ? &draft->inet : &draft->smtp;
    secret_free(*place);
    *place = secret_new(prop->known.tag, value->Val.pwsz);
    return *place != NULL ? S_OK : E_OUTOFMEMORY;
}

static HRESULT set_value(struct draft *draft, const struct account_prop *prop, const ACCT_VARIANT *value)
{
    struct byte_buffer payload = {0};
    HRESULT hr = account_value_encode(prop, value, &payload);
    if (hr == S_OK && payload.size == 0 && PROP_TYPE(prop->known.tag) == PT_BINARY)
        prop_bag_remove(&draft->record->props, prop->known.tag);
    else if (hr == S_OK)
        hr = prop_bag_set_payload(&draft->record->props, prop->known.tag, payload.bytes, payload.size);
    byte_buffer_free(&payload);
    return hr;
}

static HRESULT set_prop(struct draft *draft, DWORD tag, const ACCT_VARIANT *value)
{
    const struct account_prop *prop = account_prop_find(tag);
    if (prop == NULL)
        return fail(E_INVALIDARG, "Accounts have no property 0x%08lX.", (unsigned long)tag);
    if (!(prop->known.access & OLK_PROP_CREATABLE))
        return fail(E_OLK_PROP_READ_ONLY, "%s cannot be chosen.", prop->known.name);
    if (tag == PROP_MAPI_EMSMDB_UID && draft->record->type != ACCOUNT_EXCHANGE)
        return fail(E_INVALIDARG, "Only an Exchange account has mapi_emsmdb_uid.");
    if (tag == PROP_POP_LEAVE_ON_SERVER && draft->record->type != ACCOUNT_POP3)
        return fail(E_INVALIDARG, "Only a POP3 account has pop_leave_on_server.");
    return prop->known.access & OLK_PROP_SECRET ? set_secret(draft, prop, value) : set_value(draft, prop, value);
}

/* Every account has a name: its address, else its server, else its type, where none was given. */
static HRESULT make_up_name(struct draft *draft)
{
    static const DWORD sources[] = {PROP_ACCT_USER_EMAIL_ADDR, PROP_INET_SERVER};
    struct prop_bag *props = &draft->record->props;
    const struct prop_entry *name = prop_bag_find(props, PROP_ACCT_NAME);
    for (size_t i = 0; name == NULL && i < sizeof sources / sizeof sources[0]; i++) {
        const struct prop_entry *source = prop_bag_find(props, sources[i]);
        if (source != NULL && source->size > 0)
            return prop_bag_set_payload(props, PROP_ACCT_NAME, source->bytes, source->size);
    }
    const char *label = account_type_label(draft->record->type);
    return name != NULL ? S_OK : prop_bag_set_payload(props, PROP_ACCT_NAME, label, strlen(label));
}

static HRESULT fill(struct draft *draft, enum account_type type, ULONG count, const DWORD *tags,
                    const ACCT_VARIANT *values)
{
    draft->record = account_record_new();
    if (draft->record == NULL)
        return E_OUTOFMEMORY;
    draft->record->type = type;
    draft->record->exchange = type == ACCOUNT_EXCHANGE;
    draft->record->categories = account_type_categories(type);
    HRESULT hr = S_OK;
    for (ULONG i = 0; i < count && hr == S_OK; i++)
        hr = set_prop(draft, tags[i], &values[i]);
    return hr == S_OK ? make_up_name(draft) : hr;
}

HRESULT manager_create_account(struct manager *self, enum account_type type, ULONG count, const DWORD *tags,
                               const ACCT_VARIANT *values, DWORD *id)
{
    struct draft draft = {0};
    HRESULT hr = fill(&draft, type, count, tags, values);
    if (hr == S_OK)
        hr = account_store_create(self->profile, draft.record);
    if (hr == S_OK) {
        if (draft.inet != NULL)
            secret_hold(&draft.record->owner, draft.inet);
        if (draft.smtp != NULL)
            secret_hold(&draft.record->owner, draft.smtp);
        draft.inet = draft.smtp = NULL;
        *id = draft.record->id;
    }
    draft_clear(&draft);
    return hr;
}
