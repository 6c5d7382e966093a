#include "core/service_entry.h"

#include <mapicode.h>

#include "base/failure.h"
#include "core/admin.h"
#include "core/allocator.h"
#include "core/support.h"

HRESULT service_call(const struct service_call *call)
{
    if (!call->service->entry) {
        return S_OK;
    }
    LPMAPISUP support = NULL;
    LPPROVIDERADMIN admin = NULL;
    LPMAPIERROR said = NULL;
    HRESULT hr = support_create_for_service(call->profile, call->service, call->uid, &support);
    if (hr == S_OK) {
        hr = provider_admin_create(call->profile, call->uid, NULL, true, &admin);
    }
    if (hr == S_OK) {
        failure_clear();
        hr = call->service->entry(NULL, allocator(), support, call->ui, call->flags, call->context, call->count,
                                  call->props, admin, &said);
        if (hr != S_OK && call->error) {
            last_error_set_from(call->error, hr, said, call->flags & MAPI_UNICODE);
        }
        MAPIFreeBuffer(said);
    }
    if (admin) {
        admin->lpVtbl->Release(admin);
    }
    if (support) {
        support->lpVtbl->Release(support);
    }
    return hr;
}
