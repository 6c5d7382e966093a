/* Asking the user: the host's function (MapiSetDialog in mapisub.h), else the terminal. Called without any lock held. */
#ifndef CORE_DIALOG_H
#define CORE_DIALOG_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

/* Whether a logoff that would leave something behind may go on; also where there is nobody to ask. */
bool dialog_ask_logoff(ULONG_PTR window, ULONG flags, const char *profile, ULONG unsent, ULONG unsaved, ULONG clients);

/* The name of a profile to log on to, UTF-8, as the user has it. MAPI_E_USER_CANCEL; MAPI_E_LOGON_FAILED: nobody to ask (O12). */
HRESULT dialog_ask_profile(ULONG_PTR window, ULONG flags, char *name, size_t size);

#endif
