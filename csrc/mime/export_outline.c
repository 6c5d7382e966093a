#include "mime/export.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mime/header.h"
#include "mime/text.h"

void mime_export_parameters(struct mime_export *export, const char *kept, const char *without, const char *nor)
{
    GMimeContentType *parsed = kept == NULL ? NULL : g_mime_content_type_parse(export->options, kept);
    GMimeParamList *list = parsed == NULL ? NULL : g_mime_content_type_get_parameters(parsed);

    for (int i = 0; list != NULL && i < g_mime_param_list_length(list); i++) {
        GMimeParam *parameter = g_mime_param_list_get_parameter_at(list, i);
        const char *name = g_mime_param_get_name(parameter), *value = g_mime_param_get_value(parameter);

        if (value == NULL || strcasecmp(name, "boundary") == 0 || (without != NULL && strcasecmp(name, without) == 0) ||
            (nor != NULL && strcasecmp(name, nor) == 0))
            continue;
        if (*name != '\0' && strpbrk(name, " \t\r\n;,()<>@:\\\"[]?=/*%'") == NULL &&
            mime_text_is_ascii(name, strlen(name)))
            mime_output_parameter(export->out, name, value);
    }
    if (parsed != NULL)
        g_object_unref(parsed);
}

/* Whoever can write to the store can write the outline: a name must be one, and must not add to the message's header. */
static bool is_field_name(const char *name, bool outermost)
{
    if (*name == '\0' || (outermost && strncasecmp(name, "Content-", 8) != 0))
        return false;
    for (; *name != '\0'; name++)
        if (*name <= ' ' || *name >= 0x7F)
            return false;
    return true;
}

void mime_export_fields(struct mime_export *export, const struct mime_outline_node *node)
{
    for (size_t i = 0; node != NULL && i < node->field_count; i++) {
        const char *colon = strchr(node->fields[i], ':');
        char *name =
            colon == NULL ? NULL : mime_arena_text(&export->arena, node->fields[i], (size_t)(colon - node->fields[i]));

        if (name == NULL || strcasecmp(name, "Content-Type") == 0 ||
            strcasecmp(name, "Content-Transfer-Encoding") == 0 || !is_field_name(name, node->outermost))
            continue;
        if (!mime_output_verbatim(export->out, name, colon + 1))
            mime_output_field(export->out, name, mime_header_text(export->options, &export->arena, colon + 1));
    }
}

/* A multipart's kept type, with a new boundary. */
struct kept_type {
    struct mime_export *export;
    const char *field;
};

static void put_kept_parameters(struct mime_output *out, const void *context)
{
    const struct kept_type *kept = context;

    (void)out;
    mime_export_parameters(kept->export, kept->field, NULL, NULL);
}

static HRESULT put_node(struct mime_export *export, const struct mime_outline_node *node, bool outermost);

static HRESULT put_multipart(struct mime_export *export, const struct mime_outline_node *node)
{
    const char *field = mime_outline_get(node, "Content-Type");
    GMimeContentType *parsed = g_mime_content_type_parse(export->options, field == NULL ? "multipart/mixed" : field);
    const char *subtype = g_mime_content_type_get_media_subtype(parsed);
    bool usable = subtype != NULL && *subtype != '\0' && strlen(subtype) < 64 &&
                  strpbrk(subtype, " \t\r\n;,()<>@:\\\"[]?=/") == NULL && mime_text_is_ascii(subtype, strlen(subtype));
    struct kept_type kept = {export, field};
    char boundary[MIME_BOUNDARY_ROOM];
    HRESULT hr = S_OK;

    mime_export_begin_multipart(export, usable ? subtype : "mixed", put_kept_parameters, &kept, boundary);
    g_object_unref(parsed);
    mime_export_fields(export, node);
    mime_output_text(export->out, "\r\n");
    if (node->before != NULL)
        mime_output_lines(export->out, node->before, strlen(node->before));
    for (const struct mime_outline_node *child = node->children; child != NULL && SUCCEEDED(hr); child = child->next) {
        mime_export_boundary(export, boundary, false);
        hr = put_node(export, child, false);
    }
    mime_export_boundary(export, boundary, true);
    if (node->behind != NULL)
        mime_output_lines(export->out, node->behind, strlen(node->behind));
    return hr;
}

static HRESULT put_node(struct mime_export *export, const struct mime_outline_node *node, bool outermost)
{
    switch (node->what) {
    case '(':
        return put_multipart(export, node);
    case 'a':
        return mime_export_attachment(export, &export->attached[node->number], node);
    default:
        return mime_export_text_part(export, node->what == 'h' ? "html" : "plain", node, outermost);
    }
}

/* Each attachment once, in numbers as the importer's message gave them. */
static bool marks_all(const struct mime_outline_node *node, const struct mime_export *export, bool *marks)
{
    for (; node != NULL; node = node->next) {
        if (!marks_all(node->children, export, marks))
            return false;
        if (node->what != 'a')
            continue;
        if (node->number >= export->attached_count || marks[node->number] ||
            export->attached[node->number].number != export->attached[0].number + node->number)
            return false;
        marks[node->number] = true;
    }
    return true;
}

static bool fits(struct mime_export *export, const struct mime_outline_node *root)
{
    bool *marks = mime_arena_alloc(&export->arena, export->attached_count * sizeof *marks);

    return marks != NULL && mime_outline_count(root, 'a') == export->attached_count &&
           mime_outline_count(root, 't') == (export->bodies.text != NULL) &&
           mime_outline_count(root, 'h') == (export->bodies.html != NULL) && marks_all(root, export, marks);
}

HRESULT
mime_export_outline(struct mime_export *export)
{
    struct mime_outline_node *root;
    size_t size;
    char *text;
    HRESULT hr = mime_export_kept(export, (LPCWSTR)u"outline", &text, &size);

    if (hr != S_OK)
        return hr;
    root = mime_outline_read(&export->arena, text, size);
    free(text);
    if (export->arena.failed)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    if (root != NULL)
        root->outermost = true;
    return root != NULL && fits(export, root) ? put_node(export, root, true) : S_FALSE;
}
