/* What accounts and managers hand out and take back with FreeMemory: GetProp's strings and bytes, GetAccountInfo's
 * categories, GetOrder's array, GetLastError's text. */
#ifndef ACCOUNT_ACCOUNT_MEMORY_H
#define ACCOUNT_ACCOUNT_MEMORY_H

#include <stddef.h>

#include <actmgmt.h>

/* Whose FreeMemory takes it back: "do not mix" becomes an error instead of damage. */
enum account_memory_owner { MEMORY_OF_ACCOUNT = 1, MEMORY_OF_MANAGER = 2 };

/* NULL when there is no memory, with a sentence. A size of 0 gives a valid address. */
void *account_memory_new(enum account_memory_owner owner, size_t size);

/* Wipes the block (it may have been a password) and frees it. S_OK, also for NULL; E_INVALIDARG for a block that the
 * other interface handed out. */
HRESULT account_memory_free(enum account_memory_owner owner, void *block);

/* IOlkErrorUnknown::GetLastError: the text that belongs to a code, whatever happened last. E_INVALIDARG: nowhere to
 * put it, or no text for that code; E_OUTOFMEMORY; *out is then NULL. */
HRESULT account_error_text(enum account_memory_owner owner, HRESULT hr, LPWSTR *out);

#endif
