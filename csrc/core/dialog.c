#include "core/dialog.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <mapicode.h>
#include <mapisub.h>

#include "base/failure.h"
#include "base/fork.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
FORK_KEEPS_WHOLE(lock);
static LPMAPIDIALOG hook;
static void *hook_context;

void MapiSetDialog(LPMAPIDIALOG dialog, void *context)
{
    pthread_mutex_lock(&lock);
    hook = dialog;
    hook_context = context;
    pthread_mutex_unlock(&lock);
}

static LPMAPIDIALOG current_hook(void **context)
{
    pthread_mutex_lock(&lock);
    LPMAPIDIALOG current = hook;
    *context = hook_context;
    pthread_mutex_unlock(&lock);
    return current;
}

/* ---- the question on the terminal ---- */

struct sentence {
    char text[640];
    size_t length;
};

static void add(struct sentence *sentence, const char *text)
{
    int length = snprintf(sentence->text + sentence->length, sizeof sentence->text - sentence->length, "%s", text);
    sentence->length += length > 0 ? (size_t)length : 0;
}

static void add_count(struct sentence *sentence, ULONG count, const char *one, const char *many)
{
    char number[16];
    snprintf(number, sizeof number, "%u ", (unsigned)count);
    add(sentence, number);
    add(sentence, count == 1 ? one : many);
}

static bool ask_terminal(const char *profile, ULONG unsent, ULONG unsaved, ULONG clients)
{
    const struct {
        ULONG count;
        const char *one, *many;
    } parts[] = {{unsent, "message is waiting to be sent", "messages are waiting to be sent"},
                 {unsaved, "object has changes that are not saved", "objects have changes that are not saved"},
                 {clients, "other client is logged on", "other clients are logged on"}};
    int left = (unsent > 0) + (unsaved > 0) + (clients > 0);
    struct sentence question = {"Profile ", strlen("Profile ")};
    add(&question, profile);
    const char *before = ": ";
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].count > 0) {
            add(&question, before);
            add_count(&question, parts[i].count, parts[i].one, parts[i].many);
            before = --left == 1 ? " and " : ", ";
        }
    }
    add(&question, ". Log off all the same? [y/N]");
    return MapiAskTerminal(question.text) != MAPI_TERMINAL_NO;
}

/* ---- asking ---- */

bool dialog_ask_logoff(ULONG_PTR window, ULONG flags, const char *profile, ULONG unsent, ULONG unsaved, ULONG clients)
{
    void *context;
    LPMAPIDIALOG current = current_hook(&context);
    if (!current) {
        return ask_terminal(profile, unsent, unsaved, clients);
    }
    struct mapi_dialog dialog = {.size = sizeof dialog,
                                 .kind = MAPI_DIALOG_LOGOFF,
                                 .window = window,
                                 .flags = flags,
                                 .profile = profile,
                                 .unsent = unsent,
                                 .unsaved = unsaved,
                                 .clients = clients};
    return current(context, &dialog) != FALSE;
}

HRESULT dialog_ask_profile(ULONG_PTR window, ULONG flags, char *name, size_t size)
{
    void *context;
    LPMAPIDIALOG current = current_hook(&context);
    if (!current) {
        return fail(MAPI_E_LOGON_FAILED, "No profile was named, and there is no dialog to ask with; name one, or ask "
                                         "for the default profile.");
    }
    *name = '\0';
    struct mapi_dialog dialog = {.size = sizeof dialog,
                                 .kind = MAPI_DIALOG_LOGON,
                                 .window = window,
                                 .flags = flags,
                                 .name = name,
                                 .name_size = (ULONG)size};
    return current(context, &dialog) ? S_OK : fail(MAPI_E_USER_CANCEL, "The user chose no profile to log on to.");
}
