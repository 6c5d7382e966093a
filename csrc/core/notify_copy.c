#include "core/notify_copy.h"

#include <stdint.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"
#include "base/propvalue.h"

enum { ALIGNMENT = sizeof(void *) };

/* Measuring and copying are the same walk: without memory to copy to, only `used` grows. */
struct packer {
    unsigned char *memory;
    uint64_t used;
};

static void *take(struct packer *packer, uint64_t size)
{
    void *at = packer->memory ? packer->memory + packer->used : NULL;
    packer->used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return at;
}

static void *pack(struct packer *packer, const void *bytes, uint64_t size)
{
    if (!bytes) {
        return NULL;
    }
    void *copy = take(packer, size);
    if (copy && size) {
        memcpy(copy, bytes, (size_t)size);
    }
    return copy;
}

static uint64_t text_size(const void *text, bool wide)
{
    if (!wide) {
        return strlen(text) + 1;
    }
    const WCHAR *units = text;
    uint64_t count = 0;
    while (units[count]) {
        count++;
    }
    return (count + 1) * sizeof *units;
}

static void *pack_text(struct packer *packer, const void *text, bool wide)
{
    return text ? pack(packer, text, text_size(text, wide)) : NULL;
}

static LPSPropValue pack_values(struct packer *packer, ULONG count, const SPropValue *values)
{
    if (!values || count == 0) {
        return NULL;
    }
    size_t size = prop_values_size(count, values);
    if (size == 0) {
        packer->used = UINT64_MAX / 2; /* larger than a ULONG: refused by who measures */
        return NULL;
    }
    void *copy = take(packer, size);
    return copy ? prop_values_copy(count, values, copy) : NULL;
}

static void pack_error(struct packer *packer, ERROR_NOTIFICATION *out)
{
    bool wide = out->ulFlags & MAPI_UNICODE;
    out->lpEntryID = pack(packer, out->lpEntryID, out->cbEntryID);
    LPMAPIERROR error = out->lpMAPIError;
    if (!error) {
        return;
    }
    LPTSTR texts[2] = {pack_text(packer, error->lpszError, wide), pack_text(packer, error->lpszComponent, wide)};
    out->lpMAPIError = pack(packer, error, sizeof *error);
    if (out->lpMAPIError) {
        out->lpMAPIError->lpszError = texts[0];
        out->lpMAPIError->lpszComponent = texts[1];
    }
}

static void pack_new_mail(struct packer *packer, NEWMAIL_NOTIFICATION *out)
{
    out->lpEntryID = pack(packer, out->lpEntryID, out->cbEntryID);
    out->lpParentID = pack(packer, out->lpParentID, out->cbParentID);
    out->lpszMessageClass = pack_text(packer, out->lpszMessageClass, out->ulFlags & MAPI_UNICODE);
}

static void pack_object(struct packer *packer, OBJECT_NOTIFICATION *out)
{
    out->lpEntryID = pack(packer, out->lpEntryID, out->cbEntryID);
    out->lpParentID = pack(packer, out->lpParentID, out->cbParentID);
    out->lpOldID = pack(packer, out->lpOldID, out->cbOldID);
    out->lpOldParentID = pack(packer, out->lpOldParentID, out->cbOldParentID);
    if (out->lpPropTagArray) {
        out->lpPropTagArray =
            pack(packer, out->lpPropTagArray, CbNewSPropTagArray((uint64_t)out->lpPropTagArray->cValues));
    }
}

static void pack_value(struct packer *packer, SPropValue *value)
{
    const SPropValue *copy = value->ulPropTag ? pack_values(packer, 1, value) : NULL;
    if (copy) {
        *value = *copy;
    }
}

static void pack_table(struct packer *packer, TABLE_NOTIFICATION *out)
{
    pack_value(packer, &out->propIndex);
    pack_value(packer, &out->propPrior);
    out->row.lpProps = pack_values(packer, out->row.cValues, out->row.lpProps);
}

/* `out` is a shallow copy already. */
static void pack_notification(struct packer *packer, NOTIFICATION *out)
{
    switch (out->ulEventType) {
    case fnevCriticalError:
        pack_error(packer, &out->info.err);
        break;
    case fnevNewMail:
        pack_new_mail(packer, &out->info.newmail);
        break;
    case fnevObjectCreated:
    case fnevObjectDeleted:
    case fnevObjectModified:
    case fnevObjectMoved:
    case fnevObjectCopied:
    case fnevSearchComplete:
        pack_object(packer, &out->info.obj);
        break;
    case fnevTableModified:
        pack_table(packer, &out->info.tab);
        break;
    default: /* fnevExtended, fnevIndexing */
        out->info.ext.pbEventParameters = pack(packer, out->info.ext.pbEventParameters, out->info.ext.cb);
        break;
    }
}

static bool blob_is_fine(ULONG size, const void *bytes)
{
    return size == 0 || bytes != NULL;
}

/* The two values of a table notification that only some events have: all zero where they are not used. */
static bool value_is_fine(const SPropValue *value)
{
    return value->ulPropTag == 0 || prop_value_check(value) == S_OK;
}

static bool table_is_fine(const TABLE_NOTIFICATION *table)
{
    if (!value_is_fine(&table->propIndex) || !value_is_fine(&table->propPrior) ||
        !blob_is_fine(table->row.cValues, table->row.lpProps)) {
        return false;
    }
    for (ULONG i = 0; i < table->row.cValues; i++) {
        if (prop_value_check(&table->row.lpProps[i]) != S_OK) {
            return false;
        }
    }
    return true;
}

static bool object_is_fine(const OBJECT_NOTIFICATION *object)
{
    return blob_is_fine(object->cbEntryID, object->lpEntryID) && blob_is_fine(object->cbParentID, object->lpParentID) &&
           blob_is_fine(object->cbOldID, object->lpOldID) && blob_is_fine(object->cbOldParentID, object->lpOldParentID);
}

static bool is_fine(const NOTIFICATION *notification)
{
    switch (notification->ulEventType) {
    case fnevCriticalError:
        return blob_is_fine(notification->info.err.cbEntryID, notification->info.err.lpEntryID);
    case fnevNewMail:
        return blob_is_fine(notification->info.newmail.cbEntryID, notification->info.newmail.lpEntryID) &&
               blob_is_fine(notification->info.newmail.cbParentID, notification->info.newmail.lpParentID);
    case fnevObjectCreated:
    case fnevObjectDeleted:
    case fnevObjectModified:
    case fnevObjectMoved:
    case fnevObjectCopied:
    case fnevSearchComplete:
        return object_is_fine(&notification->info.obj);
    case fnevTableModified:
        return table_is_fine(&notification->info.tab);
    case fnevExtended:
    case fnevIndexing:
        return blob_is_fine(notification->info.ext.cb, notification->info.ext.pbEventParameters);
    default:
        return false;
    }
}

HRESULT notify_check(const NOTIFICATION *notification)
{
    return is_fine(notification) ? S_OK
                                 : fail(MAPI_E_INVALID_PARAMETER,
                                        "A notification of the event 0x%08x points to nothing, or there is"
                                        " no such event.",
                                        (unsigned)notification->ulEventType);
}

size_t notify_extra_size(const NOTIFICATION *notification, bool *fits)
{
    struct packer packer = {NULL, 0};
    NOTIFICATION copy = *notification;
    pack_notification(&packer, &copy);
    *fits = packer.used <= UINT32_MAX;
    return *fits ? (size_t)packer.used : 0;
}

void notify_copy(const NOTIFICATION *notification, NOTIFICATION *out, void *extra)
{
    struct packer packer = {extra, 0};
    memcpy(out, notification, sizeof *out);
    pack_notification(&packer, out);
}
