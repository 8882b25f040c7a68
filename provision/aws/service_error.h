/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error answers of AWS's Query services (EC2's shape and ELB's), and what a person can do about
 * the codes that are known.
 */
#ifndef PROVISION_SERVICE_ERROR_H
#define PROVISION_SERVICE_ERROR_H

#include <stddef.h>

#include "provision/aws/failure.h"

/*
 * Reads an answer whose HTTP status is not 200: sets failure to FAILURE_SERVICE with code, message,
 * request id, status and remedy. A body that is no error document leaves code "" and says so.
 * request_id: from the answer's headers, used where the document has none; "" for none.
 */
void service_error_decode(const char *body, size_t length, int status, const char *request_id,
			  struct failure *failure);

#endif
