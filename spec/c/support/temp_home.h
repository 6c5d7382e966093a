/* support/temp_home.h - a MAPI_HOME and a MAPI_RUNTIME_DIR for one test program, removed with everything in them. */
#ifndef SPEC_SUPPORT_TEMP_HOME_H
#define SPEC_SUPPORT_TEMP_HOME_H

/* Makes both directories (0700) under TMPDIR or /tmp and sets the variables. One at a time. */
void temp_home_make(void);

/* The home directory. */
const char *temp_home_path(void);

/* A name in the home directory; the string is valid until the second call after it. */
const char *temp_home_file(const char *name);

/* Removes both directories recursively and unsets the variables. */
void temp_home_remove(void);

/* The same as cmocka's fixtures. */
int temp_home_setup(void **state);
int temp_home_teardown(void **state);

#endif
