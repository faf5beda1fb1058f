/* calls_policy.h: does an IAM policy give administrator rights? For calls.c. */
#ifndef TRAIL_CALLS_POLICY_H
#define TRAIL_CALLS_POLICY_H

#include <stdbool.h>

/* The ARN of one of AWS's own policies with which its holder can give itself every right. */
bool policy_name_is_admin(const char *arn);

/* A policy document as JSON text ("" for none): a statement that allows every action, or every IAM
 * action, on everything. Text that is no policy gives false. */
bool policy_document_is_admin(const char *text);

#endif
