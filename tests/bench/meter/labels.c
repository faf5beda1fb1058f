/* labels.c: nDPI with all protocols; a state lives from a flow's first payload until the verdict.
 *
 * Written as it should be: TCP without payload is not shown, a byte per flow says that it is
 * decided and that is all that is touched from then on, states are used again. */
#include "labels.h"

#include <ndpi_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKETS 8
#define DECIDED 255

struct labels {
	struct ndpi_detection_module_struct *module;
	uint8_t *given; /* payload packets that nDPI saw, or DECIDED; by line */
	struct ndpi_flow_struct **states;
	struct ndpi_flow_struct *spare;
	size_t lines;
	size_t state_bytes;
	uint64_t known;
	uint64_t decided;
};

struct labels *labels_new(size_t lines)
{
	struct labels *self = calloc(1, sizeof(*self));
	NDPI_PROTOCOL_BITMASK all;

	if (self == NULL)
		return NULL;
	self->lines = lines;
	self->state_bytes = ndpi_detection_get_sizeof_ndpi_flow_struct();
	self->given = calloc(lines, 1);
	self->states = calloc(lines, sizeof(*self->states));
	self->module = ndpi_init_detection_module(ndpi_dont_load_tor_hosts);
	if (self->given == NULL || self->states == NULL || self->module == NULL)
		return NULL;
	NDPI_BITMASK_SET_ALL(all);
	ndpi_set_protocol_detection_bitmask2(self->module, &all);
	ndpi_finalize_initialization(self->module);
	return self;
}

static bool has_payload(const uint8_t *ip, size_t len)
{
	size_t head = ip[0] >> 4 == 6 ? 40 : (size_t)(ip[0] & 15) * 4;
	size_t total =
		ip[0] >> 4 == 6 ? 40u + (size_t)(ip[4] << 8 | ip[5]) : (size_t)(ip[2] << 8 | ip[3]);
	bool is_tcp = (ip[0] >> 4 == 6 ? ip[6] : ip[9]) == 6;

	if (len < head + 20)
		return !is_tcp && len > head + 8;
	return (total < len ? total : len) > head + (is_tcp ? (size_t)(ip[head + 12] >> 4) * 4 : 8);
}

static bool is_known(ndpi_protocol proto)
{
	return proto.app_protocol != NDPI_PROTOCOL_UNKNOWN ||
	       proto.master_protocol != NDPI_PROTOCOL_UNKNOWN;
}

static struct ndpi_flow_struct *state_of(struct labels *self, size_t line)
{
	struct ndpi_flow_struct *state = self->states[line];

	if (state != NULL)
		return state;
	state = self->spare;
	self->spare = NULL;
	if (state == NULL)
		state = malloc(self->state_bytes);
	if (state == NULL) {
		fprintf(stderr, "meter: out of memory\n");
		exit(1);
	}
	memset(state, 0, self->state_bytes);
	return self->states[line] = state;
}

static void decide(struct labels *self, size_t line, ndpi_protocol proto)
{
	struct ndpi_flow_struct *state = self->states[line];

	self->decided++;
	self->known += is_known(proto) ? 1 : 0;
	self->given[line] = DECIDED;
	self->states[line] = NULL;
	ndpi_free_flow_data(state);
	free(self->spare);
	self->spare = state;
}

static void give_up(struct labels *self, size_t line)
{
	u_int8_t was_guessed = 0;

	decide(self, line,
	       ndpi_detection_giveup(self->module, self->states[line], 1, &was_guessed));
}

void labels_packet(struct labels *self, size_t line, const uint8_t *ip, size_t len,
		   uint64_t time_ms)
{
	ndpi_protocol proto;

	if (self->given[line] == DECIDED || !has_payload(ip, len))
		return;
	proto = ndpi_detection_process_packet(self->module, state_of(self, line), ip,
					      (unsigned short)len, time_ms);
	if (is_known(proto))
		decide(self, line, proto);
	else if (++self->given[line] == PACKETS)
		give_up(self, line);
}

void labels_end(struct labels *self)
{
	for (size_t line = 0; line < self->lines; line++)
		if (self->states[line] != NULL)
			give_up(self, line);
	printf("%llu flows with payload, %llu with a label\n", (unsigned long long)self->decided,
	       (unsigned long long)self->known);
	free(self->spare);
	free(self->states);
	free(self->given);
	ndpi_exit_detection_module(self->module);
	free(self);
}
