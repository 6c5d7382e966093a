#include "core/allocator.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>

#include <mapicode.h>

static HRESULT STDMETHODCALLTYPE query_interface(IMalloc *This, REFIID iid, void **out)
{
    if (!iid || !out) {
        return MAPI_E_INVALID_PARAMETER;
    }
    bool known = IsEqualIID(iid, &IID_IUnknown) || IsEqualIID(iid, &IID_IMalloc);
    *out = known ? This : NULL;
    return known ? S_OK : MAPI_E_INTERFACE_NOT_SUPPORTED;
}

static ULONG STDMETHODCALLTYPE count(IMalloc *This)
{
    (void)This;
    return 1;
}

static void *STDMETHODCALLTYPE alloc(IMalloc *This, size_t size)
{
    (void)This;
    return malloc(size ? size : 1);
}

static void *STDMETHODCALLTYPE resize(IMalloc *This, void *memory, size_t size)
{
    (void)This;
    if (memory && size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size ? size : 1);
}

static void STDMETHODCALLTYPE release_memory(IMalloc *This, void *memory)
{
    (void)This;
    free(memory);
}

static size_t STDMETHODCALLTYPE get_size(IMalloc *This, void *memory)
{
    (void)This;
    return memory ? malloc_usable_size(memory) : (size_t)-1;
}

/* -1: this allocator cannot tell. */
static int STDMETHODCALLTYPE did_alloc(IMalloc *This, void *memory)
{
    (void)This;
    (void)memory;
    return -1;
}

static void STDMETHODCALLTYPE heap_minimize(IMalloc *This)
{
    (void)This;
}

static const IMallocVtbl vtbl = {query_interface, count,    count,     alloc,        resize,
                                 release_memory,  get_size, did_alloc, heap_minimize};

LPMALLOC allocator(void)
{
    static IMalloc the_allocator = {&vtbl};
    return &the_allocator;
}
