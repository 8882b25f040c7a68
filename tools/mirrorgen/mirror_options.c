/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mirrorgen/mirror_options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum option_id {
	OPTION_READ = 256,
	OPTION_INTERFACE,
	OPTION_SYNTHETIC,
	OPTION_WRITE,
	OPTION_VNI,
	OPTION_PACKET_LENGTH,
	OPTION_SOURCE_IP,
	OPTION_TARGET_IP,
	OPTION_SOURCE_MAC,
	OPTION_TARGET_MAC,
	OPTION_GENEVE,
	OPTION_GENEVE_OPTIONS,
	OPTION_GATEWAY_IP,
	OPTION_SIZE,
	OPTION_MIX,
	OPTION_FLOWS,
	OPTION_SOURCES,
	OPTION_COUNT,
	OPTION_RATE,
	OPTION_LOOP,
	OPTION_HOLD,
	OPTION_HELP,
	OPTION_END,
};

static const struct option long_options[] = {
	{"read", required_argument, NULL, OPTION_READ},
	{"interface", required_argument, NULL, OPTION_INTERFACE},
	{"synthetic", no_argument, NULL, OPTION_SYNTHETIC},
	{"write", required_argument, NULL, OPTION_WRITE},
	{"vni", required_argument, NULL, OPTION_VNI},
	{"packet-length", required_argument, NULL, OPTION_PACKET_LENGTH},
	{"source-ip", required_argument, NULL, OPTION_SOURCE_IP},
	{"target-ip", required_argument, NULL, OPTION_TARGET_IP},
	{"source-mac", required_argument, NULL, OPTION_SOURCE_MAC},
	{"target-mac", required_argument, NULL, OPTION_TARGET_MAC},
	{"geneve", no_argument, NULL, OPTION_GENEVE},
	{"geneve-options", no_argument, NULL, OPTION_GENEVE_OPTIONS},
	{"gateway-ip", required_argument, NULL, OPTION_GATEWAY_IP},
	{"size", required_argument, NULL, OPTION_SIZE},
	{"mix", no_argument, NULL, OPTION_MIX},
	{"flows", required_argument, NULL, OPTION_FLOWS},
	{"sources", required_argument, NULL, OPTION_SOURCES},
	{"count", required_argument, NULL, OPTION_COUNT},
	{"rate", required_argument, NULL, OPTION_RATE},
	{"loop", required_argument, NULL, OPTION_LOOP},
	{"hold", no_argument, NULL, OPTION_HOLD},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

/* What was given, so that combinations can be judged once all is read. */
struct parse {
	struct mirror_options *options;
	bool given[OPTION_END];
	char *error;
};

static int fail(const struct parse *parse, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(const struct parse *parse, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(parse->error, MIRROR_OPTIONS_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static const char *option_name(int id)
{
	return long_options[id - OPTION_READ].name;
}

static int read_number(const struct parse *parse, int id, const char *text, uint64_t low,
		       uint64_t high, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || *value < low || *value > high)
		return fail(parse, "--%s %s: not a number from %llu to %llu: give one",
			    option_name(id), text, (unsigned long long)low,
			    (unsigned long long)high);
	return 0;
}

static int read_address(const struct parse *parse, int id, const char *text,
			struct in6_addr *address)
{
	struct in_addr ipv4;

	if (inet_pton(AF_INET, text, &ipv4) == 1) {
		memset(address, 0, sizeof(*address));
		address->s6_addr[10] = 0xff;
		address->s6_addr[11] = 0xff;
		memcpy(&address->s6_addr[12], &ipv4, sizeof(ipv4));
		return 0;
	}
	if (inet_pton(AF_INET6, text, address) == 1 && !IN6_IS_ADDR_V4MAPPED(address))
		return 0;
	return fail(parse, "--%s %s: not an IP address: give one such as 10.0.0.5 or fd00::5",
		    option_name(id), text);
}

static int read_mac(const struct parse *parse, int id, const char *text, uint8_t *mac)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	for (int i = 0; i < ETH_ALEN; i++) {
		const char *pair = text + (size_t)i * 3;

		/* Checked before the next pair is looked at: the text may end anywhere. */
		if (strspn(pair, digits) != 2 || pair[2] != (i == ETH_ALEN - 1 ? '\0' : ':'))
			return fail(parse,
				    "--%s %s: not a link-layer address: give one such as "
				    "02:00:00:00:00:01",
				    option_name(id), text);
		mac[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return 0;
}

static int read_size(const struct parse *parse, const char *text, uint32_t *size)
{
	uint64_t value;
	int rc;

	if (!strcmp(text, "imix")) {
		*size = SYNTHETIC_SIZE_IMIX;
		return 0;
	}
	rc = read_number(parse, OPTION_SIZE, text, SYNTHETIC_MIN_SIZE, SYNTHETIC_MAX_SIZE, &value);
	*size = (uint32_t)value;
	return rc;
}

static int set_input(const struct parse *parse, enum mirror_input input, const char *name)
{
	struct mirror_options *options = parse->options;

	if (options->input != MIRROR_INPUT_NONE)
		return fail(parse, "--read, --interface, --synthetic: more than one input given: "
				   "give one");
	options->input = input;
	options->input_name = name;
	return 0;
}

static int set_output(const struct parse *parse, const char *name)
{
	static const char suffix[] = ".pcap";
	size_t length = strlen(name);

	parse->options->output_name = name;
	parse->options->output_is_file =
		length >= strlen(suffix) && !strcmp(name + length - strlen(suffix), suffix);
	if (!parse->options->output_is_file && strchr(name, '/'))
		return fail(parse,
			    "--write %s: neither an interface nor a file: "
			    "end a file's name in .pcap",
			    name);
	return 0;
}

static int set_number(const struct parse *parse, int id, const char *text)
{
	struct mirror_options *options = parse->options;
	uint64_t value = 0;
	int rc;

	switch (id) {
	case OPTION_VNI:
		rc = read_number(parse, id, text, 0, 0xffffff, &value);
		options->wrap.vni = (uint32_t)value;
		return rc;
	case OPTION_PACKET_LENGTH:
		rc = read_number(parse, id, text, 1, MIRROR_FRAME_MAX_BYTES, &value);
		options->wrap.packet_length = (uint32_t)value;
		return rc;
	case OPTION_FLOWS:
		rc = read_number(parse, id, text, 1, SYNTHETIC_MAX_FLOWS, &value);
		options->mix.flows = (uint32_t)value;
		return rc;
	case OPTION_SOURCES:
		rc = read_number(parse, id, text, 1, SYNTHETIC_MAX_FLOWS, &value);
		options->interfaces = (uint32_t)value;
		return rc;
	case OPTION_COUNT:
		return read_number(parse, id, text, 1, INT64_MAX, &options->count);
	case OPTION_RATE:
		return read_number(parse, id, text, 1, 1000000000, &options->rate);
	default:
		return read_number(parse, id, text, 0, INT64_MAX, &options->loops);
	}
}

static int set_option(const struct parse *parse, int id, const char *text)
{
	struct mirror_options *options = parse->options;

	switch (id) {
	case OPTION_READ:
		return set_input(parse, MIRROR_INPUT_FILE, text);
	case OPTION_INTERFACE:
		return set_input(parse, MIRROR_INPUT_INTERFACE, text);
	case OPTION_SYNTHETIC:
		return set_input(parse, MIRROR_INPUT_SYNTHETIC, NULL);
	case OPTION_WRITE:
		return set_output(parse, text);
	case OPTION_SOURCE_IP:
		return read_address(parse, id, text, &options->wrap.source);
	case OPTION_TARGET_IP:
		return read_address(parse, id, text, &options->wrap.target);
	case OPTION_GATEWAY_IP:
		return read_address(parse, id, text, &options->wrap.gateway);
	case OPTION_SOURCE_MAC:
		options->has_source_mac = true;
		return read_mac(parse, id, text, options->wrap.source_mac);
	case OPTION_TARGET_MAC:
		options->has_target_mac = true;
		return read_mac(parse, id, text, options->wrap.target_mac);
	case OPTION_GENEVE:
		options->wrap.geneve = true;
		return 0;
	case OPTION_GENEVE_OPTIONS:
		options->wrap.geneve_options = true;
		return 0;
	case OPTION_MIX:
		options->mix.mix = true;
		return 0;
	case OPTION_HOLD:
		options->hold = true;
		return 0;
	case OPTION_SIZE:
		return read_size(parse, text, &options->mix.size);
	default:
		return set_number(parse, id, text);
	}
}

static int check_required(const struct parse *parse)
{
	static const int required[] = {OPTION_WRITE, OPTION_VNI, OPTION_SOURCE_IP,
				       OPTION_TARGET_IP};

	if (parse->options->input == MIRROR_INPUT_NONE)
		return fail(parse, "no input: give --read FILE, --interface IFACE or --synthetic");
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		if (!parse->given[required[i]])
			return fail(parse, "--%s: missing: give it (mirrorgen --help)",
				    option_name(required[i]));
	}
	return 0;
}

/* Options that mean nothing without another one are mistakes, not noise. */
static int check_needs(const struct parse *parse)
{
	enum mirror_input input = parse->options->input;
	bool synthetic = input == MIRROR_INPUT_SYNTHETIC;
	const struct {
		int option;
		bool met;
		const char *need;
	} needs[] = {
		{OPTION_SIZE, synthetic, "--synthetic"},
		{OPTION_MIX, synthetic, "--synthetic"},
		{OPTION_FLOWS, synthetic, "--synthetic"},
		{OPTION_SOURCES, synthetic, "--synthetic"},
		{OPTION_LOOP, input == MIRROR_INPUT_FILE, "--read"},
		{OPTION_HOLD, input == MIRROR_INPUT_INTERFACE, "--interface"},
		{OPTION_RATE, input != MIRROR_INPUT_INTERFACE, "--read or --synthetic"},
		{OPTION_GENEVE_OPTIONS, parse->given[OPTION_GENEVE], "--geneve"},
		{OPTION_GATEWAY_IP, parse->given[OPTION_GENEVE], "--geneve"},
	};

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (parse->given[needs[i].option] && !needs[i].met)
			return fail(parse, "--%s: only with %s: leave it out",
				    option_name(needs[i].option), needs[i].need);
	}
	return 0;
}

static int check_sense(const struct parse *parse)
{
	struct mirror_options *options = parse->options;
	bool ipv4 = IN6_IS_ADDR_V4MAPPED(&options->wrap.target);
	bool endless = options->input == MIRROR_INPUT_SYNTHETIC || options->loops == 0;

	if (!parse->given[OPTION_GATEWAY_IP])
		options->wrap.gateway = options->wrap.source;
	if (IN6_IS_ADDR_V4MAPPED(&options->wrap.source) != ipv4 ||
	    IN6_IS_ADDR_V4MAPPED(&options->wrap.gateway) != ipv4)
		return fail(parse, "--source-ip, --target-ip: one is IPv4, the other IPv6: "
				   "give addresses of one family");
	if (options->input == MIRROR_INPUT_SYNTHETIC &&
	    !mirror_frame_keep(&options->wrap, options->mix.size ?: SYNTHETIC_MIN_SIZE))
		return fail(parse,
			    "--size %u: no room for the outer headers: give less, or a "
			    "--packet-length",
			    options->mix.size);
	if (options->output_is_file && endless && !options->count)
		return fail(parse, "--write %s: the file would grow without end: give --count N",
			    options->output_name);
	return 0;
}

/* getopt leaves the letter of a short option, the id of one given a value that it has not. */
static int fail_unknown(const struct parse *parse, const char *argument)
{
	if (optopt >= OPTION_READ)
		return fail(parse, "--%s: takes no value: leave it out", option_name(optopt));
	if (optopt)
		return fail(parse, "-%c: no such option: see mirrorgen --help", optopt);
	return fail(parse, "%s: no such option: see mirrorgen --help", argument);
}

int mirror_options_parse(struct mirror_options *options, int argc, char **argv, char *error)
{
	struct parse parse = {.options = options, .error = error};
	int id, rc;

	*options = (struct mirror_options){
		.wrap.packet_length = MIRROR_OPTIONS_PACKET_LENGTH,
		.mix = {.size = SYNTHETIC_MIN_SIZE, .flows = 128},
		.interfaces = 1,
		.loops = 1,
	};
	opterr = 0;
	optind = 0; /* glibc: start afresh */
	while ((id = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (id == OPTION_HELP) {
			options->help = true;
			return 0;
		}
		if (id == ':')
			return fail(&parse, "%s: its value is missing: give it", argv[optind - 1]);
		if (id == '?')
			return fail_unknown(&parse, argv[optind - 1]);
		parse.given[id] = true;
		rc = set_option(&parse, id, optarg);
		if (rc < 0)
			return rc;
	}
	if (optind < argc)
		return fail(&parse, "%s: not an option: see mirrorgen --help", argv[optind]);
	rc = check_required(&parse);
	rc = rc < 0 ? rc : check_needs(&parse);
	return rc < 0 ? rc : check_sense(&parse);
}

void mirror_options_help(FILE *stream)
{
	fputs("usage: mirrorgen INPUT --write OUTPUT --vni N --source-ip A --target-ip B [OPTIONS]\n"
	      "Mirrors frames as AWS Traffic Mirroring does: cut, wrapped in VXLAN, sent.\n"
	      "\n"
	      "Input, one of:\n"
	      "  --read FILE.pcap     frames of a pcap file (Ethernet)\n"
	      "  --interface IFACE    frames of a live interface, both directions, until SIGTERM\n"
	      "  --synthetic          made-up frames with sequence numbers\n"
	      "Output:\n"
	      "  --write IFACE        send on an interface\n"
	      "  --write FILE.pcap    write a pcap file with nanoseconds\n"
	      "Session:\n"
	      "  --vni N              virtual network id, 0 to 16777215\n"
	      "  --packet-length N    bytes kept of each frame (8500)\n"
	      "  --source-ip A        source interface, IPv4 or IPv6\n"
	      "  --target-ip B        mirror target\n"
	      "  --source-mac M       (the output interface's own)\n"
	      "  --target-mac M       (from the kernel's neighbour table)\n"
	      "  --geneve             as behind a Gateway Load Balancer endpoint\n"
	      "  --geneve-options     with the load balancer's options\n"
	      "  --gateway-ip G       source of the GENEVE packet (--source-ip)\n"
	      "Synthetic frames:\n"
	      "  --size N|imix        bytes of a frame, 64 to 65485 (64)\n"
	      "  --mix                TCP, UDP, ICMP over IPv4, IPv6 and VLAN; else UDP over IPv4\n"
	      "  --flows N            distinct flows (128)\n"
	      "  --sources N          source interfaces, counting up from --source-ip (1)\n"
	      "Amount:\n"
	      "  --count N            stop after N frames\n"
	      "  --rate PPS           frames per second (as fast as it goes)\n"
	      "  --loop N             read the file N times, 0 for without end (1)\n"
	      "  --hold               stop before the first frame is sent, until SIGCONT\n"
	      "  --help               show this\n",
	      stream);
}
