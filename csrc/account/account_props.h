/* The properties of accounts: which there are, what may be done with them, which values they take. */
#ifndef ACCOUNT_ACCOUNT_PROPS_H
#define ACCOUNT_ACCOUNT_PROPS_H

#include <stdbool.h>

#include <mapisub.h>

#include "base/byte_buffer.h"

/* What a value must be like, beside having the property's type. */
enum account_rule {
    RULE_NONE,
    RULE_PORT,       /* 1 to 65535 */
    RULE_AUTH,       /* SMTP_AUTH_*: an enumeration, though its page says bitmask */
    RULE_ENCRYPTION, /* ENCRYPT_CONN_* */
    RULE_LEAVE,      /* LEAVE_ON_SERVER and its like, days in the upper half */
    RULE_UID,        /* 16 bytes */
    RULE_FLAGS       /* 4 bytes: a DWORD, little endian, although typed as binary (prop_mapi_transport_flags.md) */
};

struct account_prop {
    struct olk_property known;
    enum account_rule rule;
};

/* The property of exactly this tag, or NULL. */
const struct account_prop *account_prop_find(DWORD tag);

/* The type that a value of the property has in an ACCT_VARIANT. */
DWORD account_prop_type(DWORD tag);

/* Whether PT_LONG, PT_UNICODE, PT_BINARY or a secret string is the tag's type: no other tag can be a property's. */
bool account_tag_is_possible(DWORD tag);

/* The stored form of a value (base/propcodec.h: integers little endian, strings UTF-8), appended to `out`.
 * E_INVALIDARG, with a sentence that never quotes the value: another type, NULL where bytes belong, text that is not
 * UTF-16, a value that breaks the property's rule or is longer than ACCOUNT_VALUE_LIMIT bytes. E_OUTOFMEMORY. */
HRESULT account_value_encode(const struct account_prop *prop, const ACCT_VARIANT *value, struct byte_buffer *out);

enum { ACCOUNT_VALUE_LIMIT = 16 << 20 };

#endif
