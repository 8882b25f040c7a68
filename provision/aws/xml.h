/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A read-only walk over an XML document that a peer sent. No network, no DTD, no entities but the
 * five that XML has; size, depth and number of elements are limited. Namespaces are ignored, as
 * AWS's change with the API's version.
 */
#ifndef PROVISION_XML_H
#define PROVISION_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	XML_MAX_BYTES = 32 << 20,
	XML_MAX_DEPTH = 16,         /* EC2's deepest answer of ours has 6 */
	XML_MAX_ELEMENTS = 1000000, /* attributes and namespaces count too */
};

struct xml_document;
struct xml_element;

/*
 * Parses a whole document. document: owned by the caller, xml_free(); set only on 0.
 * Returns 0 or -EBADMSG (not well-formed, cut short, or it has a DTD), -EMSGSIZE (above a limit),
 * -ENOMEM.
 */
int xml_parse(const char *data, size_t length, struct xml_document **document);

void xml_free(struct xml_document *document);

/* Elements and texts are borrowed from the document. */

const struct xml_element *xml_root(const struct xml_document *document);

bool xml_is(const struct xml_element *element, const char *name);

/* The first child of that name, or NULL. parent may be NULL, so that lookups can be chained. */
const struct xml_element *xml_child(const struct xml_element *parent, const char *name);

/* The next sibling of the same name, or NULL. */
const struct xml_element *xml_next(const struct xml_element *element);

/* The text of the first child of that name: NULL without such a child, "" where it is empty. */
const char *xml_text(const struct xml_element *parent, const char *name);

/* The element's own text, "" where it is empty or has children. element may not be NULL. */
const char *xml_content(const struct xml_element *element);

/*
 * Reads the child's text as a decimal number up to max.
 * Returns 0, -ENOENT without such a child or text, -EBADMSG where it is not such a number.
 */
int xml_number(const struct xml_element *parent, const char *name, uint32_t max, uint32_t *number);

#endif
