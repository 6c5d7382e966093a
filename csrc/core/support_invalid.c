/* IMAPISupport::MakeInvalid (imapisupport-makeinvalid.md, invalidating-an-object.md): a provider's object is
 * turned into a stub whose methods fail and which frees itself at its last Release.
 */
#include <stdatomic.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/support.h"

/* What an invalidated object is from then on; it had at least 16 bytes. */
struct stub {
    const void *vtbl;
    atomic_uint refs;
};

static HRESULT STDMETHODCALLTYPE query_interface(void *This, REFIID iid, void **out)
{
    struct stub *stub = This;
    if (!iid || !out) {
        return MAPI_E_INVALID_PARAMETER;
    }
    *out = NULL;
    if (!IsEqualIID(iid, &IID_IUnknown)) {
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    }
    atomic_fetch_add(&stub->refs, 1);
    *out = stub;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE addref(void *This)
{
    return atomic_fetch_add(&((struct stub *)This)->refs, 1) + 1;
}

static ULONG STDMETHODCALLTYPE release(void *This)
{
    unsigned left = atomic_fetch_sub(&((struct stub *)This)->refs, 1) - 1;
    if (left == 0) {
        MAPIFreeBuffer(This);
    }
    return left;
}

/* Stands for methods of any signature: callers clean up their own arguments, and none of them is looked at. */
static HRESULT STDMETHODCALLTYPE answer_invalid(void *This)
{
    (void)This;
    return MAPI_E_INVALID_OBJECT;
}

typedef void (*method)(void);
#define INVALID    (method) answer_invalid
#define INVALID_4  INVALID, INVALID, INVALID, INVALID
#define INVALID_16 INVALID_4, INVALID_4, INVALID_4, INVALID_4
#define INVALID_64 INVALID_16, INVALID_16, INVALID_16, INVALID_16

/* The widest documented interface, IMAPISupport, has 44 methods. */
static const method stub_vtbl[] = {(method)query_interface, (method)addref, (method)release, INVALID_64};
enum { STUB_METHODS = sizeof stub_vtbl / sizeof stub_vtbl[0] };

HRESULT support_make_invalid(ULONG flags, void *object, ULONG refs, ULONG methods)
{
    if (flags) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "MakeInvalid takes no flags, not 0x%08x.", (unsigned)flags);
    }
    if (!object || refs == 0 || methods < 3 || methods > STUB_METHODS) {
        return fail(MAPI_E_INVALID_PARAMETER, "MakeInvalid needs an object with references and 3 to %d methods.",
                    STUB_METHODS);
    }
    struct stub *stub = object;
    atomic_store(&stub->refs, refs);
    stub->vtbl = stub_vtbl;
    return S_OK;
}
