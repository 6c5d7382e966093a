/* The directory everything of ours lives in: profiles.db, profiles.lock, stores/. */
#ifndef CORE_HOME_H
#define CORE_HOME_H

#include <mapidefs.h>

/* The home directory as an absolute path in the file system's own bytes, without a trailing slash. MAPI_HOME, else
   $XDG_DATA_HOME/lua-mapi, else ~/.local/share/lua-mapi, looked up when MAPIInitialize takes the count from 0 to 1.
   A copy, freed with free(). MAPI_E_NOT_INITIALIZED while the count is 0, MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT home_directory(char **out);

/* home_directory() and "/" and name. Same results. */
HRESULT home_path(const char *name, char **out);

/* Makes the home directory, and the directory `name` in it unless NULL, both 0700, with the parents that are missing.
   Called by what creates something on disk, never by logon. MAPI_E_NO_ACCESS, MAPI_E_DISK_ERROR, each with a
   sentence. */
HRESULT home_make(const char *name);

/* For a provider, before it makes something in the home directory for a profile that is being changed: a note, so that it
   goes again if that change is not completed (unfinished.h). Outside of a change of the profiles nothing is noted: then it
   is not for a profile. MAPI_E_NOT_ENOUGH_MEMORY, MAPI_E_NOT_ENOUGH_DISK, MAPI_E_NO_ACCESS, MAPI_E_DISK_ERROR. */
HRESULT home_note_unfinished(const char *dll_name, const MAPIUID *record_key);

/* Looks the directory up in the environment; for MAPIInitialize. Freed with free(). */
HRESULT home_resolve(char **out);

#endif
