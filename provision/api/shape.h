/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How AWS's names map: one table per structure says what each member is called in the API (and so
 * in AWS CLI's JSON), in a request's body and in an answer's XML, what kind it is and what values
 * it takes. Values are JSON documents in AWS CLI's form; there is no C struct per request.
 *
 * The tables hold what is sent exactly, what is answered as far as it is used: elements that a
 * table does not have are skipped.
 */
#ifndef PROVISION_SHAPE_H
#define PROVISION_SHAPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provision/aws/failure.h"
#include "provision/aws/query.h"
#include "provision/aws/xml.h"

enum {
	SHAPE_TOKEN_LENGTH = 64,
};

enum shape_kind {
	SHAPE_TEXT, /* times too, as AWS writes them */
	SHAPE_NUMBER,
	SHAPE_FLAG,
	SHAPE_STRUCTURE,
	SHAPE_TEXTS,      /* a list of texts */
	SHAPE_STRUCTURES, /* a list of structures */
};

/* The two dialects of AWS's Query protocol. */
enum shape_dialect {
	SHAPE_EC2,   /* lists Name.N and <item>, elements in lower camel case */
	SHAPE_QUERY, /* lists Name.member.N and <member>, elements named as members are */
};

struct shape;

/* All static. What is zero says nothing. */
struct shape_member {
	const char *name; /* "PacketLength": in the API, in JSON */
	enum shape_kind kind;
	const struct shape *shape; /* of SHAPE_STRUCTURE and SHAPE_STRUCTURES */
	const char *query;         /* in a request, where not the name: "TagSpecification" */
	const char *element;       /* in an answer, where not as the dialect has it: "tagSet" */
	/* Requests: must be given. Answers: one without it, or with an empty text, is bad. */
	bool required;
	/* For shape_check(), of a value or of each in a list. */
	int64_t min, max;          /* of a number; both 0: any */
	const char *prefix;        /* of an id: "eni-" */
	const char *const *values; /* that are allowed; NULL-terminated */
	/* NULL where the text is good, else what it should be: "give a CIDR block". */
	const char *(*check)(const char *text);
	/* For people: the placeholder of a value and half a line about it. */
	const char *argument;
	const char *help;
};

struct shape {
	const struct shape_member *members;
	size_t count;
	/* Members of which exactly one must be given; NULL-terminated; NULL for none. */
	const char *const *one_of;
	/* What must hold between members: NULL where it does, else what is wrong and what to do. */
	const char *(*check)(const json_t *value);
};

/* struct shape's first two fields for an array of members. */
#define SHAPE_MEMBERS(array) .members = (array), .count = sizeof(array) / sizeof((array)[0])

/* What shape_examine() found wrong. */
struct shape_problem {
	const struct shape_member *member; /* of the whole, in which it lies; NULL: several */
	char path[128];                    /* "Filters[1].Name"; "" where it is the whole */
	char value[96];                    /* the bad one, cut; "" where there is none */
	char what[192];                    /* what is wrong with it */
	char remedy[192];                  /* what to do, else "" */
	bool missing;                      /* it is not there */
};

/* The member of that name, or NULL. shape may be NULL: it has none. */
const struct shape_member *shape_find(const struct shape *shape, const char *name);

/* Reads digits, perhaps after a '-': no other sign, blanks or base. False where it is none. */
bool shape_number(const char *text, int64_t *number);

/*
 * Adds the value's members to a request, in the table's order. The value was checked before
 * (shape_check()); members that the shape does not have, or of another kind, are left out. null is
 * as good as absent. query->body.failed is set where memory runs out.
 */
void shape_encode(const struct shape *shape, enum shape_dialect dialect, const json_t *value,
		  struct query *query);

/*
 * Reads a structure from an answer's element.
 * value: owned by the caller, json_decref(); set only on 0.
 * Returns 0, -EBADMSG (a required member is missing, a number or flag is none), -ENOMEM.
 */
int shape_decode(const struct shape *shape, enum shape_dialect dialect,
		 const struct xml_element *element, json_t **value);

/*
 * Checks a request's value: kinds, required members, ranges, ids, allowed values, members that the
 * shape does not have.
 * Returns 0, or -EINVAL with FAILURE_USAGE: "PacketLength '0': …", with a remedy.
 */
int shape_check(const struct shape *shape, const json_t *value, struct failure *failure);

/* As shape_check(), for callers that have other names for the members. True where all is well. */
bool shape_examine(const struct shape *shape, const json_t *value, struct shape_problem *problem);

/* Checks one text as an element of the member. True where it is good; problem->path is "". */
bool shape_examine_text(const struct shape_member *member, const char *text,
			struct shape_problem *problem);

#endif
