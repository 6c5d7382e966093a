/* IProfSect's methods: IMAPIProp over a section of the profile (iprofsectimapiprop.md). */
#include "core/profsect_private.h"

#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "base/propobject.h"
#include "core/profile_database.h"
#include "core/text.h"

OBJECT_IUNKNOWN(profsect, IProfSect)

static struct profsect *of(IProfSect *This)
{
    return (struct profsect *)(void *)This;
}

HRESULT profsect_enter(struct profsect *self)
{
    if (self->life_is_callers) {
        return lifeline_ended(self->life) ? lifeline_refusal(self->life) : S_OK;
    }
    return lifeline_enter(self->life);
}

HRESULT profsect_leave(struct profsect *self, HRESULT hr)
{
    if (FAILED(hr)) {
        pthread_mutex_lock(&self->error_lock);
        last_error_set(&self->error, hr);
        pthread_mutex_unlock(&self->error_lock);
    }
    if (!self->life_is_callers) {
        lifeline_leave(self->life);
    }
    return hr;
}

bool profsect_is_computed(ULONG tag)
{
    return PROP_ID(tag) == PROP_ID(PR_OBJECT_TYPE) || PROP_ID(tag) == PROP_ID(PR_PROFILE_NAME);
}

/* The section of the profile, or the loose one where it is not there. Database entered. */
static HRESULT load(struct database *db, struct profsect *self, int64_t *id, struct section *out, bool *loose)
{
    HRESULT hr = profile_row(db, self->profile, id);
    *loose = false;
    if (hr != S_OK) {
        return hr;
    }
    hr = section_load(db, *id, &self->uid, out);
    if (hr != MAPI_E_NOT_FOUND) {
        return hr;
    }
    *out = (struct section){.uid = self->uid};
    if (self->loose) {
        pthread_mutex_lock(&self->loose->lock);
        hr = prop_bag_copy(&out->props, &self->loose->section.props);
        pthread_mutex_unlock(&self->loose->lock);
        *loose = true;
        return hr;
    }
    if (uid_equal(&self->uid, &muidGlobalProfileSection)) {
        return S_OK;
    }
    return fail(MAPI_E_OBJECT_DELETED, "The profile section has been deleted since it was opened.");
}

HRESULT profsect_load(struct profsect *self, struct section *out)
{
    struct database *db;
    int64_t id;
    bool loose;
    HRESULT hr = profile_database_enter(&db);
    if (hr == S_OK) {
        hr = load(db, self, &id, out, &loose);
        profile_database_leave();
    }
    return hr;
}

static HRESULT change_stored(struct database *db, struct profsect *self, HRESULT (*change)(void *, struct prop_bag *),
                             void *context)
{
    struct section section = {0};
    int64_t id;
    bool loose = false;
    HRESULT hr = profile_database_begin(db);
    if (hr != S_OK) {
        return hr;
    }
    hr = load(db, self, &id, &section, &loose);
    if (hr == S_OK) {
        hr = change(context, &section.props);
    }
    if (hr == S_OK && loose) {
        pthread_mutex_lock(&self->loose->lock);
        struct prop_bag old = self->loose->section.props;
        self->loose->section.props = section.props;
        section.props = old;
        pthread_mutex_unlock(&self->loose->lock);
    } else if (hr == S_OK) {
        hr = section_save(db, id, &section);
    }
    HRESULT ended = profile_database_end(db, hr == S_OK);
    section_clear(&section);
    return hr == S_OK ? ended : hr;
}

HRESULT profsect_change(struct profsect *self, HRESULT (*change)(void *context, struct prop_bag *props), void *context)
{
    struct database *db;
    HRESULT hr = profile_database_enter(&db);
    if (hr == S_OK) {
        hr = change_stored(db, self, change, context);
        profile_database_leave();
    }
    return hr;
}

/* What the callbacks of a property call work on: the object and its section as just read. */
struct view {
    struct profsect *self;
    struct prop_bag *props;
};

static HRESULT get_computed(const struct profsect *self, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    ULONG wanted = 0;
    ULONG stored =
        PROP_ID(tag) == PROP_ID(PR_OBJECT_TYPE) ? PR_OBJECT_TYPE : CHANGE_PROP_TYPE(PR_PROFILE_NAME, PT_UNICODE);
    HRESULT hr = prop_wanted_tag(stored, tag, flags, &wanted);
    if (hr != S_OK) {
        return hr;
    }
    if (stored == PR_OBJECT_TYPE) {
        out->Value.l = (LONG)MAPI_PROFSECT;
    } else {
        void *text = NULL;
        hr = text_result(self->profile->name, PROP_TYPE(wanted) == PT_UNICODE, head, &text);
        if (hr != S_OK) {
            return hr;
        }
        out->Value.lpszA = text;
    }
    out->ulPropTag = wanted;
    return S_OK;
}

static HRESULT get_one(void *context, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    struct view *view = context;
    return profsect_is_computed(tag) ? get_computed(view->self, tag, flags, head, out)
                                     : prop_bag_get(view->props, tag, flags, head, out);
}

static HRESULT list_all(void *context, struct prop_tag_list *out)
{
    const struct view *view = context;
    HRESULT hr = prop_tag_list_add(out, PR_OBJECT_TYPE);
    if (hr == S_OK) {
        hr = prop_tag_list_add(out, CHANGE_PROP_TYPE(PR_PROFILE_NAME, PT_UNICODE));
    }
    for (size_t i = 0; i < view->props->count && hr == S_OK; i++) {
        ULONG tag = view->props->items[i].tag;
        bool secure = PROP_ID(tag) >= PROP_ID_SECURE_MIN && PROP_ID(tag) <= PROP_ID_SECURE_MAX;
        if (!secure && !profsect_is_computed(tag)) {
            hr = prop_tag_list_add(out, tag);
        }
    }
    return hr;
}

static HRESULT set_one(void *context, const SPropValue *value)
{
    struct view *view = context;
    if (profsect_is_computed(value->ulPropTag)) {
        return MAPI_E_COMPUTED;
    }
    if (PROP_ID(value->ulPropTag) >= PROP_ID_NAMED_MIN) {
        return MAPI_E_NO_SUPPORT; /* there are no named properties in a profile */
    }
    return prop_bag_set(view->props, value);
}

static HRESULT remove_one(void *context, ULONG tag)
{
    struct view *view = context;
    if (profsect_is_computed(tag)) {
        return MAPI_E_COMPUTED;
    }
    return prop_bag_remove(view->props, tag) ? S_OK : MAPI_E_NOT_FOUND;
}

static const struct prop_source source = {get_one, list_all, set_one, remove_one};

static HRESULT STDMETHODCALLTYPE get_last_error(IProfSect *This, HRESULT result, ULONG flags, LPMAPIERROR *out)
{
    struct profsect *self = of(This);
    HRESULT hr = profsect_enter(self);
    if (hr != S_OK) {
        return hr;
    }
    pthread_mutex_lock(&self->error_lock);
    hr = last_error_get(&self->error, result, flags, out);
    pthread_mutex_unlock(&self->error_lock);
    if (!self->life_is_callers) {
        lifeline_leave(self->life);
    }
    return hr;
}

/* Everything was saved when it was set. */
static HRESULT STDMETHODCALLTYPE save_changes(IProfSect *This, ULONG flags)
{
    const ULONG known = KEEP_OPEN_READONLY | KEEP_OPEN_READWRITE | FORCE_SAVE | MAPI_DEFERRED_ERRORS |
                        SPAMFILTER_ONSAVE | NON_EMS_XP_SAVE;
    HRESULT hr = profsect_enter(of(This));
    if (hr != S_OK) {
        return hr;
    }
    if (flags & ~known) {
        hr = fail(MAPI_E_UNKNOWN_FLAGS, "SaveChanges does not know the flags 0x%08x.", (unsigned)(flags & ~known));
    }
    return profsect_leave(of(This), hr);
}

static HRESULT STDMETHODCALLTYPE get_props(IProfSect *This, LPSPropTagArray tags, ULONG flags, ULONG *count,
                                           LPSPropValue *values)
{
    struct profsect *self = of(This);
    struct section section = {0};
    if (count) {
        *count = 0;
    }
    if (values) {
        *values = NULL;
    }
    HRESULT hr = profsect_enter(self);
    if (hr != S_OK) {
        return hr;
    }
    if (count && values) {
        hr = profsect_load(self, &section);
    }
    if (hr == S_OK) {
        struct view view = {self, &section.props};
        hr = prop_object_get_props(&source, &view, tags, flags, count, values);
    }
    section_clear(&section);
    return profsect_leave(self, hr);
}

static HRESULT STDMETHODCALLTYPE get_prop_list(IProfSect *This, ULONG flags, LPSPropTagArray *tags)
{
    struct profsect *self = of(This);
    struct section section = {0};
    if (tags) {
        *tags = NULL;
    }
    HRESULT hr = profsect_enter(self);
    if (hr != S_OK) {
        return hr;
    }
    if (tags) {
        hr = profsect_load(self, &section);
    }
    if (hr == S_OK) {
        struct view view = {self, &section.props};
        hr = prop_object_get_prop_list(&source, &view, flags, tags);
    }
    section_clear(&section);
    return profsect_leave(self, hr);
}

static HRESULT STDMETHODCALLTYPE open_property(IProfSect *This, ULONG tag, LPCIID iid, ULONG options, ULONG flags,
                                               LPUNKNOWN *out)
{
    if (out) {
        *out = NULL;
    }
    HRESULT hr = profsect_enter(of(This));
    if (hr != S_OK) {
        return hr;
    }
    return profsect_leave(of(This), profsect_open_property(of(This), tag, iid, options, flags, out));
}

/* SetProps and DeleteProps: what was asked for, and its outcome. */
struct edit {
    struct profsect *self;
    ULONG count;
    const SPropValue *values;  /* SetProps */
    const SPropTagArray *tags; /* DeleteProps */
    SPropProblemArray **problems;
};

static HRESULT apply_edit(void *context, struct prop_bag *props)
{
    struct edit *edit = context;
    struct view view = {edit->self, props};
    return edit->tags ? prop_object_delete_props(&source, &view, edit->tags, edit->problems)
                      : prop_object_set_props(&source, &view, edit->count, edit->values, edit->problems);
}

static HRESULT run_edit(struct profsect *self, struct edit *edit)
{
    if (edit->problems) {
        *edit->problems = NULL;
    }
    if (!self->writable) {
        return fail(MAPI_E_NO_ACCESS,
                    "The profile section was opened for reading; open it with MAPI_MODIFY to change it.");
    }
    HRESULT hr = profsect_change(self, apply_edit, edit);
    if (FAILED(hr) && edit->problems && *edit->problems) {
        MAPIFreeBuffer(*edit->problems); /* it was written down and then not saved */
        *edit->problems = NULL;
    }
    return hr;
}

static HRESULT STDMETHODCALLTYPE set_props(IProfSect *This, ULONG count, LPSPropValue values,
                                           LPSPropProblemArray *problems)
{
    struct edit edit = {.self = of(This), .count = count, .values = values, .problems = problems};
    HRESULT hr = profsect_enter(of(This));
    return hr == S_OK ? profsect_leave(of(This), run_edit(of(This), &edit)) : hr;
}

static HRESULT STDMETHODCALLTYPE delete_props(IProfSect *This, LPSPropTagArray tags, LPSPropProblemArray *problems)
{
    struct edit edit = {.self = of(This), .tags = tags, .problems = problems};
    HRESULT hr = profsect_enter(of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = tags ? run_edit(of(This), &edit) : fail(MAPI_E_INVALID_PARAMETER, "DeleteProps needs a list of properties.");
    return profsect_leave(of(This), hr);
}

static const GUID *const copied_iids[] = {&IID_IProfSect, &IID_IMAPIProp, NULL};
static const struct prop_copy_rules copy_rules = {.iids = copied_iids};

static HRESULT STDMETHODCALLTYPE copy_to(IProfSect *This, ULONG excluded_count, LPCIID excluded_iids,
                                         LPSPropTagArray excluded_tags, ULONG_PTR ui, LPMAPIPROGRESS progress,
                                         LPCIID iid, LPVOID destination, ULONG flags, LPSPropProblemArray *problems)
{
    (void)ui;
    (void)progress;
    HRESULT hr = profsect_enter(of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = prop_object_copy_to((IMAPIProp *)(void *)This, &copy_rules, excluded_count, excluded_iids, excluded_tags, iid,
                             destination, flags, problems);
    return profsect_leave(of(This), hr);
}

static HRESULT STDMETHODCALLTYPE copy_props(IProfSect *This, LPSPropTagArray tags, ULONG_PTR ui,
                                            LPMAPIPROGRESS progress, LPCIID iid, LPVOID destination, ULONG flags,
                                            LPSPropProblemArray *problems)
{
    (void)ui;
    (void)progress;
    HRESULT hr = profsect_enter(of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = prop_object_copy_props((IMAPIProp *)(void *)This, &copy_rules, tags, iid, destination, flags, problems);
    return profsect_leave(of(This), hr);
}

static HRESULT no_names(IProfSect *This)
{
    HRESULT hr = profsect_enter(of(This));
    if (hr != S_OK) {
        return hr;
    }
    return profsect_leave(of(This), fail(MAPI_E_NO_SUPPORT, "Profile sections have no named properties."));
}

static HRESULT STDMETHODCALLTYPE get_names(IProfSect *This, LPSPropTagArray *tags, LPGUID set, ULONG flags,
                                           ULONG *count, LPMAPINAMEID **names)
{
    (void)tags;
    (void)set;
    (void)flags;
    if (count) {
        *count = 0;
    }
    if (names) {
        *names = NULL;
    }
    return no_names(This);
}

static HRESULT STDMETHODCALLTYPE get_ids(IProfSect *This, ULONG count, LPMAPINAMEID *names, ULONG flags,
                                         LPSPropTagArray *tags)
{
    (void)count;
    (void)names;
    (void)flags;
    if (tags) {
        *tags = NULL;
    }
    return no_names(This);
}

const IProfSectVtbl profsect_vtbl = {
    profsect_query_interface,
    profsect_addref,
    profsect_release,
    get_last_error,
    save_changes,
    get_props,
    get_prop_list,
    open_property,
    set_props,
    delete_props,
    copy_to,
    copy_props,
    get_names,
    get_ids,
};
