/*
 * mime/import_report.h - what a delivery or read report says, as properties of the message [ipm-report classes].
 */
#ifndef MIME_IMPORT_REPORT_H
#define MIME_IMPORT_REPORT_H

#include "mime/import.h"

/* The message class of a multipart/report: REPORT.IPM.Note.NDR, .DR, .IPNRN or .IPNNRN, or IPM.Note. What the report says
 * of each recipient goes to PR_REPORT_TEXT, a line each; the codes of the first that failed, and what it tells of the
 * original message, have properties of their own. */
const char *mime_import_report(struct mime_import *import, GMimeObject *report, struct mime_draft *draft);

#endif
