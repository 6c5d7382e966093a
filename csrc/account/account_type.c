/* See account/account_type.h and mapisub.h. */
#include "account/account_type.h"

#include <string.h>

#include <mapisub.h>

struct type_entry {
    enum account_type type;
    const CLSID *clsid;
    const char *name;
    const char *label;
    unsigned categories;
};

/* IMAP, Exchange and HTTP accounts have a store of their own, POP3 accounts deliver into somebody else's. */
static const struct type_entry types[] = {
    {ACCOUNT_POP3, &CLSID_OlkPOP3Account, "pop3", "POP3", CATEGORY_MAIL},
    {ACCOUNT_IMAP, &CLSID_OlkIMAP4Account, "imap", "IMAP", CATEGORY_MAIL | CATEGORY_STORE},
    {ACCOUNT_EXCHANGE, &CLSID_OlkMAPIAccount, "exchange", "Exchange", CATEGORY_MAIL | CATEGORY_STORE},
    {ACCOUNT_HTTP, &CLSID_OlkHotmailAccount, "http", "HTTP", CATEGORY_MAIL | CATEGORY_STORE},
    {ACCOUNT_LDAP, &CLSID_OlkLDAPAccount, "ldap", "LDAP", CATEGORY_ADDRESS_BOOK},
};

struct category_entry {
    enum account_category category;
    const CLSID *clsid;
    const char *name;
};

static const struct category_entry categories[CATEGORY_COUNT] = {
    {CATEGORY_MAIL, &CLSID_OlkMail, "mail"},
    {CATEGORY_ADDRESS_BOOK, &CLSID_OlkAddressBook, "address_book"},
    {CATEGORY_STORE, &CLSID_OlkStore, "store"},
};

enum { TYPE_COUNT = sizeof types / sizeof types[0] };

static const struct type_entry *find_type(const CLSID *clsid)
{
    for (size_t i = 0; clsid != NULL && i < TYPE_COUNT; i++)
        if (memcmp(types[i].clsid, clsid, sizeof *clsid) == 0)
            return &types[i];
    return NULL;
}

static const struct category_entry *find_category(const CLSID *clsid)
{
    for (size_t i = 0; clsid != NULL && i < CATEGORY_COUNT; i++)
        if (memcmp(categories[i].clsid, clsid, sizeof *clsid) == 0)
            return &categories[i];
    return NULL;
}

/* The types are numbered from 1 in the order of the table. */
static const struct type_entry *entry_of(enum account_type type)
{
    return &types[type - ACCOUNT_POP3];
}

enum account_type account_type_of(const CLSID *clsid)
{
    const struct type_entry *entry = find_type(clsid);
    return entry != NULL ? entry->type : (enum account_type)0;
}

enum account_category account_category_of(const CLSID *clsid)
{
    const struct category_entry *entry = find_category(clsid);
    return entry != NULL ? entry->category : (enum account_category)0;
}

const CLSID *account_type_clsid(enum account_type type)
{
    return entry_of(type)->clsid;
}

unsigned account_type_categories(enum account_type type)
{
    return entry_of(type)->categories;
}

const char *account_type_label(enum account_type type)
{
    return entry_of(type)->label;
}

const CLSID *account_category_clsid(enum account_category category)
{
    size_t i = 0;
    while (categories[i].category != category)
        i++;
    return categories[i].clsid;
}

const CLSID *OlkTypeFromName(const char *name)
{
    for (size_t i = 0; name != NULL && i < TYPE_COUNT; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].clsid;
    return NULL;
}

const char *OlkTypeName(const CLSID *type)
{
    const struct type_entry *entry = find_type(type);
    return entry != NULL ? entry->name : NULL;
}

const CLSID *OlkCategoryFromName(const char *name)
{
    for (size_t i = 0; name != NULL && i < CATEGORY_COUNT; i++)
        if (strcmp(categories[i].name, name) == 0)
            return categories[i].clsid;
    return NULL;
}

const char *OlkCategoryName(const CLSID *category)
{
    const struct category_entry *entry = find_category(category);
    return entry != NULL ? entry->name : NULL;
}

const char *OlkNotifyName(DWORD notify)
{
    static const char *const names[] = {
        [NOTIFY_ACCT_CHANGED] = "changed",       [NOTIFY_ACCT_CREATED] = "created",
        [NOTIFY_ACCT_DELETED] = "deleted",       [NOTIFY_ACCT_ORDER_CHANGED] = "order_changed",
        [NOTIFY_ACCT_PREDELETED] = "predeleted",
    };
    return notify < sizeof names / sizeof names[0] ? names[notify] : NULL;
}
