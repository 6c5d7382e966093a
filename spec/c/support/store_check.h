/* support/store_check.h - whether a store's file is consistent, as spec/support/store_consistency.sql has it. */
#ifndef SUPPORT_STORE_CHECK_H
#define SUPPORT_STORE_CHECK_H

/* What is wrong with the store, at first sight; NULL: nothing. Valid until the next call. It uses a connection of its
 * own, and nothing of MAPI or cmocka: a child process may call it. */
const char *store_check(const char *path);

#endif
