/* See account/account_props.h and mapisub.h. */
#include "account/account_props.h"

#include <stddef.h>
#include <string.h>

#include "base/failure.h"
#include "base/utf.h"

#define SET    (OLK_PROP_SETTABLE | OLK_PROP_CREATABLE)
#define GIVEN  OLK_PROP_CREATABLE
#define MADE   0
#define SECRET (OLK_PROP_CREATABLE | OLK_PROP_SECRET)

#define PROPERTY(symbol, name, access, rule)                                                                           \
    {                                                                                                                  \
        {symbol, name, access}, rule                                                                                   \
    }

/* By increasing id, for look-up. Access as on the properties' pages: what the account's server settings are is
 * read-only there and can be given at creation only; MADE is what nobody chooses. */
static const struct account_prop catalogue[] = {
    PROPERTY(PROP_ACCT_ID, "acct_id", MADE, RULE_NONE),
    PROPERTY(PROP_ACCT_NAME, "acct_name", SET, RULE_NONE),
    PROPERTY(PROP_ACCT_MINI_UID, "acct_mini_uid", MADE, RULE_NONE),
    PROPERTY(PROP_ACCT_USER_DISPLAY_NAME, "acct_user_display_name", SET, RULE_NONE),
    PROPERTY(PROP_ACCT_USER_EMAIL_ADDR, "acct_user_email_addr", SET, RULE_NONE),
    PROPERTY(PROP_ACCT_STAMP, "acct_stamp", MADE, RULE_NONE),
    PROPERTY(PROP_ACCT_SEND_STAMP, "acct_send_stamp", MADE, RULE_NONE),
    PROPERTY(PROP_ACCT_IS_EXCH, "acct_is_exch", MADE, RULE_NONE),
    PROPERTY(PROP_ACCT_DELIVERY_STORE, "acct_delivery_store", SET, RULE_NONE),
    PROPERTY(PROP_ACCT_DELIVERY_FOLDER, "acct_delivery_folder", SET, RULE_NONE),
    PROPERTY(PROP_ACCT_SENTITEMS_EID, "acct_sentitems_eid", GIVEN, RULE_NONE),
    PROPERTY(PROP_ACCT_PREFERENCES_UID, "acct_preferences_uid", MADE, RULE_UID),
    PROPERTY(PROP_INET_SERVER, "inet_server", GIVEN, RULE_NONE),
    PROPERTY(PROP_INET_USER, "inet_user", GIVEN, RULE_NONE),
    PROPERTY(PROP_INET_PASSWORD, "inet_password", SECRET, RULE_NONE),
    PROPERTY(PROP_INET_PORT, "inet_port", GIVEN, RULE_PORT),
    PROPERTY(PROP_INET_SSL, "inet_ssl", GIVEN, RULE_NONE),
    PROPERTY(PROP_INET_USE_SPA, "inet_use_spa", GIVEN, RULE_NONE),
    PROPERTY(PROP_INET_PASSWORD_COMMAND, "inet_password_command", SET, RULE_NONE),
    PROPERTY(PROP_SMTP_SERVER, "smtp_server", GIVEN, RULE_NONE),
    PROPERTY(PROP_SMTP_PORT, "smtp_port", GIVEN, RULE_PORT),
    PROPERTY(PROP_SMTP_SSL, "smtp_ssl", GIVEN, RULE_NONE),
    PROPERTY(PROP_SMTP_USE_AUTH, "smtp_use_auth", GIVEN, RULE_NONE),
    PROPERTY(PROP_SMTP_USER, "smtp_user", GIVEN, RULE_NONE),
    PROPERTY(PROP_SMTP_PASSWORD, "smtp_password", SECRET, RULE_NONE),
    PROPERTY(PROP_SMTP_USE_SPA, "smtp_use_spa", GIVEN, RULE_NONE),
    PROPERTY(PROP_SMTP_AUTH_METHOD, "smtp_auth_method", GIVEN, RULE_AUTH),
    PROPERTY(PROP_SMTP_SECURE_CONNECTION, "smtp_secure_connection", GIVEN, RULE_ENCRYPTION),
    PROPERTY(PROP_SMTP_PASSWORD_COMMAND, "smtp_password_command", SET, RULE_NONE),
    PROPERTY(PROP_POP_LEAVE_ON_SERVER, "pop_leave_on_server", GIVEN, RULE_LEAVE),
    PROPERTY(PROP_MAPI_IDENTITY_ENTRYID, "mapi_identity_entryid", SET, RULE_NONE),
    PROPERTY(PROP_MAPI_EMSMDB_UID, "mapi_emsmdb_uid", GIVEN, RULE_UID),
    PROPERTY(PROP_MAPI_TRANSPORT_FLAGS, "mapi_transport_flags", SET, RULE_FLAGS),
};

enum { PROPERTY_COUNT = sizeof catalogue / sizeof catalogue[0] };

const struct account_prop *account_prop_find(DWORD tag)
{
    size_t low = 0;
    size_t high = PROPERTY_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (PROP_ID(catalogue[middle].known.tag) < PROP_ID(tag))
            low = middle + 1;
        else
            high = middle;
    }
    return low < PROPERTY_COUNT && catalogue[low].known.tag == tag ? &catalogue[low] : NULL;
}

DWORD account_prop_type(DWORD tag)
{
    return PROP_TYPE(tag) & ~(DWORD)SECURE_FLAG;
}

bool account_tag_is_possible(DWORD tag)
{
    DWORD type = PROP_TYPE(tag);
    return type == PT_LONG || type == PT_UNICODE || type == PT_BINARY || type == (PT_UNICODE | SECURE_FLAG);
}

/* Whether `given` is the catalogue's name, in capitals if that is how it was documented. */
static bool is_name(const char *known, const char *given, bool capitals)
{
    for (; *known != '\0'; known++, given++) {
        char wanted = capitals && *known >= 'a' && *known <= 'z' ? (char)(*known - 'a' + 'A') : *known;
        if (*given != wanted)
            return false;
    }
    return *given == '\0';
}

BOOL OlkPropFromName(const char *name, DWORD *tag)
{
    static const char prefix[] = "PROP_";
    bool documented = name != NULL && strncmp(name, prefix, sizeof prefix - 1) == 0;
    if (documented)
        name += sizeof prefix - 1;
    for (size_t i = 0; name != NULL && i < PROPERTY_COUNT; i++)
        if (is_name(catalogue[i].known.name, name, documented)) {
            *tag = catalogue[i].known.tag;
            return TRUE;
        }
    return FALSE;
}

const char *OlkPropName(DWORD tag)
{
    const struct account_prop *prop = account_prop_find(tag);
    return prop != NULL ? prop->known.name : NULL;
}

BOOL OlkPropAt(ULONG index, struct olk_property *out)
{
    if (index >= PROPERTY_COUNT)
        return FALSE;
    *out = catalogue[index].known;
    return TRUE;
}

/* ---- values ---- */

static HRESULT refuse(const struct account_prop *prop, const char *why)
{
    return fail(E_INVALIDARG, "%s cannot have this value: %s.", prop->known.name, why);
}

static HRESULT encode_long(const struct account_prop *prop, DWORD value, struct byte_buffer *out)
{
    switch (prop->rule) {
    case RULE_PORT:
        if (value == 0 || value > 0xFFFF)
            return refuse(prop, "ports go from 1 to 65535");
        break;
    case RULE_AUTH:
        if (value > SMTP_AUTH_RECEIVE_BEFORE_SEND)
            return refuse(prop, "it is one of the SMTP_AUTH_ constants, 0 to 2");
        break;
    case RULE_ENCRYPTION:
        if (value > ENCRYPT_CONN_AUTO)
            return refuse(prop, "it is one of the ENCRYPT_CONN_ constants, 0 to 3");
        break;
    case RULE_LEAVE:
        if (value & 0xFFFFu & ~(DWORD)(LEAVE_ON_SERVER | REMOVE_AFTER | REMOVE_ON_NUKE))
            return refuse(prop, "it has flags that are not known; days belong into the upper 16 bits");
        break;
    default:
        break;
    }
    return byte_buffer_append_u32(out, value);
}

static HRESULT encode_text(const struct account_prop *prop, const WCHAR *text, struct byte_buffer *out)
{
    if (text == NULL)
        return refuse(prop, "the string is NULL");
    size_t units = utf16_length(text);
    size_t size = utf16_to_utf8_length(text, units, UTF_STRICT);
    if (size == UTF_INVALID)
        return refuse(prop, "the string is not well-formed UTF-16");
    if (size > ACCOUNT_VALUE_LIMIT)
        return refuse(prop, "the string is too long");
    if (size == 0)
        return S_OK;
    unsigned char *at = byte_buffer_extend(out, size);
    if (at == NULL)
        return fail(E_OUTOFMEMORY, "There is not enough memory for the value of %s.", prop->known.name);
    utf16_to_utf8(text, units, (char *)at, UTF_STRICT);
    return S_OK;
}

static HRESULT encode_binary(const struct account_prop *prop, const ACCT_BIN *bin, struct byte_buffer *out)
{
    if (bin->cb != 0 && bin->pb == NULL)
        return refuse(prop, "the bytes are NULL");
    if (bin->cb > ACCOUNT_VALUE_LIMIT)
        return refuse(prop, "there are too many bytes");
    if (prop->rule == RULE_UID && bin->cb != sizeof(MAPIUID))
        return refuse(prop, "an identifier has 16 bytes");
    if (prop->rule == RULE_FLAGS && bin->cb != sizeof(DWORD))
        return refuse(prop, "the flags are 4 bytes");
    return bin->cb == 0 ? S_OK : byte_buffer_append(out, bin->pb, bin->cb);
}

HRESULT account_value_encode(const struct account_prop *prop, const ACCT_VARIANT *value, struct byte_buffer *out)
{
    DWORD type = account_prop_type(prop->known.tag);
    if (value->dwType != type)
        return refuse(prop, type == PT_LONG      ? "it is a PT_LONG property"
                            : type == PT_UNICODE ? "it is a PT_UNICODE property"
                                                 : "it is a PT_BINARY property");
    switch (type) {
    case PT_LONG:
        return encode_long(prop, value->Val.dw, out);
    case PT_UNICODE:
        return encode_text(prop, value->Val.pwsz, out);
    default:
        return encode_binary(prop, &value->Val.bin, out);
    }
}
