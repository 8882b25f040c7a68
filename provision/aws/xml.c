/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/xml.h"

#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

#include "provision/aws/wipe.h"

/* The handles that callers see are libxml2's own nodes; only this file knows. */
static xmlNode *node_of(const struct xml_element *element)
{
	return (xmlNode *)element;
}

static const struct xml_element *element_of(const xmlNode *node)
{
	return (const struct xml_element *)node;
}

/* Parsing. The limits hold while the tree is built, not after it. */

struct limits {
	int elements;
	int rc;
};

static void refuse(xmlParserCtxt *parser, int rc)
{
	struct limits *limits = parser->_private;

	if (!limits->rc)
		limits->rc = rc;
	xmlStopParser(parser);
}

static void refuse_dtd(void *context, const xmlChar *name, const xmlChar *external,
		       const xmlChar *system)
{
	refuse(context, -EBADMSG);
}

static void refuse_reference(void *context, const xmlChar *name)
{
	refuse(context, -EBADMSG);
}

static void start_element(void *context, const xmlChar *name, const xmlChar *prefix,
			  const xmlChar *uri, int namespaces, const xmlChar **namespace_list,
			  int attributes, int defaulted, const xmlChar **attribute_list)
{
	xmlParserCtxt *parser = context;
	struct limits *limits = parser->_private;

	limits->elements += 1 + namespaces + attributes;
	if (parser->nodeNr >= XML_MAX_DEPTH || limits->elements > XML_MAX_ELEMENTS) {
		refuse(parser, -EMSGSIZE);
		return;
	}
	xmlSAX2StartElementNs(context, name, prefix, uri, namespaces, namespace_list, attributes,
			      defaulted, attribute_list);
}

/* Comments and processing instructions are dropped, so that a text is always one node. */
static void set_handlers(xmlSAXHandler *handlers)
{
	handlers->internalSubset = refuse_dtd;
	handlers->reference = refuse_reference;
	handlers->startElementNs = start_element;
	handlers->comment = NULL;
	handlers->processingInstruction = NULL;
}

/* Bytes in a wrong encoding are complained of on stderr, whatever the options. */
static void say_nothing(void *context, const char *format, ...)
{
}

int xml_parse(const char *data, size_t length, struct xml_document **document)
{
	const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
			    XML_PARSE_NOCDATA | XML_PARSE_NOBLANKS;
	struct limits limits = {0};
	xmlParserCtxt *parser;
	xmlDoc *tree;
	int rc = 0;

	if (length > XML_MAX_BYTES)
		return -EMSGSIZE;
	xmlSetGenericErrorFunc(NULL, say_nothing);
	/* STS answers with keys. Whatever was allocated before is malloc()'s, too. */
	xmlMemSetup(wipe_free, malloc, wipe_realloc, strdup);
	parser = xmlNewParserCtxt();
	if (!parser)
		return -ENOMEM;
	set_handlers(parser->sax);
	parser->_private = &limits;
	tree = xmlCtxtReadMemory(parser, length ? data : "", (int)length, NULL, NULL, options);
	if (limits.rc)
		rc = limits.rc;
	else if (parser->errNo == XML_ERR_NO_MEMORY)
		rc = -ENOMEM;
	else if (!tree || !xmlDocGetRootElement(tree))
		rc = -EBADMSG;
	xmlFreeParserCtxt(parser);
	if (rc) {
		xmlFreeDoc(tree);
		return rc;
	}
	*document = (struct xml_document *)tree;
	return 0;
}

void xml_free(struct xml_document *document)
{
	xmlFreeDoc((xmlDoc *)document);
}

/* The walk. */

const struct xml_element *xml_root(const struct xml_document *document)
{
	return element_of(xmlDocGetRootElement((const xmlDoc *)document));
}

bool xml_is(const struct xml_element *element, const char *name)
{
	const xmlNode *node = node_of(element);

	return node && node->type == XML_ELEMENT_NODE &&
	       strcmp((const char *)node->name, name) == 0;
}

static const struct xml_element *find_from(const xmlNode *node, const char *name)
{
	while (node && !xml_is(element_of(node), name))
		node = node->next;
	return element_of(node);
}

const struct xml_element *xml_child(const struct xml_element *parent, const char *name)
{
	return parent ? find_from(node_of(parent)->children, name) : NULL;
}

const struct xml_element *xml_next(const struct xml_element *element)
{
	const xmlNode *node = node_of(element);

	return find_from(node->next, (const char *)node->name);
}

const char *xml_content(const struct xml_element *element)
{
	const xmlNode *text = node_of(element)->children;

	if (!text || text->type != XML_TEXT_NODE || !text->content)
		return "";
	return (const char *)text->content;
}

const char *xml_text(const struct xml_element *parent, const char *name)
{
	const struct xml_element *child = xml_child(parent, name);

	return child ? xml_content(child) : NULL;
}

int xml_number(const struct xml_element *parent, const char *name, uint32_t max, uint32_t *number)
{
	const char *text = xml_text(parent, name);
	uint64_t value = 0;

	if (!text || !*text)
		return -ENOENT;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EBADMSG;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > max)
			return -EBADMSG;
	}
	*number = (uint32_t)value;
	return 0;
}
