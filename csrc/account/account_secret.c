/* See account/account_secret.h. */
#include "account/account_secret.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/failure.h"
#include "base/fork.h"
#include "base/utf.h"

struct secret {
    struct secret *next;
    struct secret_owner owner;
    DWORD tag;
    size_t units; /* with the NUL */
    WCHAR text[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct secret *held; /* guarded by the lock */
FORK_KEEPS_WHOLE(lock);

struct secret *secret_new(DWORD tag, LPCWSTR text)
{
    size_t units = utf16_length(text) + 1;
    struct secret *secret = malloc(sizeof *secret + units * sizeof *text);
    if (secret == NULL) {
        fail(E_OUTOFMEMORY, "There is not enough memory for a password.");
        return NULL;
    }
    memset(secret, 0, sizeof *secret);
    secret->tag = tag;
    secret->units = units;
    memcpy(secret->text, text, units * sizeof *text);
    return secret;
}

void secret_free(struct secret *secret)
{
    if (secret == NULL)
        return;
    explicit_bzero(secret, sizeof *secret + secret->units * sizeof *secret->text);
    free(secret);
}

static bool belongs(const struct secret *secret, const struct secret_owner *owner, DWORD tag)
{
    return (tag == 0 || secret->tag == tag) && secret->owner.mini_uid == owner->mini_uid &&
           memcmp(&secret->owner.identity, &owner->identity, sizeof owner->identity) == 0;
}

static void forget(const struct secret_owner *owner, DWORD tag)
{
    struct secret **link = &held;
    while (*link != NULL) {
        struct secret *each = *link;
        if (belongs(each, owner, tag)) {
            *link = each->next;
            secret_free(each);
        } else {
            link = &each->next;
        }
    }
}

void secret_forget(const struct secret_owner *owner, DWORD tag)
{
    pthread_mutex_lock(&lock);
    forget(owner, tag);
    pthread_mutex_unlock(&lock);
}

void secret_hold(const struct secret_owner *owner, struct secret *secret)
{
    pthread_mutex_lock(&lock);
    forget(owner, secret->tag);
    secret->owner = *owner;
    secret->next = held;
    held = secret;
    pthread_mutex_unlock(&lock);
}

HRESULT secret_get(const struct secret_owner *owner, DWORD tag, LPWSTR *out)
{
    HRESULT hr = E_ACCT_NOT_FOUND;
    *out = NULL;
    pthread_mutex_lock(&lock);
    const struct secret *secret = held;
    while (secret != NULL && !belongs(secret, owner, tag))
        secret = secret->next;
    if (secret != NULL) {
        *out = account_memory_new(MEMORY_OF_ACCOUNT, secret->units * sizeof *secret->text);
        hr = *out != NULL ? S_OK : E_OUTOFMEMORY;
    }
    if (hr == S_OK)
        memcpy(*out, secret->text, secret->units * sizeof *secret->text);
    pthread_mutex_unlock(&lock);
    return hr;
}

/* When the process ends, or the library is unloaded: nothing of a password stays in memory. */
__attribute__((destructor)) static void wipe_all(void)
{
    if (pthread_mutex_trylock(&lock) != 0)
        return; /* a thread was stopped in the middle of something: the system takes the memory away */
    while (held != NULL) {
        struct secret *next = held->next;
        secret_free(held);
        held = next;
    }
    pthread_mutex_unlock(&lock);
}
