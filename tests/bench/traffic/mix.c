/* mix.c: captures played again and again, merged in time.
 *
 *	mix ROUNDS SECONDS   every capture once a round, a round every SECONDS, each capture from
 *	                     somewhere within them
 *
 * Every copy has addresses of its own: private IPv4 addresses become others of 10.0.0.0/8, IPv6
 *ones others of their /32, as they are in the innermost header and in one that Ethernet carries by
 * itself. Public addresses stay, because DNS answers and lists name them. Other links become
 * Ethernet. */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/decap.h"
#include "shape.h"
#include "timeline.h"

#define S_US      UINT64_C(1000000)
#define BYTES_MAX 65535

struct record {
	uint64_t after_us; /* the capture's first one */
	uint32_t len;
	uint32_t wire_len;
	uint8_t *bytes;
};

struct capture {
	struct record *records;
	size_t count;
};

/* One capture in one round. */
struct copy {
	uint32_t capture;
	uint32_t next;
};

struct mixer {
	struct capture *captures;
	size_t capture_count;
	struct copy *copies;
	uint64_t *starts_us;
	size_t copy_count;
	struct timeline timeline;
	struct decap *decap;
	struct stats stats;
};

/* --- reading -------------------------------------------------------------------------------- */

/* Where a link that is no Ethernet says what it carries. */
static const struct link_form {
	int type;
	uint8_t head;     /* bytes in front of the packet */
	uint8_t proto_at; /* of the ethertype, where it has one */
	bool has_proto;
} links[] = {
	{ DLT_RAW, 0, 0, false },
	{ DLT_NULL, 4, 0, false },
	{ DLT_LINUX_SLL, 16, 14, true },
	{ DLT_LINUX_SLL2, 20, 0, true },
};

static const struct link_form *link_of(int type)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].type == type)
			return &links[i];
	return NULL;
}

/* Room for an Ethernet header in front of what the form leaves. NULL: too short, or no memory. */
static uint8_t *as_ethernet(const struct link_form *form, const u_char *bytes, uint32_t *len)
{
	uint8_t *out;

	if (*len <= form->head)
		return NULL;
	out = calloc(1, *len - form->head + ETHER_BYTES);
	if (out == NULL)
		return NULL;
	memcpy(out + ETHER_BYTES, bytes + form->head, *len - form->head);
	if (form->has_proto)
		memcpy(out + 12, bytes + form->proto_at, 2);
	else
		put_u16(out + 12, out[ETHER_BYTES] >> 4 == 6 ? 0x86dd : 0x0800);
	*len = *len - form->head + ETHER_BYTES;
	return out;
}

static int add_packet(struct capture *capture, const struct link_form *form,
		      const struct pcap_pkthdr *header, const u_char *bytes, uint64_t first_us)
{
	uint64_t time_us = (uint64_t)header->ts.tv_sec * S_US + (uint64_t)header->ts.tv_usec;
	struct record record = { .after_us = time_us > first_us ? time_us - first_us : 0,
				 .len = header->caplen,
				 .wire_len = header->len };
	struct record *records;

	if (form == NULL && (record.bytes = malloc(record.len)) != NULL)
		memcpy(record.bytes, bytes, record.len);
	else if (form != NULL)
		record.bytes = as_ethernet(form, bytes, &record.len);
	if (record.bytes == NULL)
		return -ENOMEM;
	record.wire_len += record.len - header->caplen;
	records = realloc(capture->records, (capture->count + 1) * sizeof(*records));
	if (records == NULL) {
		free(record.bytes);
		return -ENOMEM;
	}
	capture->records = records;
	capture->records[capture->count++] = record;
	return 0;
}

static int load(struct capture *capture, const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	const struct link_form *form;
	struct pcap_pkthdr *header;
	const u_char *bytes;
	uint64_t first_us = 0;
	int rc = 0;

	if (pcap == NULL) {
		fprintf(stderr, "traffic: %s\n", error);
		return -ENOENT;
	}
	form = link_of(pcap_datalink(pcap));
	if (form == NULL && pcap_datalink(pcap) != DLT_EN10MB)
		rc = -EPROTONOSUPPORT;
	while (rc == 0 && pcap_next_ex(pcap, &header, &bytes) == 1) {
		if (capture->count == 0)
			first_us =
				(uint64_t)header->ts.tv_sec * S_US + (uint64_t)header->ts.tv_usec;
		rc = add_packet(capture, form, header, bytes, first_us);
	}
	pcap_close(pcap);
	return rc;
}

/* --- fresh addresses ------------------------------------------------------------------------ */

static bool is_private(const uint8_t *address)
{
	return address[0] == 10 || (address[0] == 172 && address[1] >> 4 == 1) ||
	       (address[0] == 192 && address[1] == 168);
}

/* The same address becomes the same one within a copy. */
static void refresh_v4(uint8_t *address, uint64_t copy)
{
	uint32_t low = (uint32_t)address[1] << 16 | (uint32_t)address[2] << 8 | address[3];

	if (is_private(address))
		put_u32(address,
			0x0a000000u | ((low ^ (uint32_t)scatter(copy + address[0])) & 0xffffff));
}

static void refresh_v6(uint8_t *address, uint64_t copy)
{
	uint32_t change = (uint32_t)scatter(copy + 1);

	for (size_t i = 0; i < 4; i++)
		address[4 + i] ^= (uint8_t)(change >> 8 * i);
}

/* The header's own checksum, where it was right, is right again; TCP's and UDP's are not. */
static void refresh_checksum(uint8_t *ip, size_t header)
{
	uint32_t sum = 0;

	put_u16(ip + 10, 0);
	for (size_t i = 0; i < header; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum >> 16) + (sum & 0xffff);
	put_u16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
}

static void refresh_header(uint8_t *ip, size_t len, uint64_t copy)
{
	size_t header = (size_t)(ip[0] & 15) * 4;

	if (ip[0] >> 4 == 4 && header >= IP_BYTES && len >= header) {
		refresh_v4(ip + 12, copy);
		refresh_v4(ip + 16, copy);
		refresh_checksum(ip, header);
	} else if (ip[0] >> 4 == 6 && len >= 40) {
		refresh_v6(ip + 8, copy);
		refresh_v6(ip + 24, copy);
	}
}

static void refresh(struct mixer *self, uint8_t *bytes, size_t len, uint64_t copy)
{
	struct frame frame = { .link = LINK_ETHERNET, .bytes = slice_of(bytes, len) };
	struct packet packet;
	uint8_t *outer = bytes + ETHER_BYTES;
	uint8_t *inner = outer;

	if (decap_frame(self->decap, &frame, &packet) == DECAP_PACKET && packet.l3.ptr >= outer &&
	    packet.l3.ptr < bytes + len)
		inner = bytes + (packet.l3.ptr - bytes);
	if (inner != outer)
		refresh_header(inner, (size_t)(bytes + len - inner), copy);
	if (len > ETHER_BYTES + IP_BYTES)
		refresh_header(outer, len - ETHER_BYTES, copy);
}

/* --- playing -------------------------------------------------------------------------------- */

static int load_all(struct mixer *self, char *const *paths)
{
	int rc = 0;

	while (paths[self->capture_count] != NULL)
		self->capture_count++;
	self->captures = calloc(self->capture_count, sizeof(*self->captures));
	self->decap = decap_new(&self->stats);
	if (self->captures == NULL || self->decap == NULL)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < self->capture_count; i++)
		rc = load(&self->captures[i], paths[i]);
	return rc;
}

static int plan(struct writer *writer, struct mixer *self, uint64_t rounds, uint64_t every_us)
{
	int rc = 0;

	self->copy_count = rounds * self->capture_count;
	self->copies = calloc(self->copy_count, sizeof(*self->copies));
	self->starts_us = calloc(self->copy_count, sizeof(*self->starts_us));
	if (self->copies == NULL || self->starts_us == NULL)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < self->copy_count; i++) {
		self->copies[i].capture = (uint32_t)(i % self->capture_count);
		self->starts_us[i] =
			i / self->capture_count * every_us + next_random(writer) % every_us;
		if (self->captures[self->copies[i].capture].count > 0)
			rc = timeline_add(&self->timeline, self->starts_us[i], i);
	}
	return rc;
}

static int play(struct writer *writer, struct mixer *self, const struct turn *turn)
{
	static uint8_t bytes[BYTES_MAX];
	struct copy *copy = &self->copies[turn->who];
	const struct capture *capture = &self->captures[copy->capture];
	const struct record *record = &capture->records[copy->next++];
	size_t len = record->len < BYTES_MAX ? record->len : BYTES_MAX;
	uint64_t next_us;

	memcpy(bytes, record->bytes, len);
	refresh(self, bytes, len, turn->who);
	writer->time_us = turn->time_us;
	write_bytes(writer, bytes, len, record->wire_len);
	if (copy->next == capture->count)
		return 0;
	next_us = self->starts_us[turn->who] + capture->records[copy->next].after_us;
	return timeline_add(&self->timeline, next_us > turn->time_us ? next_us : turn->time_us,
			    turn->who);
}

static void mixer_free(struct mixer *self)
{
	for (size_t i = 0; self->captures != NULL && i < self->capture_count; i++) {
		for (size_t r = 0; r < self->captures[i].count; r++)
			free(self->captures[i].records[r].bytes);
		free(self->captures[i].records);
	}
	free(self->captures);
	free(self->copies);
	free(self->starts_us);
	timeline_free(&self->timeline);
	decap_free(self->decap);
}

static int write_mix(struct writer *writer, const struct shape_sizes *sizes)
{
	static struct mixer self;
	struct turn turn;
	int rc = load_all(&self, sizes->captures);

	writer->step_us = 0;
	if (rc == 0)
		rc = plan(writer, &self, sizes->first, sizes->second * S_US);
	while (rc == 0 && timeline_take(&self.timeline, &turn))
		rc = play(writer, &self, &turn);
	mixer_free(&self);
	return rc;
}

const struct shape shape_mix = { "mix", "ROUNDS SECONDS", write_mix };
