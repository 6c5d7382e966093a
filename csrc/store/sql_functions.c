#include "store/sql_functions.h"

#include <stdint.h>
#include <string.h>

#include <mapicode.h>

#include "base/byte_buffer.h"
#include "store/filter.h"
#include "store/props_blob.h"

static double payload_double(const unsigned char *bytes)
{
    uint64_t bits = bytes_get_u64(bytes);
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static double payload_float(const unsigned char *bytes)
{
    uint32_t bits = bytes_get_u32(bytes);
    float value;

    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static void result_payload(sqlite3_context *context, ULONG type, const unsigned char *bytes, size_t size)
{
    switch (type) {
    case PT_I2:
        sqlite3_result_int(context, (int16_t)bytes_get_u16(bytes));
        break;
    case PT_LONG:
        sqlite3_result_int(context, (int32_t)bytes_get_u32(bytes));
        break;
    case PT_BOOLEAN:
        sqlite3_result_int(context, bytes[0]);
        break;
    case PT_R4:
        sqlite3_result_double(context, payload_float(bytes));
        break;
    case PT_DOUBLE:
    case PT_APPTIME:
        sqlite3_result_double(context, payload_double(bytes));
        break;
    case PT_CURRENCY:
    case PT_I8:
    case PT_SYSTIME:
        sqlite3_result_int64(context, (int64_t)bytes_get_u64(bytes));
        break;
    case PT_UNICODE:
        sqlite3_result_text(context, (const char *)bytes, (int)size, SQLITE_TRANSIENT);
        break;
    case PT_CLSID:
    case PT_BINARY:
        sqlite3_result_blob(context, bytes, (int)size, SQLITE_TRANSIENT);
        break;
    default:
        break;
    }
}

static void mapi_prop(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    const unsigned char *blob = sqlite3_value_blob(arguments[0]);
    size_t size = (size_t)sqlite3_value_bytes(arguments[0]);
    struct blob_entry entry;

    (void)count;
    if (blob != NULL && props_blob_find(blob, size, (ULONG)sqlite3_value_int64(arguments[1]), &entry) &&
        !entry.external)
        result_payload(context, PROP_TYPE(entry.tag), entry.bytes, entry.size);
}

static void mapi_test(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    const struct text_test *test = sqlite3_value_pointer(arguments[1], TEXT_TEST_POINTER);
    const char *text = (const char *)sqlite3_value_text(arguments[0]);
    bool passes = false;
    HRESULT hr = S_OK;

    (void)count;
    if (test == NULL || (text == NULL && sqlite3_value_type(arguments[0]) != SQLITE_NULL))
        hr = MAPI_E_NOT_ENOUGH_MEMORY;
    else if (text != NULL)
        hr = text_test_run(test, text, (size_t)sqlite3_value_bytes(arguments[0]), sqlite3_value_int64(arguments[2]),
                           &passes);
    if (SUCCEEDED(hr))
        sqlite3_result_int(context, passes);
    else
        sqlite3_result_error_code(context, hr == MAPI_E_NOT_ENOUGH_MEMORY ? SQLITE_NOMEM : SQLITE_IOERR);
}

HRESULT sql_functions_register(struct database *db)
{
    sqlite3 *handle = database_handle(db);
    int rc = sqlite3_create_function(handle, "mapi_prop", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, mapi_prop, NULL,
                                     NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(handle, "mapi_test", 3, SQLITE_UTF8, NULL, mapi_test, NULL, NULL);
    return database_error(db, rc, "The store could not be opened");
}
