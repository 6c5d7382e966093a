/* The types of accounts and the categories each belongs to. */
#ifndef ACCOUNT_ACCOUNT_TYPE_H
#define ACCOUNT_ACCOUNT_TYPE_H

#include <actmgmt.h>

/* Kept in the database: never renumber. */
enum account_type {
    ACCOUNT_POP3 = 1,
    ACCOUNT_IMAP = 2,
    ACCOUNT_EXCHANGE = 3, /* CLSID_OlkMAPIAccount: also what stands for a message service of the profile */
    ACCOUNT_HTTP = 4,
    ACCOUNT_LDAP = 5
};

enum account_category { CATEGORY_MAIL = 1, CATEGORY_ADDRESS_BOOK = 2, CATEGORY_STORE = 4 };

enum { CATEGORY_COUNT = 3 };

/* 0 for a class identifier that is none (or NULL). */
enum account_type account_type_of(const CLSID *clsid);
enum account_category account_category_of(const CLSID *clsid);

/* For a type and a category that exist. */
const CLSID *account_type_clsid(enum account_type type);
const CLSID *account_category_clsid(enum account_category category);

/* The categories of a newly made account. An Exchange account is never in the address book category, whatever it
 * offers (iolkaccount-getaccountinfo.md, iolkaccountmanager-enumerateaccounts.md). */
unsigned account_type_categories(enum account_type type);

/* "IMAP", ...: what an account without any name is called. */
const char *account_type_label(enum account_type type);

#endif
