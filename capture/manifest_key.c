/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/manifest_key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 16384 };

struct manifest_key {
	EVP_PKEY *pair;
	uint8_t public[MANIFEST_KEY_BYTES];
};

static int fail(char *error, int rc, const char *text)
{
	snprintf(error, MANIFEST_KEY_ERROR_BYTES, "%s", text);
	return rc;
}

/* A key that a passphrase protects is refused: nobody is there to ask. */
static int no_passphrase(char *text, int bytes, int writing, void *context)
{
	return -1;
}

static int check_private(const struct stat *st, char *error)
{
	if (st->st_mode & (S_IRWXO | S_IWGRP | S_IXGRP))
		return fail(error, -EACCES,
			    "others may read or write this private key: chmod 600 it (640 where "
			    "a group has to read it), and make a new one where others may have");
	return 0;
}

/* Reads the file, of which it tells the length, into text. Returns 0 or -errno. */
static int read_file(int fd, bool private, char *text, size_t *length, char *error)
{
	struct stat st;
	ssize_t got;
	int err;

	if (fstat(fd, &st) < 0)
		return fail(error, -errno, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(error, -EINVAL, "is not a regular file: give a key's PEM file");
	err = private ? check_private(&st, error) : 0;
	if (err)
		return err;
	got = read(fd, text, FILE_BYTES_MAX);
	if (got < 0)
		return fail(error, -errno, strerror(errno));
	if (got == 0 || got == FILE_BYTES_MAX)
		return fail(error, -EINVAL,
			    "is no key: make one with openssl genpkey "
			    "-algorithm ed25519");
	*length = (size_t)got;
	return 0;
}

/* The stream has no buffer: none that could not be wiped. */
static EVP_PKEY *parse(char *text, size_t length, bool private)
{
	FILE *stream = fmemopen(text, length, "r");
	EVP_PKEY *key = NULL;

	if (!stream)
		return NULL;
	setvbuf(stream, NULL, _IONBF, 0);
	if (private)
		key = PEM_read_PrivateKey(stream, NULL, no_passphrase, NULL);
	else
		key = PEM_read_PUBKEY(stream, NULL, no_passphrase, NULL);
	fclose(stream);
	return key;
}

/* Fills in the public half. Returns 0 or -EINVAL. */
static int check_kind(EVP_PKEY *key, uint8_t public[MANIFEST_KEY_BYTES], bool private, char *error)
{
	size_t length = MANIFEST_KEY_BYTES;

	if (!key && private)
		return fail(error, -EINVAL,
			    "is no private key in PEM without a passphrase: make one with "
			    "openssl genpkey -algorithm ed25519");
	if (!key)
		return fail(error, -EINVAL,
			    "is no public key in PEM: make it with openssl pkey -in KEY -pubout");
	if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ||
	    !EVP_PKEY_get_raw_public_key(key, public, &length) || length != MANIFEST_KEY_BYTES)
		return fail(error, -EINVAL,
			    "is a key of another kind: an Ed25519 key is needed (openssl genpkey "
			    "-algorithm ed25519)");
	return 0;
}

/* Returns 0 or -errno. *key: the caller's, NULL on failure. */
static int load(const char *path, bool private, EVP_PKEY **key, uint8_t public[MANIFEST_KEY_BYTES],
		char *error)
{
	char text[FILE_BYTES_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t length = 0;
	int err;

	*key = NULL;
	if (fd < 0)
		return fail(error, -errno, strerror(errno));
	err = read_file(fd, private, text, &length, error);
	close(fd);
	if (!err) {
		*key = parse(text, length, private);
		err = check_kind(*key, public, private, error);
	}
	OPENSSL_cleanse(text, sizeof(text));
	if (err) {
		EVP_PKEY_free(*key);
		*key = NULL;
	}
	return err;
}

int manifest_key_read(struct manifest_key **key, const char *path, char *error)
{
	struct manifest_key *read = calloc(1, sizeof(*read));
	int err;

	if (!read)
		return fail(error, -ENOMEM, "out of memory");
	err = load(path, true, &read->pair, read->public, error);
	if (err) {
		manifest_key_free(read);
		return err;
	}
	*key = read;
	return 0;
}

/* EVP_PKEY_free() wipes what it frees. */
void manifest_key_free(struct manifest_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pair);
	free(key);
}

const uint8_t *manifest_key_public(const struct manifest_key *key)
{
	return key->public;
}

int manifest_key_sign(const struct manifest_key *key, const void *data, size_t bytes,
		      uint8_t signature[MANIFEST_SIGNATURE_BYTES])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t length = MANIFEST_SIGNATURE_BYTES;
	bool done = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) == 1 &&
		    EVP_DigestSign(context, signature, &length, data, bytes) == 1 &&
		    length == MANIFEST_SIGNATURE_BYTES;

	EVP_MD_CTX_free(context);
	return done ? 0 : -EIO;
}

int manifest_key_read_public(uint8_t public[MANIFEST_KEY_BYTES], const char *path, char *error)
{
	EVP_PKEY *key;
	int err = load(path, false, &key, public, error);

	EVP_PKEY_free(key);
	return err;
}

bool manifest_key_verify(const uint8_t public[MANIFEST_KEY_BYTES], const void *data, size_t bytes,
			 const uint8_t signature[MANIFEST_SIGNATURE_BYTES])
{
	EVP_PKEY *key =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, MANIFEST_KEY_BYTES);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool holds =
		key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(context, signature, MANIFEST_SIGNATURE_BYTES, data, bytes) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return holds;
}
