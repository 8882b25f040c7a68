/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing test vectors in the layout of aws-c-auth's suite for Signature Version 4: a folder for
 * each case, with request.txt (HTTP), context.json, header-canonical-request.txt,
 * header-string-to-sign.txt and header-signature.txt.
 */
#ifndef TESTS_SIGV4_VECTORS_H
#define TESTS_SIGV4_VECTORS_H

/* Checks every case below the directory, stage by stage; fails the test on the first difference,
 * and where there is no case. */
void sigv4_vectors_check(const char *directory);

#endif
