/* base/propnames.h - named properties on their way from one object to another. */
#ifndef BASE_PROPNAMES_H
#define BASE_PROPNAMES_H

#include <mapidefs.h>

/* What `count` tags of the source are called in the destination: targets[i] for tags[i]. Ids of names mean something
 * only where the mapping signature is the same (pidtagmappingsignature-canonical-property.md); elsewhere the destination
 * is asked for the ids of the names, and makes them where it has none. What has no name, and what comes from or goes to
 * an object that knows no names, keeps its tag. Other failures of the two objects are answered as they are. */
HRESULT prop_names_translate(IMAPIProp *source, IMAPIProp *destination, ULONG count, const ULONG *tags, ULONG *targets);

#endif
