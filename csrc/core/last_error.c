#include "core/last_error.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/hresult.h"
#include "core/text.h"

static const char our_component[] = "lua-mapi";

void last_error_clear(struct last_error *error)
{
    free(error->text);
    free(error->component);
    *error = (struct last_error){0};
}

void last_error_set(struct last_error *error, HRESULT hr)
{
    const char *detail = failure_detail(hr);
    last_error_clear(error);
    error->hr = hr;
    error->text = detail ? strdup(detail) : NULL; /* without memory the code's own text has to do */
}

void last_error_set_from(struct last_error *error, HRESULT hr, const MAPIERROR *said, bool wide)
{
    if (!said || !said->lpszError) {
        last_error_set(error, hr);
        return;
    }
    last_error_clear(error);
    error->hr = hr;
    error->low_level = said->ulLowLevelError;
    error->context = said->ulContext;
    if (text_argument(said->lpszError, wide, &error->text) == S_OK) {
        fail(hr, "%s", error->text);
    }
    if (said->lpszComponent && text_argument(said->lpszComponent, wide, &error->component) != S_OK) {
        error->component = NULL;
    }
}

HRESULT last_error_get(const struct last_error *error, HRESULT hr, ULONG flags, LPMAPIERROR *out)
{
    if (!out) {
        return fail(MAPI_E_INVALID_PARAMETER, "GetLastError needs a place for its result.");
    }
    *out = NULL;
    if (flags & ~MAPI_UNICODE) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "GetLastError takes the flag MAPI_UNICODE only, not 0x%08x.",
                    (unsigned)flags);
    }
    if (error->hr == S_OK || error->hr != hr) {
        return S_OK;
    }
    const char *text = error->text ? error->text : hresult_text(hr);
    const char *component = error->component ? error->component : our_component;
    void *block = NULL, *copy = NULL;
    if (MAPIAllocateBuffer(sizeof(MAPIERROR), &block) != S_OK) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for the description of an error.");
    }
    LPMAPIERROR made = memset(block, 0, sizeof(MAPIERROR));
    made->ulVersion = MAPI_ERROR_VERSION;
    made->ulLowLevelError = error->low_level;
    made->ulContext = error->context;
    HRESULT result = text ? text_result(text, flags & MAPI_UNICODE, made, &copy) : S_OK;
    made->lpszError = copy;
    if (result == S_OK) {
        result = text_result(component, flags & MAPI_UNICODE, made, &copy);
        made->lpszComponent = copy;
    }
    if (result != S_OK) {
        MAPIFreeBuffer(made);
        return result;
    }
    *out = made;
    return S_OK;
}
