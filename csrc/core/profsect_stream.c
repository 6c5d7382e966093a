/* IMAPIProp::OpenProperty of a profile section: strings and binary values as streams, the way to those over 64 KB. */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/memstream.h"
#include "base/propcodec.h"
#include "core/profsect_private.h"

/* What a stream that can be written knows about its property. */
struct target {
    struct profsect *section; /* with a reference */
    ULONG tag;
    const void *bytes;
    size_t size;
};

/* A stream's bytes as a value of the tag's type: UTF-16 and UTF-8 strings without their NUL. */
static HRESULT value_from_bytes(ULONG tag, const void *bytes, size_t size, void **memory, SPropValue *value)
{
    unsigned char *copy = calloc(1, size + sizeof(WCHAR));
    if (!copy || size > UINT32_MAX) {
        free(copy);
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a property of %zu bytes.", size);
    }
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    *memory = copy;
    value->ulPropTag = tag;
    value->dwAlignPad = 0;
    if (PROP_TYPE(tag) == PT_BINARY) {
        value->Value.bin.cb = (ULONG)size;
        value->Value.bin.lpb = copy;
    } else if (PROP_TYPE(tag) == PT_UNICODE) {
        value->Value.lpszW = (LPWSTR)(void *)copy;
    } else {
        value->Value.lpszA = (LPSTR)copy;
    }
    return S_OK;
}

static HRESULT store_bytes(void *context, struct prop_bag *props)
{
    const struct target *target = context;
    void *memory = NULL;
    SPropValue value;
    HRESULT hr = value_from_bytes(target->tag, target->bytes, target->size, &memory, &value);
    if (hr == S_OK) {
        hr = prop_bag_set(props, &value);
    }
    free(memory);
    return hr;
}

static HRESULT commit(void *context, const void *bytes, size_t size)
{
    struct target *target = context;
    target->bytes = bytes;
    target->size = size;
    return profsect_change(target->section, store_bytes, target);
}

static void dispose(void *context)
{
    struct target *target = context;
    object_release(&target->section->object);
    free(target);
}

/* The bytes of a stream over a stored value: malloc'd. */
static HRESULT bytes_of(const struct prop_entry *entry, ULONG tag, unsigned char **bytes, size_t *size)
{
    SPropValue value;
    void *head = NULL;
    *bytes = NULL;
    *size = 0;
    if (!entry || entry->size == 0) {
        return S_OK;
    }
    if (PROP_TYPE(tag) != PT_UNICODE) {
        *size = entry->size;
        *bytes = malloc(*size);
        if (*bytes) {
            memcpy(*bytes, entry->bytes, *size);
        }
        return *bytes ? S_OK : fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to read a property.");
    }
    if (MAPIAllocateBuffer(1, &head) != S_OK) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to read a property.");
    }
    HRESULT hr = prop_value_from_payload(tag, 0, entry->bytes, entry->size, head, &value);
    if (hr == S_OK) {
        while (value.Value.lpszW[*size / sizeof(WCHAR)]) {
            *size += sizeof(WCHAR);
        }
        *bytes = malloc(*size + 1);
        hr = *bytes ? S_OK : fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to read a property.");
        if (hr == S_OK) {
            memcpy(*bytes, value.Value.lpszW, *size);
        }
    }
    MAPIFreeBuffer(head);
    return hr;
}

static HRESULT check(struct profsect *self, ULONG tag, LPCIID iid, ULONG flags)
{
    ULONG type = PROP_TYPE(tag);
    if (!iid || type == PT_UNSPECIFIED) {
        return fail(MAPI_E_INVALID_PARAMETER, "OpenProperty needs an interface and a property with its type.");
    }
    if (flags & ~(MAPI_MODIFY | MAPI_CREATE | MAPI_DEFERRED_ERRORS)) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "OpenProperty does not know the flags 0x%08x.", (unsigned)flags);
    }
    if (!IsEqualIID(iid, &IID_IStream) || (type != PT_BINARY && type != PT_UNICODE && type != PT_STRING8) ||
        profsect_is_computed(tag) || PROP_ID(tag) >= PROP_ID_NAMED_MIN) {
        return fail(MAPI_E_INTERFACE_NOT_SUPPORTED,
                    "Strings and binary properties of a profile section open as IStream.");
    }
    if ((flags & (MAPI_MODIFY | MAPI_CREATE)) && !self->writable) {
        return fail(MAPI_E_NO_ACCESS, "The profile section was opened for reading.");
    }
    return S_OK;
}

static HRESULT make_stream(struct profsect *self, ULONG tag, ULONG flags, unsigned char *bytes, size_t size,
                           IStream **out)
{
    struct lifeline *life = self->life_is_callers ? NULL : self->life;
    if (!(flags & (MAPI_MODIFY | MAPI_CREATE))) {
        return memstream_create_reader(life, bytes, size, out);
    }
    struct target *target = calloc(1, sizeof *target);
    if (!target) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a stream.");
    }
    target->section = self;
    target->tag = tag;
    object_addref(&self->object);
    HRESULT hr = memstream_create_writer(life, commit, dispose, target, bytes, size, out);
    if (hr != S_OK) {
        dispose(target);
    }
    return hr;
}

HRESULT profsect_open_property(struct profsect *self, ULONG tag, LPCIID iid, ULONG options, ULONG flags, LPUNKNOWN *out)
{
    (void)options; /* of IStream: how to open a file, which this is not */
    if (!out) {
        return fail(MAPI_E_INVALID_PARAMETER, "OpenProperty needs a place for its result.");
    }
    *out = NULL;
    struct section section = {0};
    unsigned char *bytes = NULL;
    size_t size = 0;
    IStream *stream = NULL;
    HRESULT hr = check(self, tag, iid, flags);
    if (hr == S_OK) {
        hr = profsect_load(self, &section);
    }
    if (hr == S_OK) {
        ULONG ignored;
        const struct prop_entry *entry = prop_bag_find(&section.props, tag);
        bool fits = entry && prop_wanted_tag(entry->tag, tag, 0, &ignored) == S_OK;
        if (!fits && !(flags & MAPI_CREATE)) {
            hr = fail(MAPI_E_NOT_FOUND, "The profile section has no property 0x%08x.", (unsigned)tag);
        } else {
            hr = bytes_of(fits ? entry : NULL, tag, &bytes, &size);
        }
        if (hr == S_OK) {
            hr = make_stream(self, tag, flags, bytes, size, &stream);
        }
        if (hr == S_OK && !fits) {
            memstream_touch(stream);
        }
    }
    free(bytes);
    section_clear(&section);
    *out = (LPUNKNOWN)(void *)stream;
    return hr;
}
